package store

import (
	"context"
	"fmt"
	"io"
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
	// List returns a page of records in the order of an index.
	List(ctx context.Context, q Query) (Page, error)
	// Apply does all of ops, in order, or none of them. Unique indexes and
	// references are checked on the outcome, so that two records may swap
	// their values. It returns a *ConflictError when the data does not allow
	// ops, ErrNotFound when an Update without Version has no record, and an
	// *InvalidError when the ops do not fit the schema.
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
	// Fields are the record's fields for Insert, and the changed ones for
	// Update. A member "id" is ignored. Apply does not change or keep the
	// object.
	Fields *document.Object
}

// Query asks for records in the order of one index.
type Query struct {
	Model string
	// Index is the index's name; "" and "id" mean the order of ids.
	Index string
	// Key are the values that the index's leading fields must have.
	Key []document.Value
	// From (inclusive) and To (exclusive) bound the field after Key. Absent
	// means no bound.
	From, To document.Value
	// Desc returns the last record first.
	Desc bool
	// Limit is the page size; 0 means DefaultLimit, at most MaxLimit.
	Limit int
	// Cursor continues after the page that returned it.
	Cursor string
}

// Page is a part of a Query's result. Records that were there during the whole
// walk are returned exactly once, whatever else is written meanwhile.
type Page struct {
	Records []*Record
	// Cursor continues the query; "" when there is no more.
	Cursor string
}
