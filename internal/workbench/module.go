package workbench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/pluginapi"
)

// Options are what modules are checked and called with. The zero value works.
type Options struct {
	// Version names this build.
	Version string
	// Compiler compiles modules in a process of its own, as in
	// engine.Options; nil compiles them in this one.
	Compiler func(ctx context.Context, job io.Reader) error
	// With are plugins that come with the server and are enabled before the
	// module, and BuiltIn returns their modules, as in engine.Options.
	With    []With
	BuiltIn func(id string) ([]byte, error)
	// Dialect of the protocol that the tenant speaks in which handlers are
	// called; default pluginapi.Dialect16.
	Dialect string
	// Env looks up environment variables that settings name; nil knows none.
	Env func(name string) (value string, ok bool)
}

// With is a plugin that comes with the server.
type With struct {
	ID     string          `json:"id"`
	Config json.RawMessage `json:"config,omitempty"`
}

func (o Options) dialect() string { return cmp.Or(o.Dialect, pluginapi.Dialect16) }

// Module is a plugin's module with its manifest.
type Module struct {
	Path     string
	Wasm     []byte
	Manifest *pluginapi.Manifest
}

// Read reads a module from a file. Its manifest has to be in it.
func Read(path string) (*Module, error) {
	wasm, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	manifest, err := pluginapi.ManifestOf(wasm)
	if err != nil {
		p := manifestProblem(path, err)
		return nil, fmt.Errorf("%s: %s; %s", path, p.Message, p.Remedy)
	}
	full, err := filepath.Abs(path)
	return &Module{Path: full, Wasm: wasm, Manifest: manifest}, err
}

// manifestProblem says what is wrong with a module's manifest.
func manifestProblem(path string, err error) Problem {
	remedy := "correct manifest.json and pack it again: authhost plugin pack " + path + " manifest.json"
	var version *pluginapi.VersionError
	switch {
	case errors.Is(err, pluginapi.ErrNoManifest):
		remedy = "put it in: authhost plugin pack " + path + " manifest.json"
	case errors.As(err, &version):
		remedy = fmt.Sprintf("use a newer authhost, or write abi: %d.%d if the plugin needs no more", pluginapi.Major, pluginapi.Minor)
	}
	return Problem{Stage: StageManifest, Message: err.Error(), Remedy: remedy}
}

// withoutPlace is an error about a configuration without the place in the
// file: nobody has written the file.
func withoutPlace(err error) error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range list.Unwrap() {
			out = append(out, withoutPlace(e))
		}
		return errors.Join(out...)
	}
	var fault *config.Error
	if !errors.As(err, &fault) {
		return err
	}
	if strings.Contains(fault.Message, ": config") {
		return fmt.Errorf("%s; give the plugin its settings, as its manifest describes them under config", fault.Message)
	}
	return errors.New(fault.Message)
}
