// Package engine wires the parts of an authentication server together: it
// opens the store, compiles the plugin modules, builds the tenants of a
// configuration and serves them. It holds no feature: those are plugins.
//
//	cfg, err := config.Load("authhost.yaml")
//	e, err := engine.New(ctx, cfg, engine.Options{BuiltIn: plugins.Module})
//	err = e.Serve(ctx) // until ctx ends, then drains
//
// New is the only place where parts meet; every part receives what it needs
// as an argument. What a configuration says of a tenant is put together in
// package blueprint, before anything is opened; package workers does what is
// not a request's; package admin is the operator's listener. Commands that need
// no running server are in package offline.
//
// Decisions and their reasons: docs/rationale/code.md.
package engine
