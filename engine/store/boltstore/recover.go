package boltstore

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
)

// recoverFile lets a file that was not closed take over what its journal has, and
// removes the journal. It returns the number of batches. A file without a journal
// needs nothing. If it is cut off, it can begin again.
func recoverFile(path string) (batches int, err error) {
	r, batches, err := loadJournal(path)
	if err != nil || r == nil {
		return 0, err
	}
	db, err := openDB(path, false, defaultLockWait, nil)
	if err != nil {
		return 0, err
	}
	err = guarded(path, func() error {
		return db.Update(func(tx *bolt.Tx) error {
			if err := r.checkFile(tx, path); err != nil {
				return err
			}
			if err := r.moveTo(tx); err != nil {
				return damagedJournal(path, err)
			}
			return nil
		})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return 0, err
	}
	return batches, removeJournal(journalPath(path))
}

// loaded is what a journal has.
type loaded struct {
	*recent
	id journalID
}

// loadJournal reads the journal of a file, nil if it has none.
func loadJournal(path string) (r *loaded, batches int, err error) {
	h, changes, found, err := readJournal(path)
	if err != nil || !found {
		return nil, 0, err
	}
	r = &loaded{newRecent(), h.id}
	for _, c := range changes {
		if err := r.replay(c); err != nil {
			return nil, 0, damagedJournal(path, err)
		}
	}
	return r, len(changes), nil
}

func damagedJournal(path string, err error) error {
	return fmt.Errorf("%w: %s: %w; restore the tenant from a backup", store.ErrCorrupt, journalPath(path), err)
}

// checkFile refuses another file than the one that the journal is of.
func (r *loaded) checkFile(tx *bolt.Tx, path string) error {
	have, err := view{tx: tx, path: path}.meta(keyJournal)
	if err == nil && string(have) != string(r.id[:]) {
		err = fmt.Errorf("boltstore: %s is the journal of another file than %s; if that was put there from a backup, move the journal away", journalPath(path), path)
	}
	return err
}
