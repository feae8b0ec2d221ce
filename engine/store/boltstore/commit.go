package boltstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

// maxBatch bounds the writes of one bbolt transaction, and so the time that
// the first of them waits for the others.
const maxBatch = 512

// request is one write on its way to the commit goroutine.
type request struct {
	do    func(w *writer) error
	alone bool // in a bbolt transaction of its own
	taken atomic.Bool
	err   error // valid after done is closed
	done  chan struct{}
}

// writer is what a request writes with. A request that returns an error has
// not written, unless the error is a writeError.
type writer struct {
	view
	wrote   bool
	changes []byte  // what was written, for the journal
	writes  int     // how many changes these are
	next    *layout // set by a request that grows the schema
}

// writeError is an error of bbolt in the middle of a request's writes.
type writeError struct{ err error }

func (e *writeError) Error() string { return "boltstore: " + e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// submit hands a write to the commit goroutine and waits for its outcome. A
// context that ends takes back a write that has not begun; after that the
// outcome is waited for.
func (f *file) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.done = make(chan struct{})
	if err := f.enqueue(ctx, r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	if r.taken.CompareAndSwap(false, true) {
		return ctx.Err()
	}
	<-r.done
	return r.err
}

func (f *file) enqueue(ctx context.Context, r *request) error {
	f.closing.RLock()
	defer f.closing.RUnlock()
	if f.closed {
		return store.ErrClosed
	}
	select {
	case f.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run is the commit goroutine. It ends when the queue is closed and empty.
func (f *file) run() {
	defer close(f.stopped)
	for first := range f.queue {
		batch := []*request{first}
	fill:
		for len(batch) < maxBatch {
			select {
			case r, ok := <-f.queue:
				if !ok {
					break fill
				}
				batch = append(batch, r)
			default:
				break fill
			}
		}
		f.commitAll(batch)
	}
}

// commitAll commits a batch in order, requests that want to be alone apart.
func (f *file) commitAll(batch []*request) {
	for len(batch) > 0 {
		n := 1
		for !batch[0].alone && n < len(batch) && !batch[n].alone {
			n++
		}
		f.commit(batch[:n])
		batch = batch[n:]
	}
}

// commit runs requests in one bbolt transaction and answers them when it is on
// disk. When bbolt refuses a write in the middle of a request, that request
// fails and the others are run again without it.
func (f *file) commit(batch []*request) {
	live := make([]*request, 0, len(batch))
	for _, r := range batch {
		if r.taken.CompareAndSwap(false, true) {
			live = append(live, r)
		}
	}
	for len(live) > 0 {
		broken, err := f.try(live)
		if broken < 0 {
			for _, r := range live {
				if err != nil {
					r.err = err
				}
				close(r.done)
			}
			return
		}
		close(live[broken].done)
		live = append(live[:broken], live[broken+1:]...)
	}
}

// try runs requests in one transaction and commits it. It returns the number
// of a request that broke it, or -1 and the error that holds for all.
func (f *file) try(live []*request) (broken int, err error) {
	broken = -1
	if err := f.failure(); err != nil {
		return broken, err
	}
	var w *writer
	err = guarded(f.path, func() error {
		tx, err := f.db.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
		w = &writer{view: view{tx: tx, layout: f.layout.Load(), path: f.path}}
		for i, r := range live {
			r.err = r.do(w)
			var stop *writeError
			if errors.As(r.err, &stop) || r.err != nil && r.alone {
				broken = i
				return nil
			}
		}
		if !w.wrote {
			return nil
		}
		return f.save(w)
	})
	if err != nil {
		return -1, f.fail(err)
	}
	if broken < 0 && w.next != nil {
		f.layout.Store(w.next)
	}
	return broken, nil
}

// fail makes every later call fail, and returns the error for this one.
func (f *file) fail(cause error) error {
	err := fmt.Errorf("%w: %s: %w", ErrFailed, f.path, cause)
	if f.failed.CompareAndSwap(nil, &err) && f.onFailure != nil {
		f.onFailure(err)
	}
	return err
}

// failure returns the error that made the file fail, or nil.
func (f *file) failure() error {
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// apply plans operations and carries the plan out.
func (w *writer) apply(ctx context.Context, ops []store.Op) error {
	p, err := plan.Make(ctx, w.layout.catalog, w, ops)
	if err != nil {
		return err
	}
	if err := w.checkTaken(p); err != nil {
		return err
	}
	if len(p.Changes) == 0 {
		return nil
	}
	w.wrote = true
	if err := w.carryOut(p); err != nil {
		return &writeError{err}
	}
	return nil
}

// checkTaken finds unique keys that records outside the plan have.
func (w *writer) checkTaken(p *plan.Plan) error {
	leaving := make(map[string]bool, len(p.Remove))
	for _, e := range p.Remove {
		leaving[e.Place()] = true
	}
	for _, e := range p.Add {
		if !e.Unique || leaving[e.Place()] {
			continue
		}
		if w.bucket(w.layout.indexes[e.Index]).Get(e.Key) != nil {
			return e.Conflict()
		}
	}
	return nil
}

// bucket returns a bucket of the layout; growing the schema made all of them.
func (w *writer) bucket(b bucket) *bolt.Bucket { return w.tx.Bucket(b.name) }

func (w *writer) carryOut(p *plan.Plan) error {
	for _, e := range p.Remove {
		if err := w.delete(w.layout.indexes[e.Index], e.Key); err != nil {
			return err
		}
	}
	for _, e := range p.Add {
		if err := w.addEntry(w.layout.indexes[e.Index], e); err != nil {
			return err
		}
	}
	for _, c := range p.Changes {
		b, key := w.layout.records[c.Model.Name], []byte(c.ID)
		if c.After == nil {
			if err := w.delete(b, key); err != nil {
				return err
			}
			continue
		}
		value := sealed(b.seed, key, func(dst []byte) []byte { return appendRecord(dst, c.After) })
		if err := w.put(b, key, value); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) addEntry(b bucket, e plan.Entry) error {
	return w.put(b, e.Key, sealed(b.seed, e.Key, func(dst []byte) []byte { return append(dst, e.ID...) }))
}

func (w *writer) put(b bucket, key, value []byte) error {
	w.writes++
	w.changes = appendPut(w.changes, b.name, key, value)
	return w.bucket(b).Put(key, value)
}

func (w *writer) delete(b bucket, key []byte) error {
	w.writes++
	w.changes = appendDelete(w.changes, b.name, key)
	return w.bucket(b).Delete(key)
}
