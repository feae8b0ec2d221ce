package dispatch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/store"
)

// holdFor is how long a node that was killed keeps what it held by Single; a
// handler call has ended by then. The clocks of nodes may differ by some seconds.
const holdFor = time.Minute

// Single waits until no other unit of work, on any node, holds what key names,
// and holds it until this one has ended. It returns an ErrStale when a record
// that this unit has read was written since: it was decided on what it was
// before somebody else had what is held, and is to be run again.
func (ex *Exchange) Single(ctx context.Context, key string) error {
	digest := sha256.Sum256([]byte(key))
	id := "single:" + hex.EncodeToString(digest[:])
	if _, held := ex.effects.held[id]; held {
		return nil
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		version, err := ex.hold(ctx, id)
		switch {
		case err != nil:
			return err
		case version > 0:
			if ex.effects.held == nil {
				ex.effects.held = map[string]uint64{}
			}
			ex.effects.held[id] = version
			return ex.Tx().Unchanged(ctx)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// hold returns the version of a lease that it has got, 0 if somebody else has
// it.
func (ex *Exchange) hold(ctx context.Context, id string) (uint64, error) {
	now := time.Now()
	op := store.Op{Kind: store.Insert, Model: outbox.LeaseModel, ID: id, Fields: document.NewObject(2).
		Set("holder", document.Text(ex.Request.ID)).Set("until", document.Time(now.Add(holdFor)))}
	rec, err := ex.Realm.Store.Get(ctx, outbox.LeaseModel, id)
	switch {
	case err == nil:
		if until, _ := rec.Time("until"); until.After(now) {
			return 0, nil
		}
		op.Kind, op.Version = store.Update, rec.Version
	case !errors.Is(err, store.ErrNotFound):
		return 0, err
	}
	err = ex.Realm.Store.Apply(ctx, []store.Op{op})
	if errors.Is(err, store.ErrConflict) {
		return 0, nil // somebody else was faster
	}
	return op.Version + 1, err
}

// letGo gives back what Single holds. What cannot be given back ends by itself.
func (ex *Exchange) letGo(ctx context.Context) {
	if len(ex.effects.held) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unitTime)
	defer cancel()
	for id, version := range ex.effects.held {
		op := store.Op{Kind: store.Delete, Model: outbox.LeaseModel, ID: id, Version: version}
		if err := ex.Realm.Store.Apply(ctx, []store.Op{op}); err != nil {
			ex.logger.WarnContext(ctx, "a lease was not given back; it ends by itself", "tenant", ex.Realm.ID, "error", err)
		}
	}
	ex.effects.held = nil
}

// sleep waits, or returns the error of a context that ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
