package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

// buildFlags make a reactor (a module without main) whose bytes depend on its
// sources and toolchain alone.
var buildFlags = []string{"-buildmode=c-shared", "-trimpath", "-ldflags=-s -w -buildid=", "-buildvcs=false"}

// buildEnv is what the compiler is told by environment variables. Without a
// workspace, go.mod alone says where the SDK is: paths within a module are the
// same whatever GOWORK is elsewhere.
var buildEnv = []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOWASM=", "GOEXPERIMENT="}

// config says what to build.
type config struct {
	root  string // of the repository
	out   string // default root/plugins/dist
	force bool
	log   io.Writer // one line for each plugin
}

// buildAll builds every plugin that changed, several at once, and removes
// modules whose plugin is gone. It reports every plugin that fails.
func buildAll(ctx context.Context, c config) error {
	if c.out == "" {
		c.out = filepath.Join(c.root, "plugins", "dist")
	}
	if err := os.MkdirAll(filepath.Join(c.out, stampFolder), 0o755); err != nil {
		return err
	}
	ids, err := pluginIDs(c.root)
	if err != nil {
		return err
	}
	common, err := commonInputs(ctx, c.root)
	if err != nil {
		return err
	}
	errs := make([]error, len(ids))
	slots := make(chan struct{}, runtime.NumCPU())
	var wait sync.WaitGroup
	var logging sync.Mutex
	for i, id := range ids {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			line, err := buildOne(ctx, c, id, common)
			if err != nil {
				errs[i] = fmt.Errorf("plugin %s: %w", id, err)
				return
			}
			logging.Lock()
			defer logging.Unlock()
			fmt.Fprintln(c.log, line)
		})
	}
	wait.Wait()
	return errors.Join(append(errs, removeStale(c.out, ids))...)
}

// pluginIDs lists the folders of plugins/ that have a manifest.
func pluginIDs(root string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(root, "plugins", "*", "manifest.json"))
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for i, path := range found {
		ids[i] = filepath.Base(filepath.Dir(path))
	}
	slices.Sort(ids)
	return ids, nil
}

// buildOne builds a plugin unless it is up to date, and returns the line that
// says so.
func buildOne(ctx context.Context, c config, id string, common []byte) (string, error) {
	start := time.Now()
	folder := filepath.Join(c.root, "plugins", id)
	inputs, err := pluginInputs(common, folder)
	if err != nil {
		return "", err
	}
	target := filepath.Join(c.out, id+".wasm")
	if size, fresh := upToDate(c.out, id, inputs); fresh && !c.force {
		return line(id, size, "up to date"), nil
	}
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		return "", err
	}
	if err := checkManifest(text, id); err != nil {
		return "", err
	}
	wasm, err := compile(ctx, c.root, id)
	if err != nil {
		return "", err
	}
	packed, err := pluginapi.PackModule(wasm, text)
	if err != nil {
		return "", err
	}
	if err := writeFile(target, packed); err != nil {
		return "", err
	}
	if err := writeStamp(c.out, id, inputs, packed); err != nil {
		return "", err
	}
	return line(id, len(packed), time.Since(start).Round(100*time.Millisecond).String()), nil
}

func line(id string, size int, what string) string {
	return fmt.Sprintf("%-20s %5.2f MB  %s", id, float64(size)/1e6, what)
}

// checkManifest catches a manifest that was copied from another plugin.
func checkManifest(text []byte, id string) error {
	m, err := pluginapi.ParseManifest(text)
	if err != nil {
		return err
	}
	if m.ID != id {
		return fmt.Errorf("manifest: id is %q, but the folder is %q", m.ID, id)
	}
	return nil
}

// compile returns a plugin's module as the Go toolchain makes it.
func compile(ctx context.Context, root, id string) ([]byte, error) {
	temp, err := os.MkdirTemp("", "buildplugins-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	output := filepath.Join(temp, "module.wasm")
	args := append(append([]string{"build"}, buildFlags...), "-o", output, "./plugins/"+id)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), buildEnv...)
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, strings.TrimSpace(messages.String()))
	}
	return os.ReadFile(output)
}

// writeFile replaces a file in one step, so that nobody reads half of it.
func writeFile(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".tmp-")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails once it is renamed, as it should
	_, err = temp.Write(data)
	if err := errors.Join(err, temp.Chmod(0o644), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// removeStale deletes modules without a source folder: they would be embedded
// into the server.
func removeStale(out string, ids []string) error {
	modules, err := filepath.Glob(filepath.Join(out, "*.wasm"))
	if err != nil {
		return err
	}
	for _, module := range modules {
		if id := strings.TrimSuffix(filepath.Base(module), ".wasm"); !slices.Contains(ids, id) {
			if err := os.Remove(module); err != nil {
				return err
			}
		}
	}
	return nil
}
