package outbox

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Times between two attempts: they double from the first to the longest.
const (
	firstDelay   = time.Second
	longestDelay = 10 * time.Minute
)

// maxError bounds what is kept of why a delivery failed, in bytes.
const maxError = 500

// backoff returns how long to wait after a number of failed attempts. Entries
// differ by up to a fifth, so that they do not all come back at once.
func backoff(attempts int, id string) time.Duration {
	d := longestDelay
	if attempts < 11 {
		d = min(firstDelay<<max(attempts-1, 0), longestDelay)
	}
	h := fnv.New32a()
	_, _ = h.Write(append([]byte(id), byte(attempts)))
	return d - d/5 + time.Duration(uint64(d)*2/5*uint64(h.Sum32()%1000)/1000)
}

// finish ends an entry as part of a unit of work.
func (w *Worker) finish(ctx context.Context, tx *store.Tx, e *Entry) error {
	rec, err := tx.Get(ctx, Model, e.ID)
	if errors.Is(err, store.ErrNotFound) {
		return ErrTaken
	}
	if err != nil {
		return err
	}
	switch {
	case e.Schedule != "" && rec.Str("state") != StateDone:
		return nil // its handler has made the appointment anew
	case e.Schedule == "" && rec.Version != e.version:
		return ErrTaken
	case w.config.KeepDone <= 0 || e.Message != "":
		return tx.Delete(ctx, Model, e.ID)
	case e.Schedule != "":
		return nil // Claim has ended it
	}
	_, err = tx.Update(ctx, Model, e.ID, ended(StateDone, w.config.Now()))
	return err
}

// ended takes an entry out of its lane.
func ended(state string, now time.Time) *document.Object {
	return document.NewObject(5).
		Set("state", document.Text(state)).
		Set("lane", document.NullValue()).
		Set("dueAt", document.Time(now))
}

// failed notes a failed attempt.
func (w *Worker) failed(ctx context.Context, e *Entry, reason error) error {
	now := w.config.Now()
	text := reason.Error()
	text = text[:min(len(text), maxError)]
	var refused *Refused
	set, outcome, write := document.NewObject(5), OutcomeRetry, w.change
	if errors.As(reason, &refused) || w.tooLate(e, now) {
		set, outcome, write = ended(StateDead, now), OutcomeDead, w.bury
	} else {
		set.Set("dueAt", document.Time(now.Add(backoff(e.Attempts+1, e.ID))))
	}
	set.Set("attempts", document.Int(int64(e.Attempts)+1)).Set("lastError", document.Text(validText(text)))
	if err := write(ctx, e, set); err != nil {
		return err
	}
	e.LastError = text
	w.config.Observe(e, outcome)
	log := w.config.Logger.Info
	if outcome == OutcomeDead {
		log = w.config.Logger.Error
	} else if e.Attempts == 0 {
		log = w.config.Logger.Warn
	}
	log("delivery failed", "channel", e.Channel(), "event", e.Name, "entry", e.ID, "attempt", e.Attempts+1, "outcome", outcome, "error", text)
	return nil
}

// tooLate reports whether an entry that has failed once more is given up.
func (w *Worker) tooLate(e *Entry, now time.Time) bool {
	age := now.Sub(e.queued)
	if e.Message != "" {
		return age >= w.config.GiveUpMessagesAfter || e.Attempts+1 >= MaxMessageAttempts
	}
	return age >= w.config.GiveUpAfter
}

// change updates an entry unless somebody else has.
func (w *Worker) change(ctx context.Context, e *Entry, set *document.Object) error {
	return w.apply(ctx, store.Op{Kind: store.Update, Model: Model, ID: e.ID, Version: e.version, Fields: set})
}

// apply changes entries unless somebody else has.
func (w *Worker) apply(ctx context.Context, ops ...store.Op) error {
	err := w.config.Store.Apply(ctx, ops)
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// first returns the first entry of a lane, nil if it is empty.
func (w *Worker) first(ctx context.Context, lane string) (*Entry, error) {
	rec, err := w.config.Store.Find(ctx, Model, byLane, document.Text(lane))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return entry(rec), nil
}

// makeDue makes the first entry of a lane due, if it waits: what it waited for
// is done.
func (w *Worker) makeDue(ctx context.Context, lane string) error {
	e, err := w.first(ctx, lane)
	if err != nil || e == nil || e.State != StateWaiting {
		return err
	}
	now := document.Time(w.config.Now())
	return w.change(ctx, e, document.NewObject(2).Set("state", document.Text(StateDue)).Set("dueAt", now))
}

// demote lets an entry wait that is due though it is not the first: two units
// of work found the lane empty.
func (w *Worker) demote(ctx context.Context, first, e *Entry) error {
	if first.ID == e.ID {
		return nil // it was changed since; the next look finds it
	}
	if err := w.change(ctx, e, document.NewObject(1).Set("state", document.Text(StateWaiting))); err != nil {
		return err
	}
	return w.makeDue(ctx, e.lane())
}

// makeDirtyDue makes due the first entries of the lanes that Committed named.
func (w *Worker) makeDirtyDue(ctx context.Context) error {
	w.mu.Lock()
	lanes := w.dirty
	w.dirty = map[string]bool{}
	w.mu.Unlock()
	for lane := range lanes {
		if err := w.makeDue(ctx, lane); err != nil {
			w.mu.Lock()
			for lane := range lanes {
				w.dirty[lane] = true
			}
			w.mu.Unlock()
			return err
		}
	}
	return nil
}

// sweep makes due what waits in every lane, and deletes what need not
// be kept. A process that was killed may have left a lane that nothing moves.
func (w *Worker) sweep(ctx context.Context, channels []string) error {
	now := w.config.Now()
	for _, channel := range channels {
		done := map[string]bool{}
		err := w.each(ctx, channel, StateWaiting, time.Time{}, func(page []*Entry) error {
			for _, e := range page {
				if done[e.lane()] {
					continue
				}
				done[e.lane()] = true
				if err := w.makeDue(ctx, e.lane()); err != nil {
					return err
				}
			}
			return nil
		})
		for state, keep := range map[string]time.Duration{StateDead: w.config.KeepDead, StateDone: w.config.KeepDone} {
			err = errors.Join(err, w.each(ctx, channel, state, now.Add(-keep), func(page []*Entry) error { return w.forget(ctx, page) }))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) forget(ctx context.Context, page []*Entry) error {
	ops := make([]store.Op, len(page))
	for i, e := range page {
		ops[i] = store.Op{Kind: store.Delete, Model: Model, ID: e.ID, Version: e.version}
	}
	err := w.config.Store.Apply(ctx, ops)
	if errors.Is(err, store.ErrConflict) {
		return nil // one was replayed; the next sweep sees the others
	}
	return err
}
