package store

import (
	"context"
	"errors"
	"slices"

	"github.com/authhost/authhost/engine/document"
)

// sight is what a unit of work has seen of a stored record.
type sight struct {
	version uint64  // in which it was first read; 0: it was not there
	record  *Record // as it was then; nil: not kept
}

// finding is what a unit of work has found by a key: a record in a version, or
// none.
type finding struct {
	id      string // "": none
	version uint64
}

// A miss is a unique key that nothing had when it was looked for.
type miss struct {
	model, index string
	key          []document.Value
}

// missed remembers a key of a unique index that nothing has.
func (t *Tx) missed(model, index string, key []document.Value) {
	m, err := t.catalog.Model(model)
	if err != nil || len(t.misses) == maxSights {
		return
	}
	for _, ix := range m.Indexes {
		if ix.Name == index && ix.Unique && len(ix.Fields) == len(key) {
			t.misses = append(t.misses, miss{model, index, slices.Clone(key)})
		}
	}
}

// Recheck returns a *ConflictError that is an ErrStale when this unit of work
// has seen a state that there never was: it did not find a unique key, then
// found other records, and now the key is there. Somebody may have written both
// in between. Units of work that decide by what they did not find, such as
// whether an account is new, are to be run again then.
func (t *Tx) Recheck(ctx context.Context) error {
	if t.done {
		return ErrTxDone
	}
	for _, m := range t.misses[:t.doubtful] {
		r, err := t.tenant.Find(ctx, m.model, m.index, m.key...)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if _, own := t.entries[recordKey{m.model, r.ID}]; own {
			continue // it was not there because this unit of work has written it
		}
		switch visible, err := t.visible(ctx, m.model, r, nil); {
		case err != nil:
			return err
		case visible:
			return &ConflictError{Model: m.model, ID: r.ID}
		}
	}
	return nil
}

// Unchanged returns a *ConflictError that is an ErrStale when a record that this
// unit of work has read was written or deleted since.
func (t *Tx) Unchanged(ctx context.Context) error {
	if t.done {
		return ErrTxDone
	}
	for key, s := range t.seen {
		if s.version == 0 {
			continue
		}
		r, err := t.tenant.Get(ctx, key.model, key.id)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && r.Version != s.version:
			return &ConflictError{Model: key.model, ID: key.id}
		case err != nil:
			return err
		}
	}
	return nil
}

// maxSights bounds the records that a unit of work keeps, and the findings. Of
// further records it keeps the versions alone, and reads them again.
const maxSights = 256

// read returns a stored record, as it was when it was first read.
func (t *Tx) read(ctx context.Context, key recordKey) (*Record, error) {
	s, seen := t.seen[key]
	switch {
	case s.record != nil:
		return s.record.Clone(), nil
	case seen && s.version == 0:
		return nil, ErrNotFound
	}
	r, err := t.tenant.Get(ctx, key.model, key.id)
	if err == nil {
		return t.noted(key.model, r), nil
	}
	if errors.Is(err, ErrNotFound) && !seen {
		t.note(key, sight{})
	}
	return nil, err
}

// noted remembers a record that was read, and returns it.
func (t *Tx) noted(model string, r *Record) *Record {
	t.doubtful = len(t.misses)
	key := recordKey{model, r.ID}
	s := t.seen[key]
	if s.version == 0 {
		s.version = r.Version
	}
	if s.record == nil && s.version == r.Version && len(t.seen) < maxSights {
		s.record = r.Clone()
	}
	t.note(key, s)
	return r
}

func (t *Tx) note(key recordKey, s sight) {
	if t.seen == nil {
		t.seen = map[recordKey]sight{}
	}
	t.seen[key] = s
}

// outdated forgets what a record was before an increment of one's own.
func (t *Tx) outdated(key recordKey) {
	clear(t.found)
	switch s, seen := t.seen[key]; {
	case s.version > 0:
		t.seen[key] = sight{version: s.version + 1}
	case seen:
		delete(t.seen, key)
	}
}

// find is Find among the stored records. It looks for a key once.
func (t *Tx) find(ctx context.Context, model, index string, key []document.Value) (*Record, error) {
	buf := make([]byte, 0, 128)
	buf = append(append(append(append(buf, model...), 0), index...), 0)
	for _, v := range key {
		buf = AppendKey(buf, v)
	}
	past, asked := t.found[string(buf)]
	if asked && past.id == "" {
		return nil, ErrNotFound
	}
	if r := t.seen[recordKey{model, past.id}].record; asked && r != nil && r.Version == past.version {
		return r.Clone(), nil
	}
	r, err := t.tenant.Find(ctx, model, index, key...)
	var now finding
	switch {
	case err == nil:
		now = finding{r.ID, r.Version}
		t.noted(model, r)
	case !errors.Is(err, ErrNotFound):
		return nil, err
	default:
		t.missed(model, index, key)
	}
	if t.found == nil {
		t.found = map[string]finding{}
	}
	if len(t.found) < maxSights {
		t.found[string(buf)] = now
	}
	return r, err
}
