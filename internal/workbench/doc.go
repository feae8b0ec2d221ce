// Package workbench is what an author of plugins works with, in any language
// that compiles to WebAssembly: it makes a project, checks a module as the
// server does before it loads one, and calls single handlers in the server's
// own sandbox, with a store that is thrown away.
//
//	err := workbench.New(workbench.Project{Name: "only-acme", Language: "rust", Dir: "only-acme"})
//	report := workbench.Check(ctx, "only-acme.wasm", workbench.Options{})
//	bench, err := workbench.Open(ctx, module, settings, workbench.Options{})
//	outcome, err := bench.Call(ctx, "user.creating", input)
//
// Projects are copies of wasm-examples under another name, so what an author
// begins with is what the examples' tests build and run. A [Bench] is an engine
// with one tenant and one plugin: nothing here imitates the server.
//
// Neighbours: cmd/authhost has a command for each of these; sdk/plugintest
// tests plugins in Go without WebAssembly.
//
// Decisions and their reasons: docs/rationale/authoring.md.
package workbench
