package boltstore

import (
	"context"
	"math/bits"
	"time"
)

// bbolt keeps the pages that deleted records left behind for new ones, and never
// makes a file smaller. A file much of which is free is therefore compacted when it
// is opened, within these bounds.
const (
	// shrinkFrom is the size, in bytes, from which it is worth the work.
	shrinkFrom = 8 << 20
	// shrinkBelow is the part of the pages in use, one in so many, below which a
	// file is compacted.
	shrinkBelow = 2
	// shrinkMost bounds what is copied, in bytes, and so how long the first request
	// of a tenant waits. Larger files are for "authhost store compact".
	shrinkMost = 128 << 20
)

// count returns how many pages are in a bitmap.
func (b bitmap) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// wastes reports whether a file that was just admitted is worth to be compacted.
func (f *file) wastes() (bool, error) {
	t, err := f.summedTree()
	if err != nil {
		return false, err
	}
	size, used := int64(t.head.high)*int64(f.pageSize), int64(f.sums.live.count())*int64(f.pageSize)
	return size >= shrinkFrom && used*shrinkBelow < size && used <= shrinkMost, nil
}

// shrink compacts a file that was admitted, if it is worth it, and admits what takes
// its place. A file that cannot be compacted, as on a full disk, is used as it is.
func (s *Store) shrink(ctx context.Context, f *file) error {
	worth, err := f.wastes()
	if err != nil || !worth {
		return err
	}
	begin := time.Now()
	before, after, err := compactFile(ctx, f.path)
	if err != nil {
		s.log.Warn("a store file could not be made smaller", "file", f.path, "error", err)
	} else {
		s.log.Info("made a store file smaller", "file", f.path, "bytes before", before, "bytes", after, "seconds", time.Since(begin).Seconds())
	}
	if err := f.pages.close(); err != nil {
		return err
	}
	return s.admit(ctx, f)
}
