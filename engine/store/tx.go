package store

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"github.com/authhost/authhost/engine/document"
)

// Tx is a unit of work over a Tenant: its writes are buffered, its reads see
// them, and Commit applies them in one step.
//
// What was read stays as it was: a record that was read before, and one that was
// looked for and was not there, is not read again. Nothing is locked. An Update
// or Delete expects the record in the version in which this unit of work first
// read it, so a record that somebody else wrote in between makes it fail with
// ErrConflict, at the call or at Commit; then the whole unit of work is to be
// run again. Records that were only read are not checked, unless Guard is called
// for them.
//
// Records that it returns belong to the caller. A Tx is for one goroutine.
type Tx struct {
	tenant  Tenant
	catalog *Catalog
	seen    map[recordKey]sight // what was read
	found   map[string]finding  // what Find found, by what it looked for
	entries map[recordKey]entry // own writes and guards
	misses  []miss              // unique keys that were not there
	// doubtful is how many of them were looked for before a record was read.
	doubtful int
	undo     []undo
	after    []func()
	dropped  []func() // what takes back what is not in the store
	deletes  int      // entries that delete
	writes   int      // sequence of writes
	done     bool
	outcome  error // of Commit, or ErrTxDone after Rollback
}

type recordKey struct{ model, id string }

// entry is what a unit of work has done to one record. It is replaced, never
// changed, so that undo can keep old ones.
type entry struct {
	base  uint64           // version before; 0: was not there
	cur   *Record          // outcome; nil: deleted
	set   *document.Object // members changed since base; nil: only guarded
	order int              // of the last write
}

type undo struct {
	key  recordKey
	prev entry
	had  bool
}

// Mark is a point in a unit of work to which Rewind returns.
type Mark struct{ undo, after, dropped int }

// Begin starts a unit of work. It costs nothing until it is used; one that is
// dropped needs no Rollback.
func Begin(tenant Tenant) *Tx { return &Tx{tenant: tenant, catalog: tenant.Catalog()} }

func (t *Tx) put(key recordKey, e entry) {
	prev, had := t.entries[key]
	t.undo = append(t.undo, undo{key, prev, had})
	t.writes++
	e.order = t.writes
	t.count(prev, had, -1)
	t.count(e, true, +1)
	if t.entries == nil {
		t.entries = map[recordKey]entry{}
	}
	t.entries[key] = e
}

func (t *Tx) count(e entry, present bool, by int) {
	if present && e.cur == nil {
		t.deletes += by
	}
}

// Mark returns the present point, for Rewind.
func (t *Tx) Mark() Mark { return Mark{len(t.undo), len(t.after), len(t.dropped)} }

// Rewind drops every write and callback made since the mark. Marks made after
// it are no longer valid.
func (t *Tx) Rewind(m Mark) {
	if t.done {
		return
	}
	for len(t.undo) > m.undo {
		last := t.undo[len(t.undo)-1]
		t.undo = t.undo[:len(t.undo)-1]
		t.count(t.entries[last.key], true, -1)
		t.count(last.prev, last.had, +1)
		if last.had {
			t.entries[last.key] = last.prev
		} else {
			delete(t.entries, last.key)
		}
	}
	t.after = t.after[:m.after]
	t.drop(m.dropped)
}

// drop runs the callbacks of OnDrop from number n on, the last one first.
func (t *Tx) drop(n int) {
	for len(t.dropped) > n {
		f := t.dropped[len(t.dropped)-1]
		t.dropped = t.dropped[:len(t.dropped)-1]
		f()
	}
}

// OnCommit registers a function that runs after Commit has succeeded, in the
// order of registration.
func (t *Tx) OnCommit(f func()) { t.after = append(t.after, f) }

// OnDrop registers a function that runs when what was done since is dropped:
// by Rewind, by Rollback, or because Commit failed. It takes back what the
// unit of work did elsewhere than in the store.
func (t *Tx) OnDrop(f func()) { t.dropped = append(t.dropped, f) }

