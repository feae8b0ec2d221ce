// Package plan works out what a list of operations changes, for every driver
// in the same way: which records are written, which follow a deleted one, and
// which index entries go and come. A driver brings a Reader over its open
// write transaction, and carries the Plan out.
//
//	p, err := plan.Make(ctx, catalog, reader, ops)
//	// remove p.Remove, add p.Add unless taken, write p.Changes
//
// It imports only the store contract; boltstore and pgstore import it.
//
// Decisions and their reasons: docs/rationale/storage.md.
package plan
