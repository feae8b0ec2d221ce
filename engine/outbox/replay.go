package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Filter chooses entries. Zero members choose all.
type Filter struct {
	ID     string
	Plugin string
	Target string
	State  string
	Since  time.Time // the event is not older
}

func (f Filter) matches(e *Entry) bool {
	return (f.ID == "" || f.ID == e.ID) && (f.Plugin == "" || f.Plugin == e.Plugin) &&
		(f.Target == "" || f.Target == e.Target) && !e.Time.Before(f.Since)
}

// List returns the entries that a filter chooses, at most limit: by channel
// and state, those with the earliest time first.
func (w *Worker) List(ctx context.Context, f Filter, limit int) ([]*Entry, error) {
	var out []*Entry
	enough := errors.New("enough")
	err := w.chosen(ctx, f, States(), func(list []*Entry) error {
		out = append(out, list[:min(len(list), limit-len(out))]...)
		if len(out) >= limit {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return out, err
}

// Replay delivers dead and kept entries once more, those that a filter
// chooses, behind whatever their lanes have. They keep their ids. It returns
// how many there are.
func (w *Worker) Replay(ctx context.Context, f Filter) (int, error) {
	var all []*Entry
	states := []string{StateDead}
	if f.State != "" {
		states = []string{f.State}
	}
	// All are found first: what is replayed may end as what is looked for.
	err := w.chosen(ctx, f, states, func(list []*Entry) error {
		for _, e := range list {
			e.Record, e.Previous = nil, nil // they stay as they are, and need no room here
			all = append(all, e)
		}
		return nil
	})
	n := 0
	for err == nil && n < len(all) {
		batch := all[n:min(n+store.DefaultLimit, len(all))]
		err = w.replay(ctx, batch)
		if err == nil {
			n += len(batch)
		}
	}
	w.poke()
	return n, err
}

func (w *Worker) chosen(ctx context.Context, f Filter, states []string, found func([]*Entry) error) error {
	channels, err := w.channels(ctx)
	if err != nil {
		return err
	}
	for _, channel := range channels {
		for _, state := range states {
			if f.State != "" && f.State != state {
				continue
			}
			err := w.each(ctx, channel, state, time.Time{}, func(page []*Entry) error {
				var list []*Entry
				for _, e := range page {
					if f.matches(e) {
						list = append(list, e)
					}
				}
				return found(list)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Worker) replay(ctx context.Context, list []*Entry) error {
	now := w.config.Now()
	t := tails{store: w.config.Store, now: now}
	ops := make([]store.Op, len(list))
	for i, e := range list {
		state, number, err := t.next(ctx, e.lane())
		if err != nil {
			return err
		}
		ops[i] = store.Op{Kind: store.Update, Model: Model, ID: e.ID, Version: e.version, Fields: document.NewObject(6).
			Set("state", document.Text(state)).
			Set("lane", document.Text(e.lane())).
			Set("number", document.Int(number)).
			Set("dueAt", document.Time(now)).
			Set("queuedAt", document.Time(now)).
			Set("attempts", document.Int(0))}
	}
	if err := w.config.Store.Apply(ctx, ops); err != nil {
		return err
	}
	w.Committed(t.lanes)
	return nil
}
