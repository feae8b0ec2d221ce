package boltstore

import (
	"context"
	"errors"
	"math/bits"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
)

// bbolt keeps the pages that deleted records left behind for new ones, and never
// makes a file smaller. A file much of which is free is therefore compacted when it
// is opened, and when Shrink is called, within these bounds.
const (
	// shrinkFrom is the size, in bytes, from which it is worth the work.
	shrinkFrom = 8 << 20
	// shrinkBelow is the part of the pages in use, one in so many, below which a
	// file is compacted.
	shrinkBelow = 2
	// shrinkMost bounds what is copied, in bytes, and so how long the first request
	// of a tenant waits. Larger files are for "authhost store compact".
	shrinkMost = 128 << 20
	// shrinkMostOpen bounds what is copied of a file that is in use, in bytes, and
	// so how long writes wait. Larger files are for the next start.
	shrinkMostOpen = 32 << 20
)

// count returns how many pages are in a bitmap.
func (b bitmap) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// wastes reports whether a file is worth to be compacted, of which at most so many
// bytes are to be copied.
func (s *Store) wastes(f *file, most int64) (bool, error) {
	t, err := f.summedTree()
	if err != nil {
		return false, err
	}
	size, used := int64(t.head.high)*int64(f.pageSize), int64(f.sums.live.count())*int64(f.pageSize)
	return size >= s.shrinkFrom && used*shrinkBelow < size && used <= most, nil
}

// shrink compacts a file that was admitted, if it is worth it, and admits what takes
// its place. A file that cannot be compacted, as on a full disk, is used as it is.
func (s *Store) shrink(ctx context.Context, f *file) error {
	worth, err := s.wastes(f, shrinkMost)
	if err != nil || !worth {
		return err
	}
	begin := time.Now()
	before, after, err := compactFile(ctx, f.path)
	if err != nil {
		s.log.Warn("a store file could not be made smaller", "file", f.path, "error", err)
	} else {
		s.tellShrunk(f, before, after, begin)
	}
	if err := f.pages.close(); err != nil {
		return err
	}
	return s.admit(ctx, f)
}

func (s *Store) tellShrunk(f *file, before, after int64, begin time.Time) {
	s.log.Info("made a store file smaller", "file", f.path, "bytes before", before, "bytes after", after, "seconds", time.Since(begin).Seconds())
}

// Shrink implements store.Shrinker: it compacts the file while it is in use, if it
// is worth it and no more than shrinkMostOpen is to be copied. Writes wait for the
// copy, reads only until it has taken the place of the file. While a backup is
// made nothing is done. If the copy fails, as on a full disk, the file is used as
// it is.
func (t *tenant) Shrink(ctx context.Context) error {
	t.slot.mu.Lock() // it is neither opened nor closed meanwhile
	defer t.slot.mu.Unlock()
	f := t.file
	if t.closed.Load() || t.slot.file != f {
		return store.ErrClosed
	}
	if !f.copying.TryLock() {
		return nil
	}
	defer f.copying.Unlock()
	f.committing.Lock()
	defer f.committing.Unlock()
	return t.slot.store.shrinkOpen(ctx, f)
}

// shrinkOpen is Shrink for a file that nobody opens, closes, copies or commits to.
func (s *Store) shrinkOpen(ctx context.Context, f *file) error {
	begin := time.Now()
	f.takeOver()
	if err := f.failure(); err != nil {
		return err
	}
	worth := false
	err := guarded(f.path, func() (err error) {
		if worth, err = s.wastes(f, shrinkMostOpen); err == nil && worth {
			err = errors.Join(f.stillThere(), f.verifyAll()) // a copy would hide what is wrong
		}
		return err
	})
	if err != nil {
		return f.fail(err)
	}
	if !worth {
		return nil
	}
	before, err := sizeOf(f.path)
	if err != nil {
		return err
	}
	copied, err := verifiedCopy(ctx, filepath.Dir(f.path), func(name string) error { return copyBuckets(name, f.db) })
	if err != nil {
		return err
	}
	after, err := sizeOf(copied)
	if err == nil {
		err = s.replaceOpen(f, copied)
	}
	if err == nil {
		s.tellShrunk(f, before, after, begin)
	}
	return err
}

// replaceOpen puts a copy in the place of a file that is in use, once those who
// read have ended; others wait until it is done. The steps are those of closing the
// file, of compacting it and of opening it: when they are cut off, the next start
// finds the file as it was, or the copy, and either has everything.
func (s *Store) replaceOpen(f *file, copied string) error {
	err := f.finish()
	f.journal = nil // the next write makes another
	if err != nil {
		return errors.Join(err, os.Remove(copied))
	}
	f.reading.Lock()
	defer f.reading.Unlock()
	var db *bolt.DB
	err = guarded(f.path, func() error {
		if err := errors.Join(f.db.Close(), f.pages.close()); err != nil {
			return err
		}
		if err := replaceFile(f.path, copied); err != nil {
			return err
		}
		if err := saveSums(f.path); err != nil {
			return err
		}
		f.scrubFrom = 0
		if err := s.admit(context.Background(), f); err != nil {
			return err
		}
		var err error
		if db, err = openDB(f.path, false, s.lockWait, s.openOS); err != nil {
			err = errors.Join(err, f.pages.close())
		}
		return err
	})
	if err != nil {
		f.ended, f.pages = true, nil
		return f.fail(err)
	}
	f.db = db
	return nil
}
