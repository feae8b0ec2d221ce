// Package sweep deletes records whose time is over, so that a store does not grow
// with every sign-in. It finds them by the index of the field that says when they
// expire, and deletes them in small units, between which other writes come in.
//
//	n, err := sweep.Run(ctx, sweep.Config{Store: tenant, Now: time.Now, Models: models})
//
// Decisions and their reasons: docs/rationale/storage.md.
package sweep
