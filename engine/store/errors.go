package store

import (
	"errors"
	"fmt"
)

// Errors of a Store, for errors.Is.
var (
	// ErrNotFound says that there is no such record.
	ErrNotFound = errors.New("store: not found")
	// ErrClosed says that the store or the tenant was closed.
	ErrClosed = errors.New("store: closed")
	// ErrConflict matches every *ConflictError.
	ErrConflict = errors.New("store: conflict")
	// ErrStale matches a *ConflictError about a version: the record was
	// changed or deleted since it was read.
	ErrStale = errors.New("store: stale version")
	// ErrInvalid matches every *InvalidError.
	ErrInvalid = errors.New("store: invalid")
	// ErrLimit matches every *LimitError.
	ErrLimit = errors.New("store: limit reached")
	// ErrCorrupt says that stored data is damaged. The error that wraps it
	// names the place.
	ErrCorrupt = errors.New("store: corrupt data")
	// ErrUnavailable matches every *UnavailableError.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrTxDone says that a unit of work was used after its end.
	ErrTxDone = errors.New("store: unit of work has ended")
)

// ConflictError says which record stood in the way of a write.
type ConflictError struct {
	Model string
	// Index is the unique index whose key is taken, or the name of a field
	// whose referenced record is missing or that has another value than Op.If
	// expects; "id" when the id is taken; "" when the record was not in the
	// expected version.
	Index string
	// ID is the record that could not be written.
	ID string
}

func (e *ConflictError) Error() string {
	if e.Index == "" {
		return fmt.Sprintf("store: %s %q is not in the expected version", e.Model, e.ID)
	}
	return fmt.Sprintf("store: %s %q conflicts on %q", e.Model, e.ID, e.Index)
}

// Is makes every ConflictError an ErrConflict, and those about a version an
// ErrStale too.
func (e *ConflictError) Is(target error) bool {
	return target == ErrConflict || target == ErrStale && e.Index == ""
}

// LimitError says that a query was given up, because it read as much as it may
// and has no answer yet: no index leads to the records that it asks for.
type LimitError struct {
	Model string
	// Reason says what was read, and what would help.
	Reason string
}

func (e *LimitError) Error() string { return "store: " + e.Model + ": " + e.Reason }

// Is makes every LimitError an ErrLimit.
func (e *LimitError) Is(target error) bool { return target == ErrLimit }

// InvalidError says what does not fit the schema or a limit: a mistake of the
// caller, which running again does not cure.
type InvalidError struct {
	Model, Field string // as far as known
	Reason       string
}

func (e *InvalidError) Error() string {
	switch {
	case e.Model == "":
		return "store: " + e.Reason
	case e.Field == "":
		return "store: " + e.Model + ": " + e.Reason
	default:
		return "store: " + e.Model + "." + e.Field + ": " + e.Reason
	}
}

// Is makes every InvalidError an ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// UnavailableError says that the database is not there, does not answer in time,
// or is too busy, and why. The call may succeed later; what it was to write may
// have been written.
type UnavailableError struct{ Cause error }

func (e *UnavailableError) Error() string { return "store: unavailable: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Cause }

// Is makes every UnavailableError an ErrUnavailable.
func (e *UnavailableError) Is(target error) bool { return target == ErrUnavailable }

// Unavailable tells package apierror what answer this is.
func (e *UnavailableError) Unavailable() bool { return true }

// QuarantineError says that a tenant's data was found to be damaged. Every call is
// refused since then: what is not damaged cannot be told from what is. It matches
// ErrCorrupt.
type QuarantineError struct{ Cause error }

func (e *QuarantineError) Error() string { return "store: out of service: " + e.Cause.Error() }

// Unwrap returns what was found.
func (e *QuarantineError) Unwrap() error { return e.Cause }

// Unavailable says that the data is out of reach, which is nobody's mistake.
func (e *QuarantineError) Unavailable() bool { return true }

// Quarantined is a Tenant that goes on after damage, refusing calls.
type Quarantined interface {
	// Quarantine returns the *QuarantineError of a tenant whose data is
	// damaged, nil of any other.
	Quarantine() error
}
