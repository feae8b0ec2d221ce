package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

// tenant is a handle on one tenant's rows.
type tenant struct {
	store   *Store
	id      string
	current *atomic.Pointer[snapshot] // shared by the handles of this node
	closed  atomic.Bool
}

// snapshot is the schema as this node last read it.
type snapshot struct {
	revision int64
	catalog  *store.Catalog
}

// Catalog returns the models that the tenant has now, as far as this node
// knows.
func (t *tenant) Catalog() *store.Catalog { return t.current.Load().catalog }

// Close gives the handle up.
func (t *tenant) Close() error {
	t.closed.Store(true)
	return nil
}

// run runs f with the schema, again when another node changed it meanwhile or
// the database asks for it.
func (t *tenant) run(ctx context.Context, f func(ctx context.Context, now *snapshot) error) error {
	return t.runFor(ctx, t.store.timeout, f)
}

// runFor is run with another bound for each attempt; 0 means none.
func (t *tenant) runFor(ctx context.Context, limit time.Duration, f func(ctx context.Context, now *snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.closed.Load() || t.store.closed.Load() {
		return store.ErrClosed
	}
	err := t.store.retry(ctx, limit, func(ctx context.Context) error {
		err := f(ctx, t.current.Load())
		if errors.Is(err, errMoved) {
			return errors.Join(err, t.reload(ctx))
		}
		return err
	})
	return t.store.describe(ctx, err)
}

// Get returns one record.
func (t *tenant) Get(ctx context.Context, model, id string) (*store.Record, error) {
	if !utf8.ValidString(id) {
		return nil, store.ErrNotFound // no id is like that, and PostgreSQL takes no such text
	}
	return t.Find(ctx, model, "id", document.Text(id))
}

// Find returns the first record of an index with the given values.
func (t *tenant) Find(ctx context.Context, model, index string, key ...document.Value) (*store.Record, error) {
	var page store.Page
	err := t.run(ctx, func(ctx context.Context, now *snapshot) error {
		scan, err := now.catalog.Scan(store.Query{Model: model, Index: index, Key: key, Limit: 1})
		if err != nil {
			return err
		}
		c := scan.Collect()
		err = t.scan(ctx, now, scan, c, 1)
		page = c.Page()
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(page.Records) == 0 {
		return nil, store.ErrNotFound
	}
	return page.Records[0], nil
}

// GetMany returns the records with some ids.
func (t *tenant) GetMany(ctx context.Context, model string, ids []string) ([]*store.Record, error) {
	ids, err := store.UniqueIDs(model, ids)
	if err != nil {
		return nil, err
	}
	// No id is like the others, and PostgreSQL takes no such text.
	ids = slices.DeleteFunc(ids, func(id string) bool { return !utf8.ValidString(id) || strings.Contains(id, "\x00") })
	var records []*store.Record
	err = t.run(ctx, func(ctx context.Context, now *snapshot) error {
		if _, err := now.catalog.Model(model); err != nil {
			return err
		}
		sql := `SELECT r.id, r.version, r.fields FROM unnest($3::text[]) WITH ORDINALITY AS x(id, n) ` +
			recordSQL("$1", "$2", "x.id") + ` ON true ORDER BY x.n`
		rows, err := t.store.pool.Query(ctx, sql, t.id, model, ids)
		if err != nil {
			return err
		}
		records, err = t.collect(rows, model)
		return err
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// List returns a page of records in the order of an index.
func (t *tenant) List(ctx context.Context, q store.Query) (store.Page, error) {
	var page store.Page
	err := t.run(ctx, func(ctx context.Context, now *snapshot) error {
		s, err := now.catalog.Scan(q)
		if err != nil {
			return err
		}
		var c *store.Collector
		if s.Selective() {
			c, err = t.search(ctx, now, s)
		} else {
			c = s.Collect()
			err = t.scan(ctx, now, s, c, s.Limit+1) // one more, to know whether there is one
		}
		if err == nil {
			page = c.Page()
		}
		return err
	})
	return page, err
}

// Count returns how many records there are in the range of an index.
func (t *tenant) Count(ctx context.Context, q store.Query) (int, error) {
	var n int
	err := t.run(ctx, func(ctx context.Context, now *snapshot) error {
		s, err := now.catalog.Scan(q)
		if err != nil {
			return err
		}
		c := s.CollectCount()
		if s.Covered() {
			err = t.count(ctx, now, s, c)
		} else {
			err = t.examine(ctx, now, s, c)
		}
		n = c.Count()
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Apply does all of ops or none.
func (t *tenant) Apply(ctx context.Context, ops []store.Op) error {
	if len(ops) == 0 {
		return ctx.Err()
	}
	return t.write(ctx, ops, func(w *writer) error { return w.apply(ops) })
}

// Consume deletes the first record that Find would return.
func (t *tenant) Consume(ctx context.Context, model, index string, key ...document.Value) (*store.Record, error) {
	var consumed *store.Record
	err := t.write(ctx, nil, func(w *writer) error {
		scan, err := w.now.catalog.Scan(store.Query{Model: model, Index: index, Key: key, Limit: 1})
		if err != nil {
			return err
		}
		if consumed, err = w.lockFirst(scan); err != nil {
			return err
		}
		return w.apply([]store.Op{{Kind: store.Delete, Model: model, ID: consumed.ID}})
	})
	if err != nil {
		return nil, err
	}
	return consumed, nil
}

// Increment adds to a number field.
func (t *tenant) Increment(ctx context.Context, model, id, field string, by int64) (int64, error) {
	var sum int64
	err := t.write(ctx, nil, func(w *writer) error {
		if _, err := w.now.catalog.Model(model); err != nil {
			return err
		}
		r, err := w.Record(w.ctx, model, id)
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
		return w.apply([]store.Op{{Kind: store.Update, Model: model, ID: id, Fields: set}})
	})
	if err != nil {
		return 0, err
	}
	return sum, nil
}

// corrupt describes rows that do not make sense.
func (t *tenant) corrupt(what string, reason error) error {
	return fmt.Errorf("%w: tenant %q, %s: %w", store.ErrCorrupt, t.id, what, reason)
}

// record makes a record of a row.
func (t *tenant) record(model, id string, version int64, fields string) (*store.Record, error) {
	// Fields nest as deep as their writer allowed, and one more.
	v, err := document.Parse([]byte(fields), len(fields)+1)
	if err != nil || v.Object() == nil {
		return nil, t.corrupt(fmt.Sprintf("%s %q", model, id), errors.Join(err, errors.New("fields are no JSON object")))
	}
	o := v.Object()
	return &store.Record{ID: id, Version: uint64(version), Fields: o.Set("id", document.Text(id))}, nil
}

// fieldsText returns the fields of a record as they are stored: without the id.
func fieldsText(r *store.Record) string {
	o := document.NewObject(r.Fields.Len())
	for name, v := range r.Fields.All() {
		if name != "id" {
			o.Set(name, v)
		}
	}
	return string(document.Obj(o).JSON())
}

// collect reads rows of id, version and fields.
func (t *tenant) collect(rows pgx.Rows, model string) ([]*store.Record, error) {
	defer rows.Close()
	var out []*store.Record
	for rows.Next() {
		var id, fields string
		var version int64
		if err := rows.Scan(&id, &version, &fields); err != nil {
			return nil, err
		}
		r, err := t.record(model, id, version, fields)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// entryArrays are index entries as arrays for unnest.
func entryArrays(entries []plan.Entry) (models, labels []string, keys [][]byte, ids []string) {
	for _, e := range entries {
		models = append(models, e.Model.Name)
		labels = append(labels, e.Index.Label())
		keys = append(keys, e.Key)
		ids = append(ids, e.ID)
	}
	return models, labels, keys, ids
}
