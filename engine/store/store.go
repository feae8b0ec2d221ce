package store

import (
	"context"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
)

// Limits that hold for every driver, so that data can move between them.
const (
	// MaxTenantID is the longest TenantID in bytes.
	MaxTenantID = 63
	// MaxID is the longest record id in bytes.
	MaxID = 255
	// MaxRecordBytes bounds the names and values of one record together.
	MaxRecordBytes = 1 << 20
	// MaxOps bounds the operations of one Apply; cascades do not count.
	MaxOps = 10_000
	// DefaultLimit is the page size of a Query that names none.
	DefaultLimit = 100
	// MaxLimit is the largest page; a Query that asks for more gets this.
	MaxLimit = 1000
	// MaxOffset is the number of records that a Query can pass over.
	MaxOffset = 100_000
	// MaxEntries is the number of index entries that a call may walk in
	// search of those that meet its conditions.
	MaxEntries = 200_000
	// MaxExamined is the number of records that a call may read to see
	// whether they meet its conditions.
	MaxExamined = 10_000
)

// TenantID names a tenant: 1 to MaxTenantID bytes of valid UTF-8 without
// control characters.
type TenantID string

// Validate reports what is wrong with the id, as an *InvalidError.
func (t TenantID) Validate() error {
	if err := checkName(string(t), MaxTenantID); err != "" {
		return &InvalidError{Reason: fmt.Sprintf("tenant id %q %s", string(t), err)}
	}
	return nil
}

// checkName returns what is wrong with an identifier that becomes part of a
// key, or "".
func checkName(s string, limit int) string {
	switch {
	case s == "":
		return "is empty"
	case len(s) > limit:
		return fmt.Sprintf("is longer than %d bytes", limit)
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return "has a control character"
		}
	}
	return ""
}

// Store holds the data of all tenants. Its methods may be called from many
// goroutines.
type Store interface {
	// Open returns the tenant's data, and creates it on first use. A schema
	// that has more models, fields or indexes than the stored one grows it
	// in one step; other handles go on reading, and their writes wait for it.
	// What is stored and no longer declared stays, so that a plugin may come
	// back.
	// A new unique index that existing records break gives a *ConflictError.
	Open(ctx context.Context, tenant TenantID, schema Schema) (Tenant, error)
	// Close closes every tenant, after the writes that were already accepted.
	Close() error
}

// Monitored is a Store whose database can be away while this process runs.
type Monitored interface {
	// Health tells whether the database answers.
	Health() Health
}

// Health is the state of a database; zero means that it answers.
type Health struct {
	Name  string    // of the database, for operators: "postgresql"
	Since time.Time // when it did not answer first
	Err   error     // why it is not asked for now
}

// Tenant is the data of one tenant. Its methods may be called from many
// goroutines; after Close they give ErrClosed. Records that it returns belong
// to the caller.
type Tenant interface {
	// Catalog returns the models that the tenant has now.
	Catalog() *Catalog
	// Get returns one record, or ErrNotFound.
	Get(ctx context.Context, model, id string) (*Record, error)
	// Find returns the first record of an index whose leading fields have the
	// given values, or ErrNotFound. The index "id" is always there.
	Find(ctx context.Context, model, index string, key ...document.Value) (*Record, error)
	// GetMany returns the records with some ids, up to MaxLimit of them, in
	// the order of ids: those that are there, and each once. More ids are an
	// *InvalidError.
	GetMany(ctx context.Context, model string, ids []string) ([]*Record, error)
	// List returns a page of records in the order of an index, or a
	// *LimitError.
	List(ctx context.Context, q Query) (Page, error)
	// Count returns how many records List would find, on all pages together
	// and without q.Offset. It stops at q.Limit, which has no default here. It
	// reads nothing but entries of the index if they decide every condition,
	// and otherwise records, too. Beyond q.Budget it returns a *LimitError.
	Count(ctx context.Context, q Query) (int, error)
	// Apply does all of ops, in order, or none of them. Unique indexes and
	// references are checked on the outcome, so that two records may swap
	// their values. It returns a *ConflictError when the data does not allow
	// ops, ErrNotFound when an Update without Version, or an operation with
	// If, has no record, and an *InvalidError when the ops do not fit the
	// schema.
	Apply(ctx context.Context, ops []Op) error
	// Consume deletes the first record that Find would return, and returns
	// it. Of many concurrent callers exactly one gets it; the others get
	// ErrNotFound.
	Consume(ctx context.Context, model, index string, key ...document.Value) (*Record, error)
	// Increment adds by to a number field, null or absent counting as 0, and
	// returns the new value. No concurrent increment is lost.
	Increment(ctx context.Context, model, id, field string, by int64) (int64, error)
	// Check verifies everything that can be verified: the driver's own
	// structures, checksums, and the indexes in both directions.
	Check(ctx context.Context) error
	// Backup writes a consistent copy while the tenant is in use. The
	// driver's documentation tells the format and how to restore it.
	Backup(ctx context.Context, w io.Writer) error
	// Close releases the handle, after the writes already accepted.
	Close() error
}