// Insert adds a record and returns it. It returns a *ConflictError when the id
// or a unique key is already taken, as far as can be seen now.
func (t *Tx) Insert(ctx context.Context, model, id string, fields *document.Object) (*Record, error) {
	if err := t.checkInsert(model, id, fields); err != nil {
		return nil, err
	}
	switch _, err := t.read(ctx, recordKey{model, id}); {
	case err == nil:
		return nil, &ConflictError{Model: model, Index: idField, ID: id}
	case !errors.Is(err, ErrNotFound):
		return nil, err
	}
	return t.insert(ctx, model, id, fields, nil)
}

// InsertNew is Insert for an id that was just made at random, as were the values
// of the fields that random names. Whether somebody has them is not looked up
// now: Commit refuses them then.
func (t *Tx) InsertNew(ctx context.Context, model, id string, fields *document.Object, random ...string) (*Record, error) {
	if err := t.checkInsert(model, id, fields); err != nil {
		return nil, err
	}
	return t.insert(ctx, model, id, fields, random)
}

// checkInsert refuses an insert that the catalog or this unit of work forbids.
func (t *Tx) checkInsert(model, id string, fields *document.Object) error {
	if t.done {
		return ErrTxDone
	}
	if err := t.catalog.CheckOp(Op{Kind: Insert, Model: model, ID: id, Fields: fields}); err != nil {
		return err
	}
	switch e, ok := t.entries[recordKey{model, id}]; {
	case ok && e.cur != nil:
		return &ConflictError{Model: model, Index: idField, ID: id}
	case ok && e.base > 0:
		return &InvalidError{Model: model, Field: idField, Reason: "the id was deleted in the same unit of work"}
	}
	return nil
}

func (t *Tx) insert(ctx context.Context, model, id string, fields *document.Object, random []string) (*Record, error) {
	r := NewRecord(id, fields)
	if err := t.checkUnique(ctx, nil, model, r, random); err != nil {
		return nil, err
	}
	t.put(recordKey{model, id}, entry{cur: r, set: r.Fields})
	return r.Clone(), nil
}

// Update replaces the members of a record that are in set, and returns the
// outcome. It returns ErrNotFound, or a *ConflictError when a unique key is
// taken or the record was written since this unit of work read it.
func (t *Tx) Update(ctx context.Context, model, id string, set *document.Object) (*Record, error) {
	if t.done {
		return nil, ErrTxDone
	}
	if err := t.catalog.CheckOp(Op{Kind: Update, Model: model, ID: id, Fields: set}); err != nil {
		return nil, err
	}
	old, base, err := t.current(ctx, model, id)
	if err != nil {
		return nil, err
	}
	next := old.With(set)
	if base > 0 {
		next.Version = base + 1
	} else {
		next.Version = 1
	}
	if err := t.checkUnique(ctx, old, model, next, nil); err != nil {
		return nil, err
	}
	key := recordKey{model, id}
	changed := t.entries[key].set.Clone()
	for name, v := range set.All() {
		changed.Set(name, v.Clone())
	}
	t.put(key, entry{base: base, cur: next, set: changed})
	return next.Clone(), nil
}

// Delete removes a record, and at Commit those that refer to it; this unit of
// work no longer sees either. It returns ErrNotFound when there is none.
func (t *Tx) Delete(ctx context.Context, model, id string) error {
	if t.done {
		return ErrTxDone
	}
	_, base, err := t.current(ctx, model, id)
	if err != nil {
		return err
	}
	t.put(recordKey{model, id}, entry{base: base})
	return nil
}

// Consume deletes the first record that Find returns, and returns it. Of
// several units of work that consume the same record exactly one commits.
func (t *Tx) Consume(ctx context.Context, model, index string, key ...document.Value) (*Record, error) {
	r, err := t.Find(ctx, model, index, key...)
	if err != nil {
		return nil, err
	}
	return r, t.Delete(ctx, model, r.ID)
}

