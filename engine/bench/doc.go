// Package bench gives an author of plugins a tenant to use by hand: one handler
// is called at a time, and what is stored is put there and looked at directly.
//
//	b := bench.New(bench.Config{API: api, Store: data})
//	cookie, err := b.SignIn(ctx, nil, nil)
//	fired, answer, err := b.Fire(ctx, bench.Hook{Plugin: "greeter", Number: 2, Event: event})
//
// Decisions and their reasons: docs/rationale/authoring.md.
package bench
