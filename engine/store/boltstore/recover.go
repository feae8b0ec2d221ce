package boltstore

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
)

// moveInto lets a file that was not closed take over what its journal has. If it is
// cut off, it can begin again.
func (r *loaded) moveInto(path string) error {
	db, err := openDB(path, false, defaultLockWait, nil)
	if err != nil {
		return err
	}
	err = guarded(path, func() error {
		return db.Update(func(tx *bolt.Tx) error {
			if err := r.checkFile(view{tx: tx, path: path}); err != nil {
				return err
			}
			if err := r.moveTo(tx); err != nil {
				return damagedJournal(path, err)
			}
			return nil
		})
	})
	return errors.Join(err, db.Close())
}

// loaded is what a journal has.
type loaded struct {
	*recent
	head
}

// loadJournal reads the journal of a file, nil if it has none.
func loadJournal(path string) (r *loaded, batches int, err error) {
	h, changes, found, err := readJournal(path)
	if err != nil || !found {
		return nil, 0, err
	}
	r = &loaded{newRecent(), h}
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
func (r *loaded) checkFile(v view) error {
	have, err := v.meta(keyJournal)
	if err == nil && string(have) != string(r.id[:]) {
		err = fmt.Errorf("boltstore: %s is the journal of another file than %s; if that was put there from a backup, move the journal away", journalPath(v.path), v.path)
	}
	return err
}
