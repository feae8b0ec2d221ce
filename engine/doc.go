// Package engine wires the parts of an authentication server together: it
// opens the store, compiles the plugin modules, builds the tenants of a
// configuration and serves them. It holds no feature: those are plugins.
//
//	cfg, err := config.Load("authhost.yaml")
//	e, err := engine.New(ctx, cfg, engine.Options{BuiltIn: plugins.Module})
//	err = e.Serve(ctx) // until ctx ends, then drains
//
// New is the only place where parts meet; every part receives what it needs
// as an argument.
package engine
