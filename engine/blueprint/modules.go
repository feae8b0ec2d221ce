package blueprint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

// BuiltIn returns the module of a built-in plugin. Its error may have Names,
// which lists those that there are. A nil BuiltIn has none.
type BuiltIn func(id string) ([]byte, error)

func (b BuiltIn) module(id string) ([]byte, error) {
	if b == nil {
		return nil, fmt.Errorf("there is no built-in plugin %q", id)
	}
	return b(id)
}

// ModuleKey is the same for plugins that share a module. A file that is pinned
// is not one that others take as it is.
func ModuleKey(p config.Plugin) string {
	if p.Module != "" {
		return "file:" + p.SHA256 + ":" + p.Module
	}
	return "builtin:" + p.ID
}

// ReadModule reads a plugin's module and its manifest, which must be that of
// the plugin.
func ReadModule(p config.Plugin, builtIn BuiltIn) ([]byte, *pluginapi.Manifest, error) {
	var wasm []byte
	var err error
	if p.Module == "" {
		if wasm, err = builtIn.module(p.ID); err != nil {
			return nil, nil, p.Origin.Fault("/id", err.Error(), meant(p.ID, err))
		}
	} else if wasm, err = os.ReadFile(p.Module); err != nil {
		return nil, nil, p.Origin.Fault("/module", fmt.Sprintf("plugin %q: %v", p.ID, err), "build the module, or correct the path; it is relative to the configuration file")
	}
	if err := checkPin(p, wasm); err != nil {
		return nil, nil, err
	}
	manifest, err := pluginapi.ManifestOf(wasm)
	if err != nil {
		return nil, nil, manifestFault(p, err)
	}
	if manifest.ID != p.ID {
		return nil, nil, p.Origin.Fault("/id", fmt.Sprintf("the module's manifest has the id %q", manifest.ID), fmt.Sprintf("write id: %s, or name another module", manifest.ID))
	}
	return wasm, manifest, nil
}

// meant is the remedy for an id that is like one of those which an error of
// BuiltIn names.
func meant(id string, err error) string {
	var unknown interface{ Names() []string }
	if errors.As(err, &unknown) {
		if best := config.Nearest(id, unknown.Names()); best != "" {
			return fmt.Sprintf("did you mean %q?", best)
		}
	}
	return ""
}

// checkPin refuses a module that is not the one which the configuration means.
func checkPin(p config.Plugin, wasm []byte) error {
	sum := sha256.Sum256(wasm)
	if has := hex.EncodeToString(sum[:]); p.SHA256 != "" && p.SHA256 != has {
		return p.Origin.Fault("/sha256", fmt.Sprintf("plugin %q: the module has the SHA-256 %s, which is not the one here", p.ID, has),
			"find out who has changed the file; if that was right, write down its sum")
	}
	return nil
}

// otherBuild is what helps against a module that does not suit this engine.
const otherBuild = "use a build of the plugin for this version of authhost"

// manifestFault says why a module's manifest is of no use.
func manifestFault(p config.Plugin, err error) error {
	remedy := "pack the module with its manifest: authhost plugin pack"
	var version *pluginapi.VersionError
	if errors.As(err, &version) {
		remedy = otherBuild
	}
	return p.Origin.Fault("/module", fmt.Sprintf("plugin %q: %v", p.ID, err), remedy)
}

// LoadFault says what kept a module from loading, and what to do about it.
func LoadFault(p config.Plugin, err error) error {
	var version *sandbox.VersionError
	var capability *sandbox.CapabilityError
	switch {
	case errors.As(err, &version):
		return p.Origin.Fault("/module", fmt.Sprintf("plugin %q is built for %s, but this server speaks %s", p.ID, version.Module, version.Host), otherBuild)
	case errors.As(err, &capability):
		return p.Origin.Fault("/module", fmt.Sprintf("plugin %q imports the capability %q, which this server does not have", p.ID, capability.Capability), "use a newer authhost, or a plugin without it")
	}
	return p.Origin.Fault("/module", fmt.Sprintf("plugin %q: %v", p.ID, err), "check the module with: authhost plugin inspect")
}

// CheckDeclared refuses a module that imports what its manifest does not ask for.
func CheckDeclared(p config.Plugin, info sandbox.Info, m *pluginapi.Manifest) error {
	missing := undeclared(info.Capabilities, m)
	if len(missing) == 0 {
		return nil
	}
	return p.Origin.Fault("/module", fmt.Sprintf("plugin %q imports the capability %s, which its manifest does not ask for", p.ID, strings.Join(missing, ", ")), "add it to the manifest's capabilities and pack the module again")
}

// undeclared lists the imported capabilities that the manifest leaves out.
func undeclared(imported []string, m *pluginapi.Manifest) []string {
	var out []string
	for _, name := range imported {
		if _, asked := m.Capability(name); !asked {
			out = append(out, name)
		}
	}
	return out
}

// granted lists what an operator grants a plugin. Built-in modules without a
// list get what they ask for.
func granted(p config.Plugin, m *pluginapi.Manifest) []string {
	if p.Module == "" && p.Grants == nil {
		return grants.Asked(m)
	}
	return p.Grants
}

// checkGrants compares what a module cannot be without with what the operator
// grants.
func checkGrants(p config.Plugin, m *pluginapi.Manifest) error {
	lack := grants.Missing(m, granted(p, m))
	if lack == nil {
		return nil
	}
	return p.Origin.Fault("/grants", fmt.Sprintf("plugin %q %s", p.ID, lack.Message), fmt.Sprintf("add %s to its grants if you trust the plugin with it", lack.Name))
}
