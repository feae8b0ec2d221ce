package dispatch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

const (
	// MaxAttempts is how often a unit of work is tried when it conflicts with
	// what is stored, in another way than by the version of a record: running
	// again seldom changes that.
	MaxAttempts = 5
	// unitTime is how long a unit of work is tried that conflicts with
	// concurrent ones and whose context has no deadline.
	unitTime = 10 * time.Second
	// firstPause and longestPause bound the waits between attempts, which
	// double, and of which a random part is taken.
	firstPause   = time.Millisecond
	longestPause = 100 * time.Millisecond
)

// Tx returns the unit of work that is open, or nil. It begins when it is first
// asked for: most hooks neither read nor write.
func (ex *Exchange) Tx() *store.Tx {
	if ex.open && ex.tx == nil {
		ex.tx = store.Begin(ex.Realm.Store)
	}
	return ex.tx
}

// Work returns the open unit of work for changes of records, whose hooks are
// those of this exchange.
func (ex *Exchange) Work() store.Work { return store.Work{Tx: ex.Tx(), Hooks: ex, Now: ex.Now} }

// mark returns a point in the open unit of work, for rewind.
func (ex *Exchange) mark() store.Mark {
	if ex.tx == nil {
		return store.Mark{} // its beginning
	}
	return ex.tx.Mark()
}

// rewind drops what the open unit of work did since a mark.
func (ex *Exchange) rewind(m store.Mark) {
	if ex.tx != nil {
		ex.tx.Rewind(m)
	}
}

// Unit runs work as one unit: everything that it writes is committed
// atomically and durably when it returns nil, and dropped, with whatever it
// put into the request and the response, when it returns an error. On a
// conflict with a concurrent unit it runs again, after a short pause, until one
// attempt gets through or the time of the request is over. The error is then
// still a store.ErrConflict, and an answer that asks the client to try later.
func (ex *Exchange) Unit(ctx context.Context, work func(context.Context) error) error {
	request, clients, messages := ex.Request, ex.Session.save(), ex.messages
	response, pending := ex.Response.snapshot(), ex.pending
	ex.effects = effects{}
	defer ex.letGo(ctx)
	tries := newTries(ctx)
	for {
		ex.ownRequest = false
		ex.effects.rewind()
		err := ex.attempt(ctx, work)
		if err == nil {
			return nil
		}
		ex.Request, ex.messages = request, messages
		ex.Response, ex.pending = response.snapshot(), pending
		ex.Session.restore(clients)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		ex.releaseInstances()
		if !tries.again(ctx, err) {
			return apierror.Unavailable(err)
		}
	}
}

// tries counts the attempts at a unit of work.
type tries struct {
	n     int
	pause time.Duration
	end   time.Time
}

func newTries(ctx context.Context) tries {
	end, limited := ctx.Deadline()
	if !limited {
		end = time.Now().Add(unitTime)
	}
	return tries{pause: firstPause, end: end}
}

// again waits until it is time for another attempt after a conflict; false
// means that there is none.
func (t *tries) again(ctx context.Context, conflict error) bool {
	t.n++
	wait := t.pause/2 + rand.N(t.pause/2)
	t.pause = min(2*t.pause, longestPause)
	if t.n >= MaxAttempts && !errors.Is(conflict, store.ErrStale) || time.Now().Add(wait).After(t.end) {
		return false
	}
	return sleep(ctx, wait) == nil
}

func (ex *Exchange) attempt(ctx context.Context, work func(context.Context) error) error {
	ex.open, ex.unitFault, ex.durable, ex.cancelled = true, nil, nil, nil
	defer func() { ex.open, ex.tx = false, nil }()
	err := work(ctx)
	if ex.unitFault != nil {
		err = ex.unitFault
	}
	if err == nil {
		err = ex.enqueue(ctx)
	}
	if ex.tx != nil && !errors.Is(err, store.ErrConflict) {
		// What was answered may rest on a state that there never was.
		if moved := ex.tx.Recheck(ctx); errors.Is(moved, store.ErrConflict) || err == nil {
			err = moved
		}
	}
	switch {
	case ex.tx == nil:
		return err
	case err != nil:
		ex.tx.Rollback()
		return err
	}
	wrote, start := ex.tx.Changed(), time.Now()
	if wrote {
		ex.releaseInstances() // others can use them while this one waits for the disk
	}
	err = ex.tx.Commit(ctx)
	if wrote && ex.observer != nil {
		ex.observer.Stored(time.Since(start), err)
	}
	return err
}

// MaxMessages bounds the mails and text messages that one request, or one run
// of a schedule, sends.
const MaxMessages = 100

// CountMessage counts a mail or text message that the open unit of work is to
// send. Beyond MaxMessages it is a *Refusal.
func (ex *Exchange) CountMessage() error {
	if ex.messages >= MaxMessages {
		return &Refusal{Status: pluginapi.StatusLimit, Message: fmt.Sprintf("a request sends at most %d mails and text messages", MaxMessages)}
	}
	ex.messages++
	return nil
}

// FailUnit makes the open unit of work fail with err, whatever the handler that
// is running makes of it.
func (ex *Exchange) FailUnit(err error) {
	if ex.unitFault == nil {
		ex.unitFault = err
	}
}

// changeRequest makes the request's parts this exchange's own, so that they
// can be changed and the original brought back.
func (ex *Exchange) changeRequest() *Request {
	ex.bodyText = encoded{}
	if !ex.ownRequest {
		ex.Request.Body, ex.Request.Headers, ex.Request.Query = ex.Request.Body.Clone(), ex.Request.Headers.Clone(), ex.Request.Query.Clone()
		ex.ownRequest = true
	}
	return &ex.Request
}

type observation struct {
	event            string
	record, previous *document.Object
}

// Observed reports whether there are record events for RunObservers.
func (ex *Exchange) Observed() bool { return len(ex.observed) > 0 }

// Happened raises an event about a record that the open unit of work has
// written. What is to be delivered durably is written with it; RunObservers
// delivers the rest once it is committed.
func (ex *Exchange) Happened(event string, record *store.Record, previous *document.Object) {
	ex.noteDurable(event, record, previous)
	ex.Tx().OnCommit(func() {
		if ex.observer != nil {
			ex.observer.Committed(ex, event, record.Fields)
		}
		if ex.set.Has(event) {
			ex.observed = append(ex.observed, observation{event, record.Fields.Clone(), cloneOrNil(previous)})
		}
	})
}

func cloneOrNil(o *document.Object) *document.Object {
	if o == nil {
		return nil
	}
	return o.Clone()
}
