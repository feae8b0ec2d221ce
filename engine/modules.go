package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

// loaded is a module that is ready to run, with its manifest.
type loaded struct {
	module   *sandbox.Module
	manifest *pluginapi.Manifest
}

// loadModules makes every module ready that some tenant enables, each once.
func (e *Engine) loadModules(ctx context.Context) error {
	for _, t := range e.config.Tenants {
		for _, p := range t.Plugins {
			if e.modules[moduleKey(p)] != nil {
				continue
			}
			m, err := e.loadModule(ctx, p)
			if err != nil {
				return err
			}
			e.modules[moduleKey(p)] = m
		}
	}
	return nil
}

func moduleKey(p config.Plugin) string {
	if p.Module != "" {
		return "file:" + p.Module
	}
	return "builtin:" + p.ID
}

func (e *Engine) loadModule(ctx context.Context, p config.Plugin) (*loaded, error) {
	wasm, err := e.readModule(p)
	if err != nil {
		return nil, err
	}
	manifest, err := pluginapi.ManifestOf(wasm)
	if err != nil {
		return nil, manifestFault(p, err)
	}
	if manifest.ID != p.ID {
		return nil, p.Origin.Fault("/id", fmt.Sprintf("the module's manifest has the id %q", manifest.ID), fmt.Sprintf("write id: %s, or name another module", manifest.ID))
	}
	start := time.Now()
	progress := func(stage string) {
		if e.options.Progress != nil {
			e.options.Progress(Progress{Plugin: p.ID, Stage: stage})
		}
	}
	module, err := e.sandbox.Load(ctx, wasm, sandbox.LoadOptions{Name: p.ID, Progress: progress})
	if err != nil {
		return nil, loadFault(p, err)
	}
	if missing := undeclared(module.Info().Capabilities, manifest); len(missing) > 0 {
		module.Close()
		return nil, p.Origin.Fault("/module", fmt.Sprintf("plugin %q imports the capability %s, which its manifest does not ask for", p.ID, strings.Join(missing, ", ")), "add it to the manifest's capabilities and pack the module again")
	}
	e.metrics.PluginCompiled(p.ID, module.Info().FromCache, time.Since(start))
	e.onClose(func(context.Context) error { module.Close(); return nil })
	return &loaded{module: module, manifest: manifest}, nil
}

func (e *Engine) readModule(p config.Plugin) ([]byte, error) {
	if p.Module == "" {
		wasm, err := e.options.BuiltIn(p.ID)
		if err != nil {
			return nil, p.Origin.Fault("/id", err.Error(), "")
		}
		return wasm, nil
	}
	wasm, err := os.ReadFile(p.Module)
	if err != nil {
		return nil, p.Origin.Fault("/module", fmt.Sprintf("plugin %q: %v", p.ID, err), "build the module, or correct the path; it is relative to the configuration file")
	}
	return wasm, nil
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

// undeclared lists the imported capabilities that the manifest leaves out.
func undeclared(imported []string, m *pluginapi.Manifest) []string {
	var out []string
	for _, name := range imported {
		if !slices.ContainsFunc(m.Capabilities, func(c pluginapi.Capability) bool { return c.Name == name }) {
			out = append(out, name)
		}
	}
	return out
}

// checkGrants compares what a module asks for with what the operator grants.
// Built-in modules without a list of grants get what they ask for.
func checkGrants(p config.Plugin, m *pluginapi.Manifest) error {
	if p.Module == "" && p.Grants == nil {
		return nil
	}
	for _, c := range m.Capabilities {
		if slices.Contains(p.Grants, c.Name) {
			continue
		}
		return p.Origin.Fault("/grants", fmt.Sprintf("plugin %q asks for the capability %q, which is not granted%s", p.ID, c.Name, describeCapability(c)),
			fmt.Sprintf("add %s to its grants if you trust the plugin with it", c.Name))
	}
	return nil
}

func describeCapability(c pluginapi.Capability) string {
	var parts []string
	for _, list := range []struct {
		label string
		names []string
	}{{"reads", c.Read}, {"writes", c.Write}, {"keys", c.Keys}, {"purposes", c.Purposes}} {
		if len(list.names) > 0 {
			parts = append(parts, list.label+" "+strings.Join(list.names, ", "))
		}
	}
	if c.Reason != "" {
		parts = append(parts, c.Reason)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}
