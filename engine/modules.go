package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

// loaded is a module that is ready to run, with its manifest.
type loaded struct {
	module   *sandbox.Module
	manifest *pluginapi.Manifest
}

// loadModules makes every module ready that some tenant enables: each once,
// several at a time, because compiling takes one processor for a while.
func (g *generation) loadModules(ctx context.Context) error {
	var wanted []config.Plugin
	seen := map[string]bool{}
	for _, t := range g.config.Tenants {
		for _, p := range t.Plugins {
			if key := moduleKey(p); !seen[key] {
				seen[key] = true
				wanted = append(wanted, p)
			}
		}
	}
	ready := make([]*loaded, len(wanted))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.NumCPU())
	for i, p := range wanted {
		work.Go(func() (err error) {
			ready[i], err = g.loadModule(ctx, p)
			return err
		})
	}
	err := work.Wait()
	for i, m := range ready {
		if m == nil {
			continue
		}
		g.modules[moduleKey(wanted[i])] = m
		g.onClose(func(context.Context) error { m.module.Close(); return nil })
	}
	return err
}

// moduleKey is the same for plugins that share a module. A file that is pinned
// is not one that others take as it is.
func moduleKey(p config.Plugin) string {
	if p.Module != "" {
		return "file:" + p.SHA256 + ":" + p.Module
	}
	return "builtin:" + p.ID
}

func (g *generation) loadModule(ctx context.Context, p config.Plugin) (*loaded, error) {
	wasm, manifest, err := readModule(p, g.options.BuiltIn)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	progress := func(stage string) {
		if g.options.Progress != nil {
			g.options.Progress(Progress{Plugin: p.ID, Stage: stage})
		}
	}
	module, err := g.sandbox.Load(ctx, wasm, sandbox.LoadOptions{Name: p.ID, Progress: progress})
	if err != nil {
		return nil, loadFault(p, err)
	}
	if err := checkDeclared(p, module.Info(), manifest); err != nil {
		module.Close()
		return nil, err
	}
	g.metrics.PluginCompiled(p.ID, module.Info().FromCache, time.Since(start))
	if err := probe(ctx, module); err != nil {
		module.Close()
		return nil, loadFault(p, err)
	}
	return &loaded{module: module, manifest: manifest}, nil
}

// probe takes one instance and gives it back, so that a module which cannot
// run is noticed now and not by a request.
func probe(ctx context.Context, module *sandbox.Module) error {
	instance, err := module.Acquire(ctx)
	if err != nil {
		return err
	}
	instance.Release()
	return nil
}

// readModule reads a plugin's module and its manifest, which must be that of
// the plugin.
func readModule(p config.Plugin, builtIn func(id string) ([]byte, error)) ([]byte, *pluginapi.Manifest, error) {
	var wasm []byte
	var err error
	if p.Module == "" {
		if wasm, err = builtIn(p.ID); err != nil {
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
// Options.BuiltIn names.
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

// loadFault says what kept a module from loading, and what to do about it.
func loadFault(p config.Plugin, err error) error {
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

// checkDeclared refuses a module that imports what its manifest does not ask for.
func checkDeclared(p config.Plugin, info sandbox.Info, m *pluginapi.Manifest) error {
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

// permissions returns what a plugin of a tenant sees and changes. The log is
// told of one whose manifest could not ask for what it may need.
func (g *generation) permissions(t *config.Tenant, p config.Plugin, m *pluginapi.Manifest) pluginapi.PermissionSet {
	may := grants.Permissions(m, granted(p, m))
	if missed := grants.Withheld(m, may); missed != 0 {
		g.logger.Warn("a plugin was made for an ABI without permissions; what these guard is absent for it, and cannot be set",
			"tenant", t.ID, "plugin", p.ID, "abi", m.ABI, "permissions", missed.String(), "remedy", "add those that it needs to its grants if you trust the plugin with them, or use a build for a newer ABI")
	}
	return may
}
