package boltstore

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"

	bolt "go.etcd.io/bbolt"
)

const (
	// mapAhead is how much of a file's address space is mapped beyond its
	// present length, so that the file can grow without being mapped again.
	// It takes no memory.
	mapAhead = 1 << 30
	// growStep is what a file grows by when it is full.
	growStep = 1 << 20
	// pathPages is the pages that one change may take: those from the root to
	// its leaf, each of them split.
	pathPages = 16
)

// mapSize returns how much address space is mapped for a file: the next multiple
// of ahead. Windows makes a file as long as its mapping, and where addresses are
// short there is no room: files are mapped as far as they go there, and each
// commit is synced by bbolt.
func mapSize(length int64, ahead int) int {
	if runtime.GOOS == "windows" || math.MaxInt == math.MaxInt32 {
		return 0
	}
	return (int(length)/ahead + 1) * ahead
}

// save makes a transaction durable and visible. It is durable when it is in the
// journal; then bbolt writes its pages, and syncs none. What the journal cannot
// take goes into the bbolt file the slow way.
func (f *file) save(w *writer) error {
	if w.next != nil || !fitsAny(w.changes) || f.needsRoom(w) {
		if err := f.saveWhole(w.tx); err != nil {
			return err
		}
		if f.journal == nil {
			return nil
		}
		return f.begin()
	}
	if f.journal == nil || !f.journal.fits(w.changes) {
		if err := f.checkpoint(); err != nil {
			return err
		}
	}
	if err := f.journal.append(w.changes); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return w.tx.Commit()
}

// needsRoom reports whether bbolt might have to map the file again to commit a
// transaction, for which no reader may be left, the anchor among them.
func (f *file) needsRoom(w *writer) bool {
	pageSize := int64(f.db.Info().PageSize)
	free := w.tx.Size() / 512 // at most, for the list of free pages
	return w.tx.Size()+free+2*int64(len(w.changes))+int64(w.writes)*pathPages*pageSize > int64(f.mapped)
}

// saveWhole commits a transaction with syncs, so that the file needs no journal
// afterwards. The transaction began while the anchor was there, so it leaves the
// pages alone that recovery needs if it is cut off.
func (f *file) saveWhole(tx *bolt.Tx) error {
	f.release()
	f.db.NoSync = false
	defer func() { f.db.NoSync = true }()
	return tx.Commit()
}

// checkpoint makes the file durable as it is, and begins a round of the journal
// there. A transaction may be under way: it is part of neither.
func (f *file) checkpoint() error {
	if err := f.db.Sync(); err != nil {
		return err
	}
	return f.begin()
}

// begin begins a round of the journal with the committed state, which must be
// durable, and anchors that state: bbolt writes over no page that a reader of it
// could want, until the next round.
func (f *file) begin() error {
	anchor, err := f.db.Begin(false)
	if err != nil {
		return err
	}
	b, err := readBase(f.path, f.db.Info().PageSize)
	if err == nil {
		err = f.beginRound(b)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("journal: %w", err), anchor.Rollback())
	}
	f.release()
	f.anchor = anchor
	f.mapped = max(f.mapped, int(anchor.Size()))
	return nil
}

func (f *file) beginRound(b base) (err error) {
	if f.journal != nil {
		return f.journal.begin(b)
	}
	f.journal, err = createJournal(journalPath(f.path), f.id, b)
	return err
}

// release lets the anchor go, if there is one.
func (f *file) release() {
	if f.anchor != nil {
		_ = f.anchor.Rollback() // a read transaction has nothing to lose
		f.anchor = nil
	}
}

// readBase reads the first two pages of a bbolt file.
func readBase(path string, pageSize int) (base, error) {
	b := base{pageSize: uint32(pageSize)}
	in, err := os.Open(path)
	if err != nil {
		return b, err
	}
	for i := range b.pages {
		_, err = in.ReadAt(b.pages[i][:], int64(i*pageSize))
		if err != nil {
			break
		}
	}
	return b, errors.Join(err, in.Close())
}

// writeBase puts a file back into the state that b names.
func writeBase(f *os.File, b base) error {
	for i := range b.pages {
		if _, err := f.WriteAt(b.pages[i][:], int64(i)*int64(b.pageSize)); err != nil {
			return err
		}
	}
	return f.Sync()
}