// Increment adds by to a number field, null or absent counting as 0, and
// returns the new value. As an Update it conflicts with concurrent writes;
// Tenant.Increment does not.
func (t *Tx) Increment(ctx context.Context, model, id, field string, by int64) (int64, error) {
	r, err := t.Get(ctx, model, id)
	if err != nil {
		return 0, err
	}
	sum, err := AddTo(model, r, field, by)
	if err != nil {
		return 0, err
	}
	_, err = t.Update(ctx, model, id, document.NewObject(1).Set(field, document.Int(sum)))
	return sum, err
}

// Incremented tells the unit of work that a Tenant.Increment of its own, which
// is not part of it, went by: the record, if it was read before, is expected
// one version further on.
func (t *Tx) Incremented(model, id string) {
	key := recordKey{model, id}
	t.outdated(key)
	if e, ok := t.entries[key]; ok && e.base > 0 {
		e.base++
		t.entries[key] = e
	}
}

// AddTo returns a number field of a record plus by, null or absent counting as
// 0; an *InvalidError when the field is no integer or the sum does not fit in
// 64 bits.
func AddTo(model string, r *Record, field string, by int64) (int64, error) {
	n, ok := r.Int(field)
	if !ok && !r.Get(field).IsNullish() {
		return 0, &InvalidError{Model: model, Field: field, Reason: "not an integer"}
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		return 0, &InvalidError{Model: model, Field: field, Reason: "the sum does not fit in 64 bits"}
	}
	return n + by, nil
}

// Guard makes Commit fail with ErrConflict when the record is written by
// somebody else before. Use it for a record that was read to decide about
// writes to others.
func (t *Tx) Guard(ctx context.Context, model, id string) error {
	if t.done {
		return ErrTxDone
	}
	r, base, err := t.current(ctx, model, id)
	if err != nil {
		return err
	}
	key := recordKey{model, id}
	if _, own := t.entries[key]; !own {
		t.put(key, entry{base: base, cur: r})
	}
	return nil
}

// Commit applies the writes in one step and then runs the callbacks. A second
// call returns the outcome of the first.
func (t *Tx) Commit(ctx context.Context) error {
	if t.done {
		return t.outcome
	}
	t.done = true
	if ops := t.ops(); len(ops) > 0 {
		t.outcome = t.tenant.Apply(ctx, ops)
	}
	if t.outcome != nil {
		t.drop(0)
		return t.outcome
	}
	for _, f := range t.after {
		f()
	}
	return nil
}

// Rollback drops everything. After Commit it does nothing.
func (t *Tx) Rollback() {
	if !t.done {
		t.done, t.outcome = true, ErrTxDone
		t.drop(0)
	}
}

// Changed reports whether there are writes to commit.
func (t *Tx) Changed() bool {
	for _, e := range t.entries {
		if e.changes() {
			return true
		}
	}
	return false
}

// changes reports whether an entry is a write that is to be committed.
func (e entry) changes() bool {
	if e.cur == nil {
		return e.base > 0
	}
	return e.set != nil
}

// ops returns the net effect of the unit of work, in the order in which each
// record was last written.
func (t *Tx) ops() []Op {
	type item struct {
		op    Op
		order int
	}
	items := make([]item, 0, len(t.entries))
	for key, e := range t.entries {
		op := Op{Model: key.model, ID: key.id, Version: e.base}
		switch {
		case e.base == 0 && e.cur == nil:
			continue
		case e.base == 0:
			op.Kind, op.Fields = Insert, e.cur.Fields
		case e.cur == nil:
			op.Kind = Delete
		case e.set == nil:
			op.Kind = Guard
		default:
			op.Kind, op.Fields = Update, e.set
		}
		items = append(items, item{op, e.order})
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.order, b.order) })
	ops := make([]Op, len(items))
	for i := range items {
		ops[i] = items[i].op
	}
	return ops
}
