package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Model is the store model of counts.
const Model = "rateLimit"

// Schema returns what Stored keeps.
func Schema() store.Model {
	return store.Model{Name: Model, Fields: []store.Field{
		{Name: "count", Type: store.Number, Required: true},
		{Name: "endsAt", Type: store.Date, Required: true, Index: true},
	}}
}

// Stored counts in a tenant's store, for all nodes that have it. A window
// begins with its first event; when it is full, it lasts until its length has
// passed since the last event that was counted. A refused event writes
// nothing. It is safe for concurrent use.
type Stored struct {
	Store store.Tenant
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// maxTurns is how often Hit looks again when others write the same count. What
// they write opens or ends a window, so that happens rarely.
const maxTurns = 8

// maxSwept is how many ended windows are removed when a new one begins.
const maxSwept = 20

// Hit counts one event under key. It reports whether at most max events fell
// into the current window of the given length, and else how long until the
// window ends.
func (s *Stored) Hit(ctx context.Context, key Key, length time.Duration, max int64) (allowed bool, retryAfter time.Duration, err error) {
	now := time.Now()
	if s.Now != nil {
		now = s.Now()
	}
	id := idOf(key.Name)
	for range maxTurns {
		rec, err := s.Store.Get(ctx, Model, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, 0, err
		}
		ends, _ := rec.Time("endsAt")
		if rec == nil || !ends.After(now) {
			err := s.open(ctx, id, rec, now, length)
			if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
				continue
			}
			return err == nil, 0, err
		}
		if n, _ := rec.Int("count"); n >= max {
			return false, ends.Sub(now), nil
		}
		n, err := s.Store.Increment(ctx, Model, id, "count", 1)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err != nil:
			return false, 0, err
		case n > max:
			return false, ends.Sub(now), nil
		case n == max: // the window is full, and lasts from here
			err = s.Store.Apply(ctx, []store.Op{{Kind: store.Update, Model: Model, ID: id, Fields: endsAt(now.Add(length))}})
			if errors.Is(err, store.ErrNotFound) {
				err = nil
			}
		}
		return err == nil, 0, err
	}
	return false, length, nil
}

// Forget ends the window of a key.
func (s *Stored) Forget(ctx context.Context, name string) error {
	return s.Store.Apply(ctx, []store.Op{{Kind: store.Delete, Model: Model, ID: idOf(name)}})
}

// idOf makes a name an id, which is short.
func idOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// open begins a window in the place of one that has ended, and removes some
// others that have.
func (s *Stored) open(ctx context.Context, id string, ended *store.Record, now time.Time, length time.Duration) error {
	fields := endsAt(now.Add(length)).Set("count", document.Int(1))
	op := store.Op{Kind: store.Insert, Model: Model, ID: id, Fields: fields}
	if ended != nil {
		op.Kind, op.Version = store.Update, ended.Version
	}
	ops := []store.Op{op}
	if ended == nil {
		page, err := s.Store.List(ctx, store.Query{Model: Model, Index: "endsAt", To: document.Time(now.Add(time.Millisecond)), Limit: maxSwept})
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			if rec.ID != id {
				ops = append(ops, store.Op{Kind: store.Delete, Model: Model, ID: rec.ID, Version: rec.Version})
			}
		}
	}
	err := s.Store.Apply(ctx, ops)
	if err != nil && len(ops) > 1 && errors.Is(err, store.ErrConflict) { // over what was to be removed, perhaps
		err = s.Store.Apply(ctx, ops[:1])
	}
	return err
}

func endsAt(t time.Time) *document.Object {
	return document.NewObject(2).Set("endsAt", document.Time(t))
}
