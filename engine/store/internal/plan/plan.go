package plan

import (
	"bytes"
	"context"
	"fmt"

	"github.com/authhost/authhost/engine/store"
)

// Reader reads inside a driver's write transaction.
type Reader interface {
	// Record returns a record, or nil when there is none. Nobody else may
	// write it before the transaction ends.
	Record(ctx context.Context, model, id string) (*store.Record, error)
	// Exists reports whether a record is there. Nobody else may delete it
	// before the transaction ends.
	Exists(ctx context.Context, model, id string) (bool, error)
	// Referring returns the ids of the records whose field ref has the value
	// id.
	Referring(ctx context.Context, ref store.Reference, id string) ([]string, error)
}

// Change is one record before and after. Before is nil for a new one, After
// for a deleted one.
type Change struct {
	Model         *store.ModelInfo
	ID            string
	Before, After *store.Record
}

// Entry is one entry of an index.
type Entry struct {
	Model  *store.ModelInfo
	Index  *store.IndexInfo
	Key    []byte
	ID     string
	Unique bool // the key is not to be there already
}

// Plan is what a list of operations changes. Entries that stay are in neither
// list.
type Plan struct {
	Changes     []Change
	Remove, Add []Entry
}

// Check reports operations that do not fit the catalog or the limits, as an
// *store.InvalidError. Make does it too; a driver that prepares something for
// the operations calls it before.
func Check(catalog *store.Catalog, ops []store.Op) error {
	if len(ops) > store.MaxOps {
		return &store.InvalidError{Reason: fmt.Sprintf("%d operations at once; the limit is %d", len(ops), store.MaxOps)}
	}
	for i := range ops {
		if err := catalog.CheckOp(ops[i]); err != nil {
			return err
		}
	}
	return nil
}

type key struct{ model, id string }

type state struct {
	model       *store.ModelInfo
	before, now *store.Record
}

type maker struct {
	ctx     context.Context
	catalog *store.Catalog
	reader  Reader
	states  map[key]*state
	order   []key
}

// Make checks the operations in order and returns their outcome. It returns
// the errors that store.Tenant.Apply documents, except those for unique keys
// held by records outside the plan, which the driver finds.
func Make(ctx context.Context, catalog *store.Catalog, reader Reader, ops []store.Op) (*Plan, error) {
	if err := Check(catalog, ops); err != nil {
		return nil, err
	}
	m := &maker{ctx: ctx, catalog: catalog, reader: reader, states: make(map[key]*state, len(ops))}
	for i := range ops {
		if err := m.step(ops[i]); err != nil {
			return nil, err
		}
	}
	return m.finish()
}

func (m *maker) state(model, id string) (*state, error) {
	k := key{model, id}
	if s := m.states[k]; s != nil {
		return s, nil
	}
	info, err := m.catalog.Model(model)
	if err != nil {
		return nil, err
	}
	r, err := m.reader.Record(m.ctx, model, id)
	if err != nil {
		return nil, err
	}
	s := &state{model: info, before: r, now: r}
	m.states[k] = s
	m.order = append(m.order, k)
	return s, nil
}

func (m *maker) step(op store.Op) error {
	s, err := m.state(op.Model, op.ID)
	if err != nil {
		return err
	}
	if op.Kind != store.Insert && op.Version != 0 && (s.now == nil || s.now.Version != op.Version) {
		return &store.ConflictError{Model: op.Model, ID: op.ID}
	}
	if op.If.Len() > 0 {
		if err := m.expect(s, op); err != nil {
			return err
		}
	}
	switch op.Kind {
	case store.Insert:
		if s.now != nil {
			return &store.ConflictError{Model: op.Model, Index: "id", ID: op.ID}
		}
		s.now = store.NewRecord(op.ID, op.Fields)
	case store.Update:
		if s.now == nil {
			return store.ErrNotFound
		}
		s.now = s.now.With(op.Fields)
		return s.model.CheckSize(s.now)
	case store.Delete:
		return m.delete(s, op.ID)
	case store.Guard:
		if s.now == nil {
			return &store.ConflictError{Model: op.Model, ID: op.ID}
		}
	}
	return nil
}

