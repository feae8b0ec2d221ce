package boltstore

import (
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// save makes the writes of a batch durable, in the journal, and then visible.
// What the journal has no room for goes into the file.
func (f *file) save(w *writer) error {
	if f.journal == nil {
		j, err := createJournal(journalPath(f.path), f.id)
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		f.journal = j
	}
	if !f.journal.fits(w.changes) {
		return f.saveLarge(w)
	}
	if err := f.journal.append(w.changes); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	f.recent.Store(w.recent)
	return nil
}

// saveLarge commits a batch to the file, which first takes over what came before
// it: readers see the file and what is recent, and never one without the other.
func (f *file) saveLarge(w *writer) error {
	if err := f.flush(); err != nil {
		return err
	}
	own := newRecent()
	if err := own.replay(w.changes); err != nil {
		return err
	}
	return f.update(own.moveTo)
}

// flush lets the file take over what is recent, and begins a round of the journal.
// If it is cut off, the next start does it again.
func (f *file) flush() error {
	r := f.recent.Load()
	if r.empty() {
		return nil
	}
	if err := f.update(r.moveTo); err != nil {
		return err
	}
	f.recent.Store(newRecent())
	if err := f.journal.begin(); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// takenOver has the file take over what is recent.
func (f *file) takenOver(ctx context.Context) error {
	return f.submit(ctx, &request{alone: true})
}

// update commits to the file itself.
func (f *file) update(do func(tx *bolt.Tx) error) error {
	tx, err := f.db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// begin returns a read transaction and what is recent for it. If the file takes
// over in between, the transaction has that already, which changes nothing; but
// what is recent must not be older than that.
func (f *file) begin() (*bolt.Tx, *recent, error) {
	for {
		r := f.recent.Load()
		tx, err := f.db.Begin(false)
		if err != nil {
			return nil, nil, closedError(err)
		}
		if f.recent.Load() == r {
			return tx, r, nil
		}
		if err := tx.Rollback(); err != nil {
			return nil, nil, err
		}
	}
}
