package boltstore

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// tenant is a handle on a tenant's file.
type tenant struct {
	slot   *slot
	file   *file
	closed atomic.Bool
}

// Catalog returns the models that the file has now.
func (t *tenant) Catalog() *store.Catalog { return t.file.layout.Load().catalog }

// read runs f on the present state of the file. The layout is taken before the
// state: a layout that is older than the state finds all it knows.
func (t *tenant) read(ctx context.Context, f func(v view) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.closed.Load() {
		return store.ErrClosed
	}
	if err := t.file.failure(); err != nil {
		return err
	}
	layout := t.file.layout.Load()
	return t.found(guarded(t.file.path, func() error {
		v, err := t.file.begin(layout)
		if err != nil {
			return err
		}
		defer v.tx.Rollback() //nolint:errcheck // a read transaction has nothing to lose
		return f(v)
	}))
}

// found puts the tenant into quarantine if err is about damage.
func (t *tenant) found(err error) error {
	var known *store.QuarantineError
	if !errors.Is(err, store.ErrCorrupt) || errors.As(err, &known) {
		return err
	}
	return t.file.fail(err)
}

// Quarantine implements store.Quarantined.
func (t *tenant) Quarantine() error {
	if err := t.file.failure(); errors.Is(err, store.ErrCorrupt) {
		return err
	}
	return nil
}

// Get returns one record.
func (t *tenant) Get(ctx context.Context, model, id string) (*store.Record, error) {
	var found *store.Record
	err := t.read(ctx, func(v view) (err error) {
		found, err = v.record(model, id)
		return err
	})
	if err == nil && found == nil {
		return nil, store.ErrNotFound
	}
	return found, err
}

// Find returns the first record of an index with the given values.
func (t *tenant) Find(ctx context.Context, model, index string, key ...document.Value) (*store.Record, error) {
	var found *store.Record
	err := t.read(ctx, func(v view) error {
		scan, err := v.layout.catalog.Scan(store.Query{Model: model, Index: index, Key: key, Limit: 1})
		if err != nil {
			return err
		}
		found, err = v.first(scan)
		return err
	})
	if err == nil && found == nil {
		return nil, store.ErrNotFound
	}
	return found, err
}

// GetMany returns the records with some ids.
func (t *tenant) GetMany(ctx context.Context, model string, ids []string) ([]*store.Record, error) {
	ids, err := store.UniqueIDs(model, ids)
	if err != nil {
		return nil, err
	}
	found := make([]*store.Record, 0, len(ids))
	err = t.read(ctx, func(v view) error {
		if _, err := v.layout.catalog.Model(model); err != nil {
			return err
		}
		for _, id := range ids {
			r, err := v.record(model, id)
			if err != nil {
				return err
			}
			if r != nil {
				found = append(found, r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// List returns a page of records in the order of an index.
func (t *tenant) List(ctx context.Context, q store.Query) (store.Page, error) {
	c, err := t.collect(ctx, q, store.Scan.Collect)
	if err != nil {
		return store.Page{}, err
	}
	return c.Page(), nil
}

// Count returns how many records there are in the range of an index.
func (t *tenant) Count(ctx context.Context, q store.Query) (int, error) {
	c, err := t.collect(ctx, q, store.Scan.CollectCount)
	if err != nil {
		return 0, err
	}
	return c.Count(), nil
}

// collect runs a query for the collector that begin makes.
func (t *tenant) collect(ctx context.Context, q store.Query, begin func(store.Scan) *store.Collector) (*store.Collector, error) {
	var c *store.Collector
	err := t.read(ctx, func(v view) error {
		scan, err := v.layout.catalog.Scan(q)
		if err != nil {
			return err
		}
		c = begin(scan)
		return v.collect(ctx, scan, c)
	})
	return c, err
}

// write has a request committed.
func (t *tenant) write(ctx context.Context, do func(w *writer) error) error {
	if t.closed.Load() {
		return store.ErrClosed
	}
	return t.found(t.file.submit(ctx, &request{do: do}))
}

// Apply does all of ops or none.
func (t *tenant) Apply(ctx context.Context, ops []store.Op) error {
	if len(ops) == 0 {
		return ctx.Err()
	}
	return t.write(ctx, func(w *writer) error { return w.apply(ctx, ops) })
}

// Consume deletes the first record that Find would return.
func (t *tenant) Consume(ctx context.Context, model, index string, key ...document.Value) (*store.Record, error) {
	// Most calls for a record that is gone end here, without a turn in the
	// queue.
	if _, err := t.Find(ctx, model, index, key...); err != nil {
		return nil, err
	}
	var consumed *store.Record
	err := t.write(ctx, func(w *writer) error {
		consumed = nil
		scan, err := w.layout.catalog.Scan(store.Query{Model: model, Index: index, Key: key, Limit: 1})
		if err != nil {
			return err
		}
		r, err := w.first(scan)
		if err != nil {
			return err
		}
		if r == nil {
			return store.ErrNotFound
		}
		consumed = r
		return w.apply(ctx, []store.Op{{Kind: store.Delete, Model: model, ID: r.ID}})
	})
	if err != nil {
		return nil, err
	}
	return consumed, nil
}

// Increment adds to a number field.
func (t *tenant) Increment(ctx context.Context, model, id, field string, by int64) (int64, error) {
	var sum int64
	err := t.write(ctx, func(w *writer) error {
		r, err := w.record(model, id)
		if err != nil {
			return err
		}
		if r == nil {
			return store.ErrNotFound
		}
		if sum, err = store.AddTo(model, r, field, by); err != nil {
			return err
		}
		set := document.NewObject(1).Set(field, document.Int(sum))
		return w.apply(ctx, []store.Op{{Kind: store.Update, Model: model, ID: id, Fields: set}})
	})
	if err != nil {
		return 0, err
	}
	return sum, nil
}

// Close gives the handle up; the last one closes the file.
func (t *tenant) Close() error {
	if t.closed.Swap(true) {
		return nil
	}
	t.slot.mu.Lock()
	defer t.slot.mu.Unlock()
	if t.slot.file != t.file {
		return nil // the store was closed
	}
	if t.slot.refs--; t.slot.refs > 0 {
		return nil
	}
	t.slot.file = nil
	err := t.file.close()
	if errors.Is(err, store.ErrClosed) {
		return nil
	}
	return err
}
