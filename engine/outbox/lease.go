package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

const (
	// LeaseFor is how long a lease lasts that is not renewed: the longest
	// pause of deliveries after a process was killed. The clocks of processes
	// that share a store may differ by less than half of it.
	LeaseFor = 30 * time.Second
	// leaseID is the record of the lease of the outbox.
	leaseID = "outbox"
)

// lease is the right of one process to deliver.
type lease struct {
	store  store.Tenant
	holder string // "": the store is this process's alone, and so is the right
	now    func() time.Time

	until   time.Time
	version uint64 // of the stored lease; 0: not held
}

// hold takes the lease, or renews it when a third of it is over. It reports
// whether this process has it.
func (l *lease) hold(ctx context.Context) (bool, error) {
	now := l.now()
	if l.holder == "" {
		l.until = now.Add(LeaseFor)
		return true, nil
	}
	if l.version > 0 && l.until.Sub(now) > LeaseFor*2/3 {
		return true, nil
	}
	until := now.Add(LeaseFor)
	fields := document.NewObject(2).Set("holder", document.Text(l.holder)).Set("until", document.Time(until))
	op := store.Op{Kind: store.Update, Model: LeaseModel, ID: leaseID, Version: l.version, Fields: fields}
	if l.version == 0 {
		rec, err := l.store.Get(ctx, LeaseModel, leaseID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			op.Kind = store.Insert
		case err != nil:
			return false, err
		default:
			if ends, _ := rec.Time("until"); rec.Str("holder") != l.holder && ends.After(now) {
				return false, nil
			}
			op.Version = rec.Version
		}
	}
	err := l.store.Apply(ctx, []store.Op{op})
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		l.version = 0 // somebody else was faster
		return false, nil
	}
	if err != nil {
		l.version = 0
		return false, err
	}
	l.version, l.until = op.Version+1, until
	return true, nil
}

// release lets another process have the lease at once.
func (l *lease) release(ctx context.Context) error {
	if l.version == 0 {
		return nil
	}
	op := store.Op{Kind: store.Delete, Model: LeaseModel, ID: leaseID, Version: l.version}
	l.version = 0
	if err := l.store.Apply(ctx, []store.Op{op}); err != nil && !errors.Is(err, store.ErrConflict) {
		return err
	}
	return nil
}
