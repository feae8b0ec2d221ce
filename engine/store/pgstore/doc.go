// Package pgstore is the driver for PostgreSQL, for many authhost nodes on one
// database.
//
//	s, err := pgstore.Open(ctx, pgstore.Config{URL: "postgres://authhost@db/authhost"})
//	tenant, err := s.Open(ctx, "main", schema)
//
// # Tables
//
// Records are rows of authhost_records with their fields as JSON text, which
// keeps the order of members. Index entries are rows of authhost_entries,
// whose primary key is the unique index: keys of indexes that are not unique
// end with the record's id. Every primary key begins with the tenant, so that
// a distributed database that speaks PostgreSQL's protocol can place tenants;
// there are no sequences, advisory locks or foreign keys.
//
// # Concurrency
//
// Transactions run at READ COMMITTED. A write locks the records that it
// changes, and holds a shared lock on the records that those refer to and on
// its tenant's row, so that no record is left without the one it refers to,
// and no write misses an index that another node just declared. Serialization
// failures, deadlocks and lost connections are retried a bounded number of
// times. Each attempt at a transaction stores a token of its own. When the
// connection is lost in the middle of COMMIT, or somebody ends its wait for a
// synchronous standby, what is stored under the token tells what happened, so an
// outcome is never guessed. Where it cannot be told in time, the write fails.
//
// Behind a pooler that shares connections between transactions, add
// "default_query_exec_mode=exec" to the URL.
//
// Declaring an index on a tenant with data holds that tenant's writes, not its
// reads, until the index is filled.
//
// # Backups
//
// Tenant.Backup writes lines of JSON (a head with the schema, one line per
// record, a tail with their number), read in one snapshot; Store.Restore reads
// them into a tenant that does not exist. Backups of a whole server are
// PostgreSQL's own business.
//
// Decisions and their reasons: docs/rationale/storage.md.
package pgstore
