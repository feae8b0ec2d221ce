package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// ErrFull is returned by Appoint when the schedule has as many appointments as
// it may, and by Post when as many messages wait as may.
var ErrFull = errors.New("outbox: too many entries wait")

// Appoint makes an appointment as part of a unit of work: Plugin, Schedule, Key,
// Record and Time of e. One that is there for the key is replaced, in whatever
// state it is. There are at most most that are due, now or later. It returns the
// lane, for Worker.Committed.
func Appoint(ctx context.Context, tx *store.Tx, e Event, most int, now time.Time) (lane string, err error) {
	lane = e.lane()
	due := e.Time
	if due.Before(now) {
		due = now
	}
	fields := e.fields(StateDue, now.UnixMicro(), due)
	old, err := tx.Get(ctx, Model, lane)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	if err != nil || old.Str("state") != StateDue {
		if err := room(ctx, tx, e.Channel(), most); err != nil {
			return "", err
		}
	}
	if old != nil {
		_, err = tx.Update(ctx, Model, lane, fields)
	} else {
		_, err = tx.Insert(ctx, Model, lane, fields)
	}
	return lane, err
}

// room returns ErrFull if a schedule has as many appointments as it may.
func room(ctx context.Context, tx *store.Tx, channel string, most int) error {
	n, err := tx.Count(ctx, store.Query{Model: Model, Index: byChannel, Key: key(channel, StateDue), Limit: most})
	if err == nil && n >= most {
		err = ErrFull
	}
	return err
}

// Cancel takes an appointment back as part of a unit of work; it returns
// store.ErrNotFound if there is none to come. The id that it returns is for
// Forget: until then another one can be made for the key.
func Cancel(ctx context.Context, tx *store.Tx, plugin, schedule, key string, now time.Time) (id string, err error) {
	id = (&Event{Plugin: plugin, Schedule: schedule, Key: key}).lane()
	rec, err := tx.Get(ctx, Model, id)
	if err == nil && rec.Str("state") != StateDue {
		err = store.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	_, err = tx.Update(ctx, Model, id, ended(StateDone, now))
	return id, err
}

// Forget deletes those of the appointments with some ids that the unit of work
// has cancelled and not made anew. It is called last.
func Forget(ctx context.Context, tx *store.Tx, ids []string) error {
	for _, id := range ids {
		rec, err := tx.Get(ctx, Model, id)
		if err == nil && rec.Str("state") == StateDone {
			err = tx.Delete(ctx, Model, id)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Hasten makes an appointment due now; it returns store.ErrNotFound if there is
// none to come.
func (w *Worker) Hasten(ctx context.Context, plugin, schedule, key string) error {
	id := (&Event{Plugin: plugin, Schedule: schedule, Key: key}).lane()
	rec, err := w.config.Store.Get(ctx, Model, id)
	if err == nil && rec.Str("state") != StateDue {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	defer w.poke()
	return w.change(ctx, entry(rec), document.NewObject(1).Set("dueAt", document.Time(w.config.Now())))
}

// Claim ends an appointment whose handler is about to run, as part of the unit
// of work in which it runs: the handler may make another one for the key. It
// returns ErrTaken if the appointment is no longer what it was. Finish follows
// it.
func Claim(ctx context.Context, tx *store.Tx, e *Entry, now time.Time) error {
	rec, err := tx.Get(ctx, Model, e.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && rec.Version != e.version {
		return ErrTaken
	}
	if err != nil {
		return err
	}
	_, err = tx.Update(ctx, Model, e.ID, ended(StateDone, now))
	return err
}
