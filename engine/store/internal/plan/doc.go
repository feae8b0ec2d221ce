// Package plan works out the effects of a list of operations, in the same way for
// every driver: the records to write, the records to delete with a deleted one, and
// the index entries to remove and add. A driver passes a Reader over its open write
// transaction, and carries out the Plan.
//
//	p, err := plan.Make(ctx, catalog, reader, ops)
//	// remove p.Remove, add p.Add unless taken, write p.Changes
//
// It imports only the store contract; boltstore and pgstore import it.
//
// Decisions and their reasons: docs/rationale/storage.md.
package plan
