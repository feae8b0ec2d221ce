// Package store is the contract between the engine and its databases, and the
// unit of work on top of it.
//
// A Store holds tenants; a Tenant holds records of declared models, with
// unique and secondary indexes. Everything a caller may do is in those two
// interfaces, so a driver is small: it reads records, and it applies a list of
// Ops all or nothing. Drivers live in the folders below (boltstore, pgstore)
// and prove themselves with package storetest. The engine's identity and
// session parts are the callers; nothing here knows what a user is.
//
// Begin starts a unit of work: writes are buffered, its own reads see them,
// and Commit applies them in one step or reports a conflict. Two units of work
// that touch the same record do not wait for each other: the second to commit
// gets ErrConflict and is run again.
//
//	tx := store.Begin(tenant)
//	user, err := tx.Find(ctx, "user", "email", document.Text("a@example.com"))
//	if err != nil {
//		return err
//	}
//	set := document.NewObject(1).Set("emailVerified", document.Boolean(true))
//	if _, err := tx.Update(ctx, "user", user.ID, set); err != nil {
//		return err
//	}
//	return tx.Commit(ctx) // errors.Is(err, store.ErrConflict): run again
//
// Rules that every driver keeps:
//   - Apply, Consume and Increment are durable when they return nil.
//   - A record that refers to another one (Field.References) cannot be stored
//     without it, and is deleted with it, in the same step.
//   - A unique index does not compare records in which one of its fields is
//     null or absent, as in SQL.
//   - Indexes order null, false, true, numbers (as 64-bit floats), strings
//     (bytewise; those of folded fields as if all letters were lower case, see
//     Fold), in this order. Of strings over 512 bytes they order the first 512.
//
// # Queries and what they cost
//
// A Query walks one index, which it names. Key, From, To, and conditions on the
// fields after Key say where it begins and ends. Conditions that the index
// cannot decide are looked up in records. A Selection (Tx.Select, Tx.CountWhere)
// says only what it wants, and finds the index itself. Both answer in a total
// order, ties by id, and give cursors that stay good while records come and go.
//
//	what                                        reads
//	a page in the order of an index             the records of the page
//	Eq on the fields of an index, a range,      the records that it finds
//	StartsWith on a folded index
//	Contains, EndsWith on a folded index        the keys of the index, up to
//	of one field                                MaxEntries, and what it finds
//	a count by any of these                     keys, up to MaxEntries
//	Offset                                      keys, up to MaxOffset
//	any other condition                         records, up to MaxExamined
//	a Sort without an index                     what the conditions find, up to
//	                                            MaxLimit records
//
// What needs more than that ends with a *LimitError, which names the fields
// that have an index. So no query reads a large tenant from end to end, and one
// that works for a small tenant may need an index, or a narrower question, in a
// large one.
//
// Decisions and their reasons: docs/rationale/storage.md.
package store
