package boltstore

import (
	"bytes"
	"context"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// view reads one state of a file: inside a read transaction, or inside the
// write transaction of the commit goroutine.
type view struct {
	tx     *bolt.Tx
	layout *layout
	path   string // for messages
}

// record returns a record, or nil when there is none.
func (v view) record(model, id string) (*store.Record, error) {
	b, ok := v.layout.records[model]
	if !ok {
		_, err := v.layout.catalog.Model(model)
		return nil, err
	}
	records := v.tx.Bucket(b.name)
	if records == nil {
		return nil, nil
	}
	key := []byte(id)
	value := records.Get(key)
	if value == nil {
		return nil, nil
	}
	return v.decode(b, key, id, value)
}

func (v view) decode(b bucket, key []byte, id string, value []byte) (*store.Record, error) {
	payload, err := opened(b.seed, key, value)
	if err != nil {
		return nil, corrupt(v.path, b, key, err)
	}
	r, err := decodeRecord(id, payload)
	if err != nil {
		return nil, corrupt(v.path, b, key, err)
	}
	return r, nil
}

// entry returns the id that an index entry holds.
func (v view) entry(b bucket, key, value []byte) (string, error) {
	id, err := opened(b.seed, key, value)
	if err != nil {
		return "", corrupt(v.path, b, key, err)
	}
	return string(id), nil
}

// first returns the first record of a scan, or nil. It is what sessions and
// sign-ins do, so it takes no detour through walk.
func (v view) first(s store.Scan) (*store.Record, error) {
	if s.Index == nil {
		var found *store.Record
		_, err := v.walk(s, func(_ []byte, r *store.Record) bool { found = r; return false })
		return found, err
	}
	b := v.layout.indexes[s.Index]
	entries := v.tx.Bucket(b.name)
	if entries == nil {
		return nil, nil
	}
	key, value := entries.Cursor().Seek(s.From)
	if key == nil || !s.Contains(key) {
		return nil, nil
	}
	id, err := v.entry(b, key, value)
	if err != nil {
		return nil, err
	}
	return v.target(s, b, key, id)
}

// target returns the record of an index entry, which must be there.
func (v view) target(s store.Scan, b bucket, key []byte, id string) (*store.Record, error) {
	r, err := v.record(s.Model.Name, id)
	if err == nil && r == nil {
		return nil, corrupt(v.path, b, key, errNoRecord)
	}
	return r, err
}

// walk calls visit for the keys in the range of a scan, in its order, until
// visit returns false. It reports whether it stopped before the end.
func (v view) walk(s store.Scan, visit func(key []byte, r *store.Record) bool) (stopped bool, err error) {
	b := v.layout.records[s.Model.Name]
	if s.Index != nil {
		b = v.layout.indexes[s.Index]
	}
	in := v.tx.Bucket(b.name)
	if in == nil {
		return false, nil
	}
	cursor := in.Cursor()
	key, value := start(cursor, s)
	for key != nil && s.Contains(key) {
		var r *store.Record
		if s.Index == nil {
			r, err = v.decode(b, key, string(key), value)
		} else {
			var id string
			if id, err = v.entry(b, key, value); err == nil {
				r, err = v.target(s, b, key, id)
			}
		}
		if err != nil {
			return false, err
		}
		if !visit(key, r) {
			return true, nil
		}
		if s.Desc {
			key, value = cursor.Prev()
		} else {
			key, value = cursor.Next()
		}
	}
	return false, nil
}

// start moves a cursor to the first key of a scan.
func start(cursor *bolt.Cursor, s store.Scan) (key, value []byte) {
	switch {
	case !s.Desc:
		return cursor.Seek(s.From)
	case s.To == nil:
		return cursor.Last()
	}
	if key, _ := cursor.Seek(s.To); key == nil {
		return cursor.Last()
	}
	return cursor.Prev()
}

// page returns the page that a scan asks for.
func (v view) page(ctx context.Context, s store.Scan) (store.Page, error) {
	page := store.Page{Records: make([]*store.Record, 0, min(s.Limit, 16))}
	var last []byte
	more, err := v.walk(s, func(key []byte, r *store.Record) bool {
		if len(page.Records) == s.Limit || ctx.Err() != nil {
			return false
		}
		page.Records = append(page.Records, r)
		last = key
		return true
	})
	switch {
	case err != nil:
		return store.Page{}, err
	case ctx.Err() != nil:
		return store.Page{}, ctx.Err()
	case more:
		page.Cursor = s.Cursor(last)
	}
	return page, nil
}

// Record, Exists and Referring make a view a plan.Reader. Only the commit
// goroutine plans, so nothing needs a lock.

// Record returns a record, or nil.
func (v view) Record(_ context.Context, model, id string) (*store.Record, error) {
	return v.record(model, id)
}

// Exists reports whether a record is there.
func (v view) Exists(_ context.Context, model, id string) (bool, error) {
	records := v.tx.Bucket(v.layout.records[model].name)
	return records != nil && records.Get([]byte(id)) != nil, nil
}

// Referring returns the ids of the records that refer to id.
func (v view) Referring(_ context.Context, ref store.Reference, id string) ([]string, error) {
	m, err := v.layout.catalog.Model(ref.Model)
	if err != nil {
		return nil, err
	}
	ix, err := m.Index(ref.Field)
	if err != nil {
		return nil, err
	}
	b := v.layout.indexes[ix]
	entries := v.tx.Bucket(b.name)
	if entries == nil {
		return nil, nil
	}
	var ids []string
	prefix := store.AppendKey(nil, document.Text(id))
	cursor := entries.Cursor()
	for key, value := cursor.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
		child, err := v.entry(b, key, value)
		if err != nil {
			return nil, err
		}
		ids = append(ids, child)
	}
	return slices.Clip(ids), nil
}
