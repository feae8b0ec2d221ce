package outbox

import (
	"context"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// channels returns the names of all channels that have entries, each found by
// a step over the entries of the one before.
func (w *Worker) channels(ctx context.Context) ([]string, error) {
	var out []string
	var from document.Value
	for {
		page, err := w.config.Store.List(ctx, store.Query{Model: Model, Index: byChannel, From: from, Limit: 1})
		if err != nil || len(page.Records) == 0 {
			return out, err
		}
		channel := page.Records[0].Str("channel")
		out = append(out, channel)
		from = document.Text(channel + "\x00") // the least text above it
	}
}

func key(channel, state string) []document.Value {
	return []document.Value{document.Text(channel), document.Text(state)}
}

// due returns the first entries of a channel that are due now, at least as
// many as may be started.
func (w *Worker) due(ctx context.Context, channel string, now time.Time) ([]*Entry, error) {
	page, err := w.config.Store.List(ctx, store.Query{
		Model: Model, Index: byChannel, Key: key(channel, StateDue), To: document.Time(now.Add(time.Millisecond)), Limit: 2 * w.concurrency(channel),
	})
	return entries(page), err
}

// nextDue returns the time of the first entry of a channel that is due later.
func (w *Worker) nextDue(ctx context.Context, channel string, now time.Time) (time.Time, error) {
	page, err := w.config.Store.List(ctx, store.Query{
		Model: Model, Index: byChannel, Key: key(channel, StateDue), From: document.Time(now.Add(time.Millisecond)), Limit: 1,
	})
	if err != nil || len(page.Records) == 0 {
		return time.Time{}, err
	}
	t, _ := page.Records[0].Time("dueAt")
	return t, nil
}

// each calls f with pages of the entries of a channel in a state, those with
// the earliest time first; with before, only those of an earlier time.
func (w *Worker) each(ctx context.Context, channel, state string, before time.Time, f func([]*Entry) error) error {
	q := store.Query{Model: Model, Index: byChannel, Key: key(channel, state)}
	if !before.IsZero() {
		q.To = document.Time(before)
	}
	for {
		page, err := w.config.Store.List(ctx, q)
		if err != nil {
			return err
		}
		if len(page.Records) > 0 {
			if err := f(entries(page)); err != nil {
				return err
			}
		}
		if page.Cursor == "" {
			return nil
		}
		q.Cursor = page.Cursor
	}
}

func entries(page store.Page) []*Entry {
	out := make([]*Entry, len(page.Records))
	for i, r := range page.Records {
		out[i] = entry(r)
	}
	return out
}

// CountTo is the number from which entries are no longer counted.
const CountTo = store.MaxLimit

// Count tells how many entries of a channel are in a state, at most CountTo.
type Count struct {
	Channel, State string
	Entries        int
	Oldest         time.Time // of the events that are not delivered yet; zero if there are none
}

// pending reports whether something is to be delivered before a time. What is
// due later needs no lease yet.
func (w *Worker) pending(ctx context.Context, channels []string, before time.Time) (bool, error) {
	for _, channel := range channels {
		page, err := w.config.Store.List(ctx, store.Query{Model: Model, Index: byChannel, Key: key(channel, StateDue), To: document.Time(before), Limit: 1})
		if err != nil || len(page.Records) > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// countNow counts the entries, if it is time to.
func (w *Worker) countNow(ctx context.Context, channels []string, pending bool, now time.Time) error {
	w.mu.Lock()
	due := now.Sub(w.counted) >= idleCount || (pending || w.changed) && now.Sub(w.counted) >= countEvery
	if due {
		w.changed = false
	}
	w.mu.Unlock()
	if !due {
		return nil
	}
	w.counted = now
	counts, err := w.count(ctx, channels)
	if err == nil {
		w.config.Counted(counts)
	}
	return err
}

// count tells how many entries there are.
func (w *Worker) count(ctx context.Context, channels []string) ([]Count, error) {
	var out []Count
	for _, channel := range channels {
		for _, state := range States() {
			page, err := w.config.Store.List(ctx, store.Query{Model: Model, Index: byChannel, Key: key(channel, state), Limit: CountTo})
			if err != nil {
				return nil, err
			}
			c := Count{Channel: channel, State: state, Entries: len(page.Records)}
			for _, e := range entries(page) {
				if pending := state == StateDue || state == StateWaiting; pending && (c.Oldest.IsZero() || e.Time.Before(c.Oldest)) {
					c.Oldest = e.Time
				}
			}
			out = append(out, c)
		}
	}
	return out, nil
}
