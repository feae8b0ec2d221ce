// Package sweep deletes expired records, so that a store does not grow with every
// sign-in. It finds them by the index of the field with the time of their end, and
// deletes them in small units, so that other writes can come between two units.
//
//	n, err := sweep.Run(ctx, sweep.Config{Store: tenant, Now: time.Now, Models: models})
//
// Decisions and their reasons: docs/rationale/storage.md.
package sweep
