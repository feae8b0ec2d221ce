package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/authhost/authhost/engine/document"
)

// Get returns one record, or ErrNotFound.
func (t *Tx) Get(ctx context.Context, model, id string) (*Record, error) {
	if t.done {
		return nil, ErrTxDone
	}
	key := recordKey{model, id}
	if e, ok := t.entries[key]; ok && e.cur == nil {
		return nil, ErrNotFound
	} else if ok {
		return t.onlyVisible(ctx, model, e.cur.Clone())
	}
	r, err := t.read(ctx, key)
	if err != nil {
		return nil, err
	}
	return t.onlyVisible(ctx, model, r)
}

// Find returns the first record of an index whose leading fields have the
// given values, or ErrNotFound.
func (t *Tx) Find(ctx context.Context, model, index string, key ...document.Value) (*Record, error) {
	if t.done {
		return nil, ErrTxDone
	}
	m, err := t.catalog.Model(model)
	if err != nil {
		return nil, err
	}
	if !t.touches(m) {
		return t.find(ctx, model, index, key)
	}
	page, err := t.List(ctx, Query{Model: model, Index: index, Key: key, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(page.Records) == 0 {
		t.missed(model, index, key)
		return nil, ErrNotFound
	}
	return page.Records[0], nil
}

// List returns a page of records in the order of an index. Cursors are those
// of Tenant.List, and stay valid while the unit of work goes on writing.
func (t *Tx) List(ctx context.Context, q Query) (Page, error) {
	if t.done {
		return Page{}, ErrTxDone
	}
	scan, err := t.catalog.Scan(q)
	if err != nil {
		return Page{}, err
	}
	if !t.touches(scan.Model) {
		page, err := t.tenant.List(ctx, q)
		for _, r := range page.Records {
			t.noted(q.Model, r)
		}
		return page, err
	}
	own, err := t.own(ctx, scan)
	if err != nil {
		return Page{}, err
	}
	return t.merge(ctx, q, scan, own)
}

// keyed is a record with its place in a scan.
type keyed struct {
	key    []byte
	record *Record
}

// own returns the unit of work's own records in the range of a scan, in its
// order.
func (t *Tx) own(ctx context.Context, scan Scan) ([]keyed, error) {
	var out []keyed
	for key, e := range t.entries {
		if key.model != scan.Model.Name || e.cur == nil {
			continue
		}
		place := scan.Key(e.cur)
		if !scan.Has(e.cur) {
			continue
		}
		visible, err := t.visible(ctx, key.model, e.cur, nil)
		if err != nil {
			return nil, err
		}
		if visible {
			out = append(out, keyed{place, e.cur.Clone()})
		}
	}
	slices.SortFunc(out, func(a, b keyed) int { return scan.compare(a.key, b.key) })
	return out, nil
}

// compare orders keys as the scan returns them.
func (s Scan) compare(a, b []byte) int {
	if s.Desc {
		a, b = b, a
	}
	return bytes.Compare(a, b)
}

// merge walks the stored records and the own ones side by side.
func (t *Tx) merge(ctx context.Context, q Query, scan Scan, own []keyed) (Page, error) {
	out := make([]keyed, 0, min(scan.Limit, 16))
	if scan.Offset > MaxExamined {
		return Page{}, &LimitError{Model: q.Model, Reason: fmt.Sprintf(
			"an offset of %d in a unit of work that has written records of the model; it is at most %d there", scan.Offset, MaxExamined)}
	}
	q.Offset, q.Limit = 0, min(scan.Offset+scan.Limit+len(t.entries), MaxLimit)
	more := true
	for more && len(out) <= scan.Offset+scan.Limit {
		page, err := t.tenant.List(ctx, q)
		if err != nil {
			return Page{}, err
		}
		for _, r := range page.Records {
			place := scan.Key(r)
			for len(own) > 0 && scan.compare(own[0].key, place) < 0 {
				out, own = append(out, own[0]), own[1:]
			}
			if _, mine := t.entries[recordKey{q.Model, r.ID}]; mine {
				continue
			}
			visible, err := t.visible(ctx, q.Model, r, nil)
			if err != nil {
				return Page{}, err
			}
			if visible {
				out = append(out, keyed{place, t.noted(q.Model, r)})
			}
		}
		q.Cursor, more = page.Cursor, page.Cursor != ""
	}
	if !more {
		out = append(out, own...)
	}
	return cut(scan, out), nil
}

// cut makes a page of a list that may hold more than one.
func cut(scan Scan, list []keyed) Page {
	var page Page
	list = list[min(scan.Offset, len(list)):]
	if len(list) > scan.Limit {
		list = list[:scan.Limit]
		page.Cursor = scan.Cursor(list[len(list)-1].key)
	}
	for _, k := range list {
		page.Records = append(page.Records, k.record)
	}
	return page
}

// current returns a record as this unit of work sees it, to be written, and
// the version that the stored one must have (0: it is not stored yet).
func (t *Tx) current(ctx context.Context, model, id string) (*Record, uint64, error) {
	key := recordKey{model, id}
	r, err := t.Get(ctx, model, id)
	if err != nil {
		return nil, 0, err
	}
	if e, own := t.entries[key]; own {
		return r, e.base, nil
	}
	if r.Version != t.seen[key].version {
		return nil, 0, &ConflictError{Model: model, ID: id}
	}
	return r, r.Version, nil
}

func (t *Tx) onlyVisible(ctx context.Context, model string, r *Record) (*Record, error) {
	switch ok, err := t.visible(ctx, model, r, nil); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, ErrNotFound
	}
	return r, nil
}

// visible reports whether none of the records that r refers to, directly or
// through others, was deleted in this unit of work. path holds the records on
// the way, for references in a circle.
func (t *Tx) visible(ctx context.Context, model string, r *Record, path []recordKey) (bool, error) {
	if t.deletes == 0 {
		return true, nil
	}
	m, err := t.catalog.Model(model)
	if err != nil {
		return false, err
	}
	path = append(path, recordKey{model, r.ID})
	for _, ref := range m.References {
		to := recordKey{ref.To, r.Str(ref.Field)}
		if to.id == "" || slices.Contains(path, to) {
			continue
		}
		e, own := t.entries[to]
		if own && e.cur == nil {
			return false, nil
		}
		target := e.cur
		if !own {
			if parent, _ := t.catalog.Model(ref.To); len(parent.References) == 0 {
				continue
			}
			if target, err = t.read(ctx, to); errors.Is(err, ErrNotFound) {
				continue
			} else if err != nil {
				return false, err
			}
		}
		if ok, err := t.visible(ctx, ref.To, target, path); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// checkUnique reports a unique key of next that another record has, as far as
// can be seen now. Keys that old had already are not looked up, nor those with
// one of the fields that random names.
func (t *Tx) checkUnique(ctx context.Context, old *Record, model string, next *Record, random []string) error {
	m, err := t.catalog.Model(model)
	if err != nil {
		return err
	}
	for _, ix := range m.Indexes {
		place, unique := ix.EntryKey(next)
		if !unique || slices.ContainsFunc(ix.Fields, func(name string) bool { return slices.Contains(random, name) }) {
			continue
		}
		if old != nil {
			if was, _ := ix.EntryKey(old); bytes.Equal(was, place) {
				continue
			}
		}
		values := make([]document.Value, len(ix.Fields))
		for i, name := range ix.Fields {
			values[i] = next.Get(name)
		}
		switch taken, err := t.taken(ctx, m, ix.Name, values, next.ID); {
		case err != nil:
			return err
		case taken:
			return &ConflictError{Model: model, Index: ix.Name, ID: next.ID}
		}
	}
	return nil
}

// taken reports whether another record than the one with an id has a unique
// key.
func (t *Tx) taken(ctx context.Context, m *ModelInfo, index string, key []document.Value, id string) (bool, error) {
	if !t.touches(m) {
		r, err := t.find(ctx, m.Name, index, key)
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		return err == nil && r.ID != id, err
	}
	page, err := t.List(ctx, Query{Model: m.Name, Index: index, Key: key, Limit: 2})
	return slices.ContainsFunc(page.Records, func(r *Record) bool { return r.ID != id }), err
}