// Shrinker is a Tenant whose storage does not give back by itself the room that
// deleted records leave.
type Shrinker interface {
	// Shrink gives it back if it is much, while the tenant is in use. What is
	// stored stays as it is, also if there is an error.
	Shrink(ctx context.Context) error
}

// OpKind tells what an Op does.
type OpKind uint8

// The kinds of an Op.
const (
	// Insert stores a new record.
	Insert OpKind = iota + 1
	// Update replaces the members of a record that are in Op.Fields.
	Update
	// Delete removes a record and those that refer to it. Deleting a record
	// that is not there succeeds, unless a Version was expected.
	Delete
	// Guard changes nothing; it only requires that the record is there, in
	// the expected version.
	Guard
)

// String names the kind, for messages.
func (k OpKind) String() string {
	switch k {
	case Insert:
		return "insert"
	case Update:
		return "update"
	case Delete:
		return "delete"
	case Guard:
		return "guard"
	default:
		return "unknown"
	}
}

// Op is one step of Apply.
type Op struct {
	Kind  OpKind
	Model string
	ID    string
	// Version is the version that the record must have; 0 means any.
	Version uint64
	// If are fields that the record must have with these values, whatever its
	// version; null means null or absent. Insert takes none. If may be nil.
	If *document.Object
	// Fields are the record's fields for Insert, and the changed ones for
	// Update. A member "id" is ignored. Apply does not change or keep the
	// object.
	Fields *document.Object
}

// Query asks for records in the order of one index. Records that have the same
// values there come in the order of their ids.
type Query struct {
	Model string
	// Index is the index's name; "" and "id" mean the order of ids.
	Index string
	// Key are the values that the index's leading fields must have.
	Key []document.Value
	// From (inclusive, unless FromExclusive) and To (exclusive, unless
	// ToInclusive) bound the field after Key. Absent means no bound; null
	// is a value, and the smallest.
	From, To                   document.Value
	FromExclusive, ToInclusive bool
	// Where are conditions that the records must meet besides, all of them.
	// Those on the index's fields after Key narrow what is read of the index;
	// searches of the only field of a folded index read nothing but the index;
	// all others are looked up in the records, one by one.
	Where []Condition
	// Desc returns the last record first.
	Desc bool
	// Offset passes over so many records first, up to MaxOffset.
	Offset int
	// Limit is the page size; 0 means DefaultLimit, at most MaxLimit.
	Limit int
	// Cursor continues after the page that returned it.
	Cursor string
	// Budget bounds what is read in search of what meets Where.
	Budget Budget
}

// Budget bounds what one call may read to find records that meet conditions:
// a query that reaches it ends with a *LimitError. Without conditions and
// Offset a page reads no more than it returns. Zero means the largest budget.
type Budget struct {
	// Entries are entries of an index, of which nothing but the key is read;
	// at most MaxEntries.
	Entries int
	// Records are records that are read to be compared; at most MaxExamined.
	Records int
}

// bounded returns the budget with numbers instead of zeros.
func (b Budget) bounded() Budget {
	if b.Entries <= 0 || b.Entries > MaxEntries {
		b.Entries = MaxEntries
	}
	if b.Records <= 0 || b.Records > MaxExamined {
		b.Records = MaxExamined
	}
	return b
}

// Page is a part of a Query's result. Records that were there during the whole
// walk are returned exactly once, whatever else is written meanwhile.
type Page struct {
	Records []*Record
	// Cursor continues the query; "" when there is no more.
	Cursor string
}
