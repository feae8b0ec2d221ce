package dispatch

import (
	"context"
	"errors"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// MaxAttempts is how often a unit of work is tried when its commit conflicts
// with a concurrent one.
const MaxAttempts = 3

// Tx returns the unit of work that is open, or nil.
func (ex *Exchange) Tx() *store.Tx { return ex.tx }

// Unit runs work as one unit: everything that it writes is committed
// atomically and durably when it returns nil, and dropped, with whatever it
// put into the response, when it returns an error. On a conflict with a
// concurrent unit it runs again, at most MaxAttempts times in all.
func (ex *Exchange) Unit(ctx context.Context, work func(context.Context) error) error {
	response, outcome := ex.Response.clone(), ex.outcome
	for attempt := 1; ; attempt++ {
		ex.tx = store.Begin(ex.Realm.Store)
		err := work(ctx)
		if err == nil {
			err = ex.tx.Commit(ctx)
		} else {
			ex.tx.Rollback()
		}
		ex.tx = nil
		if err == nil {
			return nil
		}
		ex.Response, ex.outcome, ex.observed = response.clone(), outcome, nil
		if attempt == MaxAttempts || !errors.Is(err, store.ErrConflict) {
			return err
		}
		ex.resolved = false
		ex.releaseInstances()
	}
}

type observation struct {
	event            string
	record, previous *document.Object
}

// Observe notes a committed record event; RunObservers delivers it.
func (ex *Exchange) Observe(event string, record, previous *document.Object) {
	if ex.set.Has(event) {
		ex.observed = append(ex.observed, observation{event, record.Clone(), cloneOrNil(previous)})
	}
}

func cloneOrNil(o *document.Object) *document.Object {
	if o == nil {
		return nil
	}
	return o.Clone()
}
