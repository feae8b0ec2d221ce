// Package boltstore is the embedded driver: one bbolt file per tenant in one
// folder, with nothing to install and nothing to run beside the server.
//
//	s, err := boltstore.Open(boltstore.Config{Dir: "/var/lib/authhost/tenants"})
//	tenant, err := s.Open(ctx, "main", schema)
//
// # Durability
//
// One goroutine per file commits. It takes every write that is waiting, checks
// each on its own, puts those that pass into one bbolt transaction, and
// answers after fsync. So the cost of an fsync is shared by all that waited
// for it, and one failing write does not spoil the others.
//
// When writing or syncing fails, what the kernel's page cache says is no
// longer what the disk holds, and asking again would not tell (a second fsync
// may report success for pages that were dropped). The tenant then refuses
// every call with ErrFailed, and Config.OnFailure is called so that the
// process can end. A file that was not closed properly is verified in full
// when it is opened again.
//
// # Format
//
// A file holds the bucket "meta" (format, tenant id, schema), one bucket "r:"
// with a model's name per model, and one bucket "i:" with model and label per
// index. Every value begins with a CRC-32C over the bucket's name, the key and
// the rest of the value, and is verified when it is read. A backup is a file
// in the same format; Restore puts it in place.
//
// The folder's lock is the lock of the file "folder.lock": a second process
// gets an error at once, not a damaged file.
package boltstore
