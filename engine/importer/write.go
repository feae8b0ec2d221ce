package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// prunePage is how many records are looked at in one step of pruning.
const prunePage = store.MaxLimit

// prune deletes what the source does not have, those that refer first. In a
// dry run it only counts.
func (r *run) prune(ctx context.Context) error {
	for _, t := range slices.Backward(r.tables) {
		q := store.Query{Model: t.model.Name, Limit: prunePage}
		for {
			page, err := r.target.Store.List(ctx, q)
			if err != nil {
				return err
			}
			var ops []store.Op
			for _, rec := range page.Records {
				if !t.ids.has(r.seed, rec.ID) && !t.refused[rec.ID] {
					ops = append(ops, store.Op{Kind: store.Delete, Model: t.model.Name, ID: rec.ID})
				}
			}
			t.report.Pruned += int64(len(ops))
			if len(ops) > 0 && !r.DryRun {
				if err := r.target.Store.Apply(ctx, ops); err != nil {
					return err
				}
			}
			if q.Cursor = page.Cursor; q.Cursor == "" {
				break
			}
		}
	}
	return nil
}

// write is the second pass. Its counts replace those of the first.
func (r *run) write(ctx context.Context) error {
	for _, t := range r.tables {
		n := t.report
		n.New, n.Changed, n.Unchanged, n.Kept = 0, 0, 0, 0
		b := &batch{run: r, table: t}
		err := r.eachRow(ctx, t, PassWrite, func(row *document.Object) error { return b.row(ctx, row) })
		if err == nil {
			err = b.flush(ctx)
		}
		if err != nil {
			return err
		}
	}
	return r.writeKeys(ctx)
}

// batch gathers the writes of one transaction.
type batch struct {
	*run
	table *table
	ops   []store.Op
}

func (b *batch) row(ctx context.Context, row *document.Object) error {
	m, f := b.convert(b.table, row)
	if f != nil || b.table.refused[m.id] || b.outdated(b.table, m) != nil {
		return nil
	}
	count, kind, err := &b.table.report.New, store.Insert, error(nil)
	if !b.table.empty {
		count, kind, err = b.decide(ctx, b.table, m)
	}
	if err != nil {
		return err
	}
	*count++
	if kind == 0 {
		return nil
	}
	b.table.samples.add(m)
	fields, err := b.sealed(m)
	if err != nil {
		return err
	}
	b.ops = append(b.ops, store.Op{Kind: kind, Model: b.table.model.Name, ID: m.id, Fields: fields})
	if len(b.ops) < b.Batch {
		return nil
	}
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.ops) == 0 {
		return nil
	}
	err := b.target.Store.Apply(ctx, b.ops)
	b.ops = b.ops[:0]
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("importer: %s: the tenant was changed during the import: %w; stop the server, and run the import again: it goes on where it ended", b.table.Name, err)
	}
	return err
}

// maxSamples bounds the rows of a table that are compared after the writing.
const maxSamples = 200

// samples are rows spread evenly over all that were added.
type samples struct {
	rows         []mapped
	seen, stride int
}

func (s *samples) add(m mapped) {
	s.stride = max(s.stride, 1)
	if s.seen%s.stride == 0 {
		s.rows = append(s.rows, m)
	}
	s.seen++
	if len(s.rows) == maxSamples {
		for i := range maxSamples / 2 {
			s.rows[i] = s.rows[2*i]
		}
		s.rows, s.stride = s.rows[:maxSamples/2], 2*s.stride
	}
}

// verify reads back what was written: the number of all records, and the
// content of some.
func (r *run) verify(ctx context.Context) error {
	for _, t := range r.tables {
		have, err := r.countStored(ctx, t)
		if err != nil {
			return err
		}
		if want := t.report.stored(); have != want {
			return fmt.Errorf("importer: %s: %d record(s) are there and %d should be; run the import again", t.Name, have, want)
		}
		for _, m := range t.samples.rows {
			rec, err := r.target.Store.Get(ctx, t.model.Name, m.id)
			if err != nil {
				return fmt.Errorf("importer: %s: reading %q back: %w", t.Name, m.id, err)
			}
			if !r.same(rec, m) {
				return fmt.Errorf("importer: %s: the record %q is not what was written; was the server running? Run the import again", t.Name, m.id)
			}
			r.report.Verified++
		}
	}
	return nil
}

// countStored counts the records of a model that the source has.
func (r *run) countStored(ctx context.Context, t *table) (n int64, err error) {
	q := store.Query{Model: t.model.Name, Limit: store.MaxLimit}
	for {
		page, err := r.target.Store.List(ctx, q)
		if err != nil {
			return 0, err
		}
		for _, rec := range page.Records {
			if t.ids.has(r.seed, rec.ID) {
				n++
			}
		}
		r.Progress(Progress{Pass: PassVerify, Table: t.Name, Done: n, Total: t.report.stored()})
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return n, nil
		}
	}
}
