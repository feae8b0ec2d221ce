package boltstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

// maxBatch bounds the writes of one bbolt transaction, and so the time that
// the first of them waits for the others.
const maxBatch = 512

// request is one write on its way into a commit.
type request struct {
	do    func(w *writer) error
	alone bool // with a bbolt transaction of its own, when nothing is recent; do may be nil
	taken atomic.Bool
	err   error // valid after done is closed
	done  chan struct{}
}

// writer is what a request writes with: into what is recent, or, if it is alone,
// into the transaction. A request that returns an error has not written, unless
// the error is a writeError.
type writer struct {
	view
	changes []byte  // what was written, for the journal
	next    *layout // set by a request that grows the schema
}

// writeError is an error in the middle of a request's writes.
type writeError struct{ err error }

func (e *writeError) Error() string { return "boltstore: " + e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// submit has a write committed: at once if nobody commits, which saves two changes
// of goroutines, else by the commit goroutine with all that wait meanwhile. A
// context that ends takes back a write that has not begun; after that the
// outcome is waited for.
func (f *file) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.done = make(chan struct{})
	if f.commitNow(r) {
		return r.err
	}
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

// commitNow commits a write unless others are committed or wait.
func (f *file) commitNow(r *request) bool {
	f.closing.RLock()
	defer f.closing.RUnlock()
	if f.closed || !f.committing.TryLock() {
		return false
	}
	defer f.committing.Unlock()
	if len(f.queue) > 0 {
		return false
	}
	f.commitAll([]*request{r})
	return true
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
	defer f.quiet.Stop()
	for {
		select {
		case first, ok := <-f.queue:
			if !ok {
				return
			}
			f.committing.Lock()
			f.commitAll(f.fill(first))
			f.committing.Unlock()
		case <-f.quiet.C:
			f.committing.Lock()
			f.takeOver()
			f.committing.Unlock()
		}
	}
}

// fill returns a batch of the first request and of those that wait behind it.
func (f *file) fill(first *request) []*request {
	batch := []*request{first}
	for len(batch) < maxBatch {
		select {
		case r, ok := <-f.queue:
			if !ok {
				return batch
			}
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commitAll commits a batch in order, requests that want to be alone apart.
// f.committing is held.
func (f *file) commitAll(batch []*request) {
	for len(batch) > 0 {
		n := 1
		for !batch[0].alone && n < len(batch) && !batch[n].alone {
			n++
		}
		f.commit(batch[:n])
		batch = batch[n:]
	}
	if f.journal != nil && f.journal.full() {
		f.takeOver()
	}
	f.quiet.Reset(f.idle)
}

// takeOver is flush while nobody waits for it.
func (f *file) takeOver() {
	if f.failure() != nil {
		return
	}
	if err := guarded(f.path, f.flush); err != nil {
		_ = f.fail(err)
	}
}

// commit runs requests as one and answers them when that is on disk. When a
// write in the middle of a request is refused, that request fails and the others
// are run again without it.
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

// try runs requests and commits what they wrote. It returns the number of a
// request that broke it, or -1 and the error that holds for all.
func (f *file) try(live []*request) (broken int, err error) {
	if err := f.failure(); err != nil {
		return -1, err
	}
	broken = -1
	err = guarded(f.path, func() (err error) {
		if live[0].alone {
			return f.doAlone(live[0])
		}
		broken, err = f.do(live)
		return err
	})
	if err != nil {
		return -1, f.fail(err)
	}
	return broken, nil
}

// do runs requests on what is recent, and saves it.
func (f *file) do(live []*request) (broken int, err error) {
	v, err := f.begin(f.layout.Load())
	if err != nil {
		return -1, err
	}
	defer v.tx.Rollback() //nolint:errcheck // a read transaction has nothing to lose
	v.recent = v.recent.copy()
	w := &writer{view: v}
	broken = w.run(live)
	if err := v.tx.Rollback(); err != nil { // to save, the file may have to be mapped anew
		return -1, err
	}
	if broken >= 0 || len(w.changes) == 0 {
		return broken, nil
	}
	return -1, f.save(w)
}

// run runs requests one after the other, and returns the number of the first that
// failed after it had written, or -1.
func (w *writer) run(live []*request) (broken int) {
	for i, r := range live {
		r.err = r.do(w)
		var stop *writeError
		if errors.As(r.err, &stop) {
			return i
		}
	}
	return -1
}

// doAlone lets the file take over what is recent, and runs a request, if it does
// anything, with a transaction of the file.
func (f *file) doAlone(r *request) error {
	if err := f.flush(); err != nil || r.do == nil {
		return err
	}
	if err := errors.Join(f.needJournal(), f.verifyAll()); err != nil {
		return err
	}
	w := &writer{view: view{layout: f.layout.Load(), path: f.path}}
	err := f.update(func(tx *bolt.Tx) error {
		w.tx = tx
		r.err = r.do(w)
		return r.err
	})
	switch {
	case r.err != nil:
		return nil // nothing was written
	case err != nil:
		return err
	case w.next != nil:
		f.layout.Store(w.next)
	}
	return f.beginRound()
}

// fail makes every later call fail, and returns the error for this one. Of damage the
// tenant alone is told; after a write that failed the process is to end.
func (f *file) fail(cause error) error {
	told := f.onFailure
	err := fmt.Errorf("%w: %s: %w", ErrFailed, f.path, cause)
	if errors.Is(cause, store.ErrCorrupt) {
		told, err = f.onDamage, &store.QuarantineError{Cause: cause}
	}
	if f.failed.CompareAndSwap(nil, &err) && told != nil {
		told(err)
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
		if w.get(w.layout.indexes[e.Index], e.Key) != nil {
			return e.Conflict()
		}
	}
	return nil
}

func (w *writer) carryOut(p *plan.Plan) error {
	for _, e := range p.Remove {
		w.delete(w.layout.indexes[e.Index], e.Key)
	}
	for _, e := range p.Add {
		b := w.layout.indexes[e.Index]
		if err := w.put(b, e.Key, sealedEntry(b, e)); err != nil {
			return err
		}
	}
	for _, c := range p.Changes {
		b, key := w.layout.records[c.Model.Name], []byte(c.ID)
		if c.After == nil {
			w.delete(b, key)
			continue
		}
		value := sealed(b.seed, key, func(dst []byte) []byte { return appendRecord(dst, c.After) })
		if err := w.put(b, key, value); err != nil {
			return err
		}
	}
	return nil
}

// sealedEntry is what an index has for an entry.
func sealedEntry(b bucket, e plan.Entry) []byte {
	return sealed(b.seed, e.Key, func(dst []byte) []byte { return append(dst, e.ID...) })
}

// put refuses what bbolt would refuse later.
func (w *writer) put(b bucket, key, value []byte) error {
	switch {
	case len(key) == 0:
		return bolterrors.ErrKeyRequired
	case len(key) > bolt.MaxKeySize:
		return bolterrors.ErrKeyTooLarge
	case len(value) > bolt.MaxValueSize:
		return bolterrors.ErrValueTooLarge
	}
	w.changes = appendPut(w.changes, b.name, key, value)
	w.recent.set(b, key, value)
	return nil
}

func (w *writer) delete(b bucket, key []byte) {
	w.changes = appendDelete(w.changes, b.name, key)
	w.recent.set(b, key, nil)
}