// expect requires the record of an operation with the fields that it expects.
func (m *maker) expect(s *state, op store.Op) error {
	if s.now == nil {
		return store.ErrNotFound
	}
	return s.model.CheckIf(s.now, op.If)
}

// delete removes a record and, one level after the other, those that refer to
// it. A record is removed before its dependents are looked for, so references
// in a circle end.
func (m *maker) delete(s *state, id string) error {
	if s.now == nil {
		return nil
	}
	s.now = nil
	for _, ref := range s.model.Dependents {
		ids, err := m.reader.Referring(m.ctx, ref, id)
		if err != nil {
			return err
		}
		for k, other := range m.states {
			if k.model == ref.Model && other.now != nil && other.now.Str(ref.Field) == id {
				ids = append(ids, k.id)
			}
		}
		for _, child := range ids {
			c, err := m.state(ref.Model, child)
			if err != nil {
				return err
			}
			if c.now == nil || c.now.Str(ref.Field) != id {
				continue
			}
			if err := m.delete(c, child); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) finish() (*Plan, error) {
	p := &Plan{Changes: make([]Change, 0, len(m.order))}
	for _, k := range m.order {
		s := m.states[k]
		if s.before == s.now {
			continue
		}
		if err := m.checkReferences(s); err != nil {
			return nil, err
		}
		p.Changes = append(p.Changes, Change{Model: s.model, ID: k.id, Before: s.before, After: s.now})
		p.entries(s, k.id)
	}
	return p, p.checkUnique()
}

// checkReferences requires the records that a new or changed one refers to.
func (m *maker) checkReferences(s *state) error {
	if s.now == nil {
		return nil
	}
	for _, ref := range s.model.References {
		v := s.now.Get(ref.Field)
		if v.IsNullish() {
			continue
		}
		kept := s.before != nil && s.before.Get(ref.Field).Equal(v)
		if kept && m.states[key{ref.To, v.Str()}] == nil {
			continue // it was there, and this plan does not touch it
		}
		ok, err := m.exists(ref.To, v.Str())
		if err != nil {
			return err
		}
		if !ok {
			return &store.ConflictError{Model: s.model.Name, Index: ref.Field, ID: s.now.ID}
		}
	}
	return nil
}

func (m *maker) exists(model, id string) (bool, error) {
	if s := m.states[key{model, id}]; s != nil {
		return s.now != nil, nil
	}
	return m.reader.Exists(m.ctx, model, id)
}

// entries adds the difference between the entries of two versions.
func (p *Plan) entries(s *state, id string) {
	for _, ix := range s.model.Indexes {
		var old, now Entry
		if s.before != nil {
			old = EntryOf(s.model, ix, s.before)
		}
		if s.now != nil {
			now = EntryOf(s.model, ix, s.now)
		}
		if bytes.Equal(old.Key, now.Key) {
			continue
		}
		if old.Key != nil {
			p.Remove = append(p.Remove, old)
		}
		if now.Key != nil {
			p.Add = append(p.Add, now)
		}
	}
}

// EntryOf returns the entry of a record in an index.
func EntryOf(m *store.ModelInfo, ix *store.IndexInfo, r *store.Record) Entry {
	k, unique := ix.EntryKey(r)
	return Entry{Model: m, Index: ix, Key: k, ID: r.ID, Unique: unique}
}

// Conflict returns the error for an entry whose key is taken.
func (e Entry) Conflict() error {
	return &store.ConflictError{Model: e.Model.Name, Index: e.Index.Name, ID: e.ID}
}

// Place identifies an entry's key among all indexes.
func (e Entry) Place() string {
	return e.Model.Name + "\x00" + e.Index.Name + "\x00" + string(e.Key)
}

// checkUnique finds two records of the plan that want the same key.
func (p *Plan) checkUnique() error {
	if len(p.Add) < 2 {
		return nil
	}
	seen := make(map[string]bool, len(p.Add))
	for _, e := range p.Add {
		if seen[e.Place()] {
			return e.Conflict()
		}
		seen[e.Place()] = true
	}
	return nil
}
