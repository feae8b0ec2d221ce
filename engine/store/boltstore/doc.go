// Package boltstore is the embedded driver: one bbolt file per tenant in one
// folder, with nothing to install and nothing to run beside the server.
//
//	s, err := boltstore.Open(boltstore.Config{Dir: "/var/lib/authhost/tenants"})
//	tenant, err := s.Open(ctx, "main", schema)
//
// # Durability
//
// One goroutine at a time commits to a file: that of the write, or, if others wait,
// one that takes all of them. Each is checked on its own, those that pass are
// committed together, and answered when they are durable. So the cost of a sync
// is shared by all that waited for it, and one failing write does not spoil the
// others.
//
// They are durable when their changes are in the journal beside the file and
// that is synced. Readers then find them in memory, on top of what bbolt has. When
// the journal is three quarters full, or nobody has written for five seconds, the
// file takes them over in one bbolt transaction, and the journal begins anew.
//
// When writing or syncing fails, what the kernel's page cache says is no
// longer what the disk holds, and asking again would not tell (a second fsync
// may report success for pages that were dropped). The tenant then refuses
// every call with ErrFailed, and Config.OnFailure is called so that the
// process can end. A file that was not closed properly is verified in full
// when it is opened again.
//
// # Damage
//
// Readers do not use bbolt's cursors but a tree, which verifies every page that it
// looks at against its checksum (sums): also that a key is not there is certain.
// What bbolt reads to commit is verified before. So damaged bytes are an error and
// never a wrong answer, a panic of bbolt's or a walk without end. After the first
// such error the tenant refuses every call with a *store.QuarantineError, and
// Config.OnDamage is called. Pages that nobody reads are verified when the file is
// opened, and in the background.
//
// Of the two heads of a file the newer one holds. That it is the newest is known
// from the sums, if the file was closed properly, or from the journal.
//
// # Size
//
// A file much of which is free becomes smaller when it is opened, and with Shrink
// while it is in use: a compacted copy takes its place.
//
// # Format
//
// A file holds the bucket "meta" (format, tenant id, schema), one bucket "r:"
// with a model's name per model, and one bucket "i:" with model and label per
// index. Every value begins with a CRC-32C over the bucket's name, the key and
// the rest of the value, and is verified when it is read. A backup is a file
// in the same format; Restore puts it in place.
//
// The journal has two blocks with heads, the later of which holds, and after them
// batches, each a whole number of blocks. A batch has the puts and deletes of one
// commit. They say what a key has afterwards, and not how it came there, so to
// recover a file is to make them again, whatever of them it has already. A journal
// is made for the first write and removed when the file is closed. Then the file's
// checksums are beside it: one of each page, and the transaction that they are of.
//
// The folder's lock is the lock of the file "folder.lock": a second process
// gets an error at once, not a damaged file.
//
// Decisions and their reasons: docs/rationale/storage.md.
package boltstore
