package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
)

// recoverFile brings a file that was not closed to the state that was
// acknowledged last: that of its journal's head, with the batches of the journal.
// It returns how many these were. A file without a journal needs nothing. If it
// is cut off, it can begin again.
func recoverFile(path string) (batches int, err error) {
	h, changes, found, err := readJournal(journalPath(path))
	if err != nil || !found {
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, fmt.Errorf("boltstore: %w", err)
	}
	defer f.Close()
	left, err := readBase(path, int(h.base.pageSize))
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w; restore it from a backup", store.ErrCorrupt, path, err)
	}
	if err := writeBase(f, h.base); err != nil {
		return 0, fmt.Errorf("boltstore: %w", err)
	}
	if err := replayAll(path, h.id, changes); err != nil {
		return 0, errors.Join(err, writeBase(f, left))
	}
	return len(changes), removeJournal(journalPath(path))
}

// replayAll makes the changes of a journal again in the file that it is of, and
// syncs it.
func replayAll(path string, id journalID, changes [][]byte) error {
	db, err := openDB(path, 0, defaultLockWait, nil)
	if err != nil {
		return err
	}
	err = guarded(path, func() error {
		anchor, err := db.Begin(false)
		if err != nil {
			return err
		}
		tx, err := db.Begin(true)
		err = errors.Join(err, anchor.Rollback()) // tx leaves its pages alone all the same
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
		if err := checkJournalOf(tx, path, id); err != nil {
			return err
		}
		for _, c := range changes {
			if err := replay(tx, c); err != nil {
				return fmt.Errorf("%w: %s: %w", store.ErrCorrupt, journalPath(path), err)
			}
		}
		return tx.Commit()
	})
	return errors.Join(err, db.Close())
}

// checkJournalOf refuses a journal of another file.
func checkJournalOf(tx *bolt.Tx, path string, id journalID) error {
	have, err := view{tx: tx, path: path}.meta(keyJournal)
	if err == nil && string(have) != string(id[:]) {
		err = fmt.Errorf("boltstore: %s is the journal of another file than %s; if that was put there from a backup, move the journal away", journalPath(path), path)
	}
	return err
}

// copyBeside copies a file and its journal to temporary files beside it.
func copyBeside(ctx context.Context, path string) (copied string, err error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	copied, err = receive(ctx, filepath.Dir(path), in)
	if err != nil {
		return "", err
	}
	if err := copyFile(journalPath(path), journalPath(copied)); err != nil {
		return "", errors.Join(err, removeCopy(copied))
	}
	return copied, nil
}

// removeCopy removes what copyBeside made.
func removeCopy(copied string) error {
	return errors.Join(os.Remove(copied), removeJournal(journalPath(copied)))
}
