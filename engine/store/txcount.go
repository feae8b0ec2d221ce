package store

import (
	"context"
	"errors"
	"fmt"
)

// touches reports whether this unit of work sees other records of a model than
// those that are stored.
func (t *Tx) touches(m *ModelInfo) bool {
	if t.deletes > 0 && len(m.References) > 0 {
		return true // those that refer to a deleted one are gone
	}
	for key := range t.entries {
		if key.model == m.Name {
			return true
		}
	}
	return false
}

// UniqueFields returns the fields that tell the records of a model apart, each
// for itself: "id" and those that are declared unique. There are none of an
// unknown model.
func (t *Tx) UniqueFields(model string) []string {
	m, err := t.catalog.Model(model)
	if err != nil {
		return nil
	}
	names := []string{idField}
	for _, ix := range m.Indexes {
		if ix.Unique && len(ix.Fields) == 1 {
			names = append(names, ix.Fields[0])
		}
	}
	return names
}

// GetMany returns the records with some ids, up to MaxLimit of them, in the
// order of ids: those that are there, and each once.
func (t *Tx) GetMany(ctx context.Context, model string, ids []string) ([]*Record, error) {
	if t.done {
		return nil, ErrTxDone
	}
	m, err := t.catalog.Model(model)
	if err != nil {
		return nil, err
	}
	if ids, err = UniqueIDs(model, ids); err != nil {
		return nil, err
	}
	stored, err := t.tenant.GetMany(ctx, model, ids)
	if err != nil {
		return nil, err
	}
	if !t.touches(m) {
		for _, r := range stored {
			t.noted(model, r)
		}
		return stored, nil
	}
	return t.overlay(ctx, model, ids, stored)
}

// overlay returns the records with some ids as this unit of work sees them.
func (t *Tx) overlay(ctx context.Context, model string, ids []string, stored []*Record) ([]*Record, error) {
	var out []*Record
	for _, id := range ids {
		var r *Record
		if len(stored) > 0 && stored[0].ID == id {
			r, stored = stored[0], stored[1:]
		}
		if e, own := t.entries[recordKey{model, id}]; own {
			r = e.cur.Clone()
		} else if r != nil {
			t.noted(model, r)
		}
		if r == nil {
			continue
		}
		visible, err := t.visible(ctx, model, r, nil)
		if err != nil {
			return nil, err
		}
		if visible {
			out = append(out, r)
		}
	}
	return out, nil
}

// Count returns how many records List would find, on all pages together and
// without q.Offset. It stops at q.Limit, which has no default here. See
// Tenant.Count for what it costs. When this unit of work has deleted records
// that those of the model may refer to, it reads them all, up to MaxExamined.
func (t *Tx) Count(ctx context.Context, q Query) (int, error) {
	if t.done {
		return 0, ErrTxDone
	}
	scan, err := t.catalog.Scan(q)
	if err != nil {
		return 0, err
	}
	q.Offset = 0
	switch {
	case !t.touches(scan.Model):
		return t.tenant.Count(ctx, q)
	case t.deletes > 0 && len(scan.Model.References) > 0:
		return t.countVisible(ctx, q, scan)
	}
	if q.Limit > 0 {
		q.Limit += len(t.entries)
	}
	n, err := t.tenant.Count(ctx, q)
	if err != nil {
		return 0, err
	}
	for key, e := range t.entries {
		if key.model != q.Model {
			continue
		}
		if e.cur != nil && scan.Has(e.cur) {
			n++
		}
		if e.base == 0 {
			continue
		}
		before, err := t.tenant.Get(ctx, key.model, key.id)
		if err == nil && scan.Has(before) {
			n--
		} else if err != nil && !errors.Is(err, ErrNotFound) {
			return 0, err
		}
	}
	return scan.capped(n), nil
}

// capped returns a count that stops where the scan says.
func (s Scan) capped(n int) int {
	if s.Max > 0 {
		return min(n, s.Max)
	}
	return n
}

// countVisible counts page by page.
func (t *Tx) countVisible(ctx context.Context, q Query, scan Scan) (int, error) {
	n := 0
	for q.Limit = MaxLimit; ; {
		page, err := t.List(ctx, q)
		if err != nil {
			return 0, err
		}
		n += len(page.Records)
		switch q.Cursor = page.Cursor; {
		case q.Cursor == "" || scan.Max > 0 && n >= scan.Max:
			return scan.capped(n), nil
		case n >= MaxExamined:
			return 0, &LimitError{Model: q.Model, Reason: fmt.Sprintf(
				"more than %d records to count one by one, in a unit of work that has deleted some that they may refer to", n)}
		}
	}
}
