package store

import (
	"context"
	"fmt"

	"github.com/authhost/authhost/engine/document"
)

// UpdateIf is Update for a record that has the expected values in some of its
// fields; null means null or absent. Otherwise it returns a *ConflictError
// that names the first field with another value. Commit makes sure that the
// record is still the one that was compared.
func (t *Tx) UpdateIf(ctx context.Context, model, id string, expected, set *document.Object) (*Record, error) {
	if err := t.expect(ctx, Op{Kind: Update, Model: model, ID: id, If: expected, Fields: set}); err != nil {
		return nil, err
	}
	return t.Update(ctx, model, id, set)
}

// versionField stands in a ConflictError for the version that an operation
// expected. It is no ErrStale: to run the unit of work again does not help.
const versionField = "version"

// expect checks what an operation expects of its record.
func (t *Tx) expect(ctx context.Context, op Op) error {
	if t.done {
		return ErrTxDone
	}
	if err := t.catalog.CheckOp(op); err != nil {
		return err
	}
	if op.Version == 0 && op.If.Len() == 0 {
		return nil
	}
	r, err := t.Get(ctx, op.Model, op.ID)
	if err != nil {
		return err
	}
	if op.Version != 0 && op.Version != r.Version {
		return &ConflictError{Model: op.Model, Index: versionField, ID: op.ID}
	}
	m, err := t.catalog.Model(op.Model)
	if err != nil {
		return err
	}
	return m.CheckIf(r, op.If)
}

// OpError says which operation of Do failed.
type OpError struct {
	N   int // its number, from 0
	Err error
}

func (e *OpError) Error() string { return fmt.Sprintf("operation %d: %v", e.N, e.Err) }

// Unwrap returns the operation's own error.
func (e *OpError) Unwrap() error { return e.Err }

// Do does all of ops in order, as Insert, Update, Delete and Guard do them, or
// none of them; the error is an *OpError then. It returns the records as they
// are now, and nil for those that were deleted. Unlike Tenant.Apply it checks
// unique indexes after each operation, and an unexpected version is a
// ConflictError on "version", not an ErrStale.
func (t *Tx) Do(ctx context.Context, ops []Op) ([]*Record, error) {
	if t.done {
		return nil, ErrTxDone
	}
	mark := t.Mark()
	out := make([]*Record, len(ops))
	for i, op := range ops {
		var err error
		if out[i], err = t.do(ctx, op); err != nil {
			t.Rewind(mark)
			return nil, &OpError{N: i, Err: err}
		}
	}
	return out, nil
}

func (t *Tx) do(ctx context.Context, op Op) (*Record, error) {
	if op.Kind == Insert {
		return t.Insert(ctx, op.Model, op.ID, op.Fields)
	}
	if err := t.expect(ctx, op); err != nil {
		return nil, err
	}
	switch op.Kind {
	case Update:
		return t.Update(ctx, op.Model, op.ID, op.Fields)
	case Delete:
		return nil, t.Delete(ctx, op.Model, op.ID)
	default: // Guard; expect knows no other kinds
		if err := t.Guard(ctx, op.Model, op.ID); err != nil {
			return nil, err
		}
		return t.Get(ctx, op.Model, op.ID)
	}
}
