package boltstore

import (
	"bytes"
	"context"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// view reads one state of a file: what bbolt has, and what is more recent.
type view struct {
	tx     *bolt.Tx
	pages  *tree   // reads the file; nil while tx writes it, when bbolt reads
	recent *recent // nil: nothing
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
	key := []byte(id)
	value := v.get(b, key)
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

// first returns the first record of a scan without conditions, or nil. It is
// what sessions and sign-ins do, so it takes no detour through walk.
func (v view) first(s store.Scan) (*store.Record, error) {
	b := v.scanned(s)
	key, value := v.ascend(b, s.From).next()
	if key == nil || !s.Contains(key) {
		return nil, nil
	}
	return v.at(s, b, key, value)
}

// scanned returns the bucket that a scan walks.
func (v view) scanned(s store.Scan) bucket {
	if s.Index == nil {
		return v.layout.records[s.Model.Name]
	}
	return v.layout.indexes[s.Index]
}

// at returns the record that a scan has found in its bucket, which must be
// there if the bucket is an index.
func (v view) at(s store.Scan, b bucket, key, value []byte) (*store.Record, error) {
	if s.Index == nil {
		return v.decode(b, key, string(key), value)
	}
	id, err := v.entry(b, key, value)
	if err != nil {
		return nil, err
	}
	r, err := v.record(s.Model.Name, id)
	if err == nil && r == nil {
		return nil, corrupt(v.path, b, key, errNoRecord)
	}
	return r, err
}

// walk calls visit for what the bucket of a scan has in its range, in its
// order, until visit returns false.
func (v view) walk(s store.Scan, b bucket, visit func(key, value []byte) (more bool, err error)) error {
	var cursor *cursor
	if s.Desc {
		cursor = v.descend(b, s.To)
	} else {
		cursor = v.ascend(b, s.From)
	}
	for key, value := cursor.next(); key != nil && s.Contains(key); key, value = cursor.next() {
		if more, err := visit(key, value); !more || err != nil {
			return err
		}
	}
	return nil
}

// collect gives a collector what a scan finds.
func (v view) collect(ctx context.Context, s store.Scan, c *store.Collector) error {
	b := v.scanned(s)
	return v.walk(s, b, func(key, value []byte) (more bool, err error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		read, err := c.Entry(key)
		if read && !c.Done() && err == nil {
			var r *store.Record
			if r, err = v.at(s, b, key, value); err == nil {
				err = c.Record(key, r)
			}
		}
		return !c.Done(), err
	})
}

// Record, Exists and Referring make a view a plan.Reader. Only the commit
// goroutine plans, so nothing needs a lock.

// Record returns a record, or nil.
func (v view) Record(_ context.Context, model, id string) (*store.Record, error) {
	return v.record(model, id)
}

// Exists reports whether a record is there.
func (v view) Exists(_ context.Context, model, id string) (bool, error) {
	return v.get(v.layout.records[model], []byte(id)) != nil, nil
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
	var ids []string
	prefix := store.AppendKey(nil, document.Text(id))
	cursor := v.ascend(b, prefix)
	for key, value := cursor.next(); key != nil && bytes.HasPrefix(key, prefix); key, value = cursor.next() {
		child, err := v.entry(b, key, value)
		if err != nil {
			return nil, err
		}
		ids = append(ids, child)
	}
	return slices.Clip(ids), nil
}
