package boltstore

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/authhost/authhost/engine/store"
)

// Pages that are read often are verified often. These bounds are for the others:
// each is verified when its file is opened, if there is time, and from then on in
// the background.
const (
	// defaultStartBudget is Config.StartBudget's default.
	defaultStartBudget = 5 * time.Second
	// scrubEvery is the time between two rounds over a file.
	scrubEvery = 6 * time.Hour
	// scrubPiece is how many bytes are verified at a time, and scrubPause the
	// time until the next: no more than 8 MiB in a second.
	scrubPiece = 1 << 20
	scrubPause = 125 * time.Millisecond
	// scrubLook is how often the background looks for files that are due.
	scrubLook = time.Minute
)

// scrubber verifies the files of a store in the background.
type scrubber struct {
	budget atomic.Int64  // what is left of the time for files that are opened, in nanoseconds
	bytes  atomic.Uint64 // verified in the background
	stop   chan struct{}
	ended  chan struct{}
}

// Scrubbed returns how many bytes were verified in the background.
func (s *Store) Scrubbed() uint64 { return s.scrub.bytes.Load() }

// verifyAtStart verifies the pages of a file that was closed properly, as long as
// there is time for it. The rest is for the background, except the list of free
// pages: bbolt loads it when it opens the file, and would write over pages in use if
// a wrong one were free.
func (s *Store) verifyAtStart(f *file) error {
	begin := time.Now()
	left := time.Duration(s.scrub.budget.Load())
	defer func() { s.scrub.budget.Add(-int64(time.Since(begin))) }()
	t, err := f.summedTree()
	if err != nil {
		return err
	}
	t.sum(t.head.freelist)
	for id := range t.head.high {
		if id%64 == 0 && time.Since(begin) >= left {
			f.scrubFrom = id
			return nil
		}
		if f.sums.live.has(id) {
			t.sum(id)
		}
	}
	f.scrubDue = time.Now().Add(scrubEvery)
	return nil
}

// runScrub verifies files until the store is closed.
func (s *Store) runScrub() {
	defer close(s.scrub.ended)
	for {
		pause := scrubLook
		for _, sl := range s.openSlots() {
			if sl.scrub(&s.scrub) {
				pause = scrubPause
			}
		}
		select {
		case <-s.scrub.stop:
			return
		case <-time.After(pause):
		}
	}
}

func (s *Store) openSlots() []*slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*slot, 0, len(s.slots))
	for _, sl := range s.slots {
		list = append(list, sl)
	}
	return list
}

// scrub verifies a piece of the slot's file, if it is due, and reports whether it
// did.
func (sl *slot) scrub(s *scrubber) bool {
	if !sl.mu.TryLock() { // it is being opened or closed
		return false
	}
	defer sl.mu.Unlock()
	f := sl.file
	if f == nil || f.failure() != nil || time.Now().Before(f.scrubDue) {
		return false
	}
	err := guarded(f.path, func() error { return f.scrub(s) })
	if errors.Is(err, store.ErrCorrupt) {
		_ = f.fail(err)
	}
	return err == nil
}

// scrub verifies the next piece of a file. Who commits is kept waiting only until it
// is known which pages that are.
func (f *file) scrub(s *scrubber) error {
	t, ids, end, err := f.nextPiece()
	if err != nil {
		return err
	}
	defer end()
	for _, id := range ids {
		s.bytes.Add(uint64(len(t.sum(id))))
	}
	return nil
}

// nextPiece returns the pages to be verified next. Until end is called they stay as
// they are.
func (f *file) nextPiece() (t *tree, ids []uint64, end func(), err error) {
	f.committing.Lock()
	defer f.committing.Unlock()
	if t, err = f.summedTree(); err != nil {
		return nil, nil, nil, err
	}
	tx, err := f.beginRead()
	if err != nil {
		return nil, nil, nil, err
	}
	id := f.scrubFrom
	for ; id < t.head.high && len(ids)*f.pageSize < scrubPiece; id++ {
		if f.sums.live.has(id) {
			ids = append(ids, id)
		}
	}
	f.scrubFrom = id
	if id == t.head.high {
		f.scrubFrom, f.scrubDue = 0, time.Now().Add(scrubEvery)
	}
	return t, ids, func() { _ = tx.Rollback() }, nil // nothing to lose
}
