package engine

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/config"
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
			if key := blueprint.ModuleKey(p); !seen[key] {
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
		g.modules[blueprint.ModuleKey(wanted[i])] = m
		g.onClose(func(context.Context) error { m.module.Close(); return nil })
	}
	return err
}

func (g *generation) loadModule(ctx context.Context, p config.Plugin) (*loaded, error) {
	wasm, manifest, err := blueprint.ReadModule(p, g.engine.options.BuiltIn)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	progress := func(stage string) {
		if g.engine.options.Progress != nil {
			g.engine.options.Progress(Progress{Plugin: p.ID, Stage: stage})
		}
	}
	module, err := g.engine.sandbox.Load(ctx, wasm, sandbox.LoadOptions{Name: p.ID, Progress: progress, Now: g.engine.options.Now})
	if err != nil {
		return nil, blueprint.LoadFault(p, err)
	}
	if err := blueprint.CheckDeclared(p, module.Info(), manifest); err != nil {
		module.Close()
		return nil, err
	}
	g.engine.metrics.PluginCompiled(p.ID, module.Info().FromCache, time.Since(start))
	if err := probe(ctx, module); err != nil {
		module.Close()
		return nil, blueprint.LoadFault(p, err)
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
