package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
)

// save makes the writes of a batch durable, in the journal, and then visible.
// What the journal has no room for goes into the file.
func (f *file) save(w *writer) error {
	if err := errors.Join(f.stillThere(), f.needJournal()); err != nil {
		return err
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

// needJournal makes the journal if there is none. With it, a power failure in the
// middle of a transaction of the file can be told from damage.
func (f *file) needJournal() error {
	if f.journal != nil {
		return nil
	}
	j, err := createJournal(journalPath(f.path), f.id, f.sums.known.Load())
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	f.journal = j
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
	if err := f.move(own); err != nil {
		return err
	}
	return f.beginRound()
}

// flush lets the file take over what is recent, and begins a round of the journal.
// If it is cut off, the next start does it again.
func (f *file) flush() error {
	r := f.recent.Load()
	if r.empty() {
		return nil
	}
	if err := f.move(r); err != nil {
		return err
	}
	f.recent.Store(newRecent())
	return f.beginRound()
}

func (f *file) beginRound() error {
	if err := f.journal.begin(f.sums.known.Load()); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// move writes changes into the file. The pages that bbolt reads for that are
// verified before: it would copy damage into pages that are then as they were
// written.
func (f *file) move(r *recent) error {
	if err := f.stillThere(); err != nil {
		return err
	}
	if err := f.verifyAround(r); err != nil {
		return err
	}
	return f.update(r.moveTo)
}

// takenOver has the file take over what is recent.
func (f *file) takenOver(ctx context.Context) error {
	return f.submit(ctx, &request{alone: true})
}

// update commits to the file itself, and notes the checksums of the new pages.
func (f *file) update(do func(tx *bolt.Tx) error) error {
	if err := f.commitFile(do); err != nil {
		return err
	}
	if err := f.pages.grow(); err != nil {
		return err
	}
	t, err := f.newestTree()
	if err != nil {
		return err
	}
	f.sums.update(t)
	return nil
}

func (f *file) commitFile(do func(tx *bolt.Tx) error) error {
	tx, err := f.db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	if uint64(tx.ID()) != f.sums.known.Load()+1 {
		return damaged(f.path, errWrongState)
	}
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// newestTree reads what was committed last, of which there are no checksums yet.
func (f *file) newestTree() (*tree, error) {
	h, _, err := readHeads(f.pages.file)
	if err != nil {
		return nil, damaged(f.path, err)
	}
	return &tree{bytes: f.pages, head: h}, nil
}

// summedTree reads what was committed last, for who commits.
func (f *file) summedTree() (*tree, error) {
	t, err := f.newestTree()
	if err != nil {
		return nil, err
	}
	if t.head.txid != f.sums.known.Load() {
		return nil, damaged(f.path, errWrongState)
	}
	t.sums = f.sums.of(t.head.txid)
	return t, nil
}

// verifyAround verifies the pages that bbolt reads to write some changes: those on
// the way to each key, and the ones beside them, with which it may merge them.
func (f *file) verifyAround(r *recent) error {
	t, err := f.summedTree()
	if err != nil {
		return err
	}
	seen := newBitmap(t.head.high)
	r.each(func(b bucket, key []byte) {
		t.around(t.page(t.head.root), b.name, seen)
		t.around(t.mustBucket(b), key, seen)
	})
	return nil
}

// around verifies the pages below p on the way to a key, and the ones beside them.
func (t *tree) around(p page, key []byte, seen bitmap) {
	for depth := 0; p.isBranch(); depth++ {
		if depth == maxDepth {
			panic(pageDamage(p.id(), errTooDeep))
		}
		at := p.toward(key)
		for i := max(at-1, 0); i <= at+1 && i < p.count(); i++ {
			if id := p.child(i); seen.add(id) {
				t.page(id)
			}
		}
		p = t.raw(p.child(at)) // verified
	}
}

// verifyAll verifies every page, before bbolt reads all of a bucket.
func (f *file) verifyAll() error {
	t, err := f.summedTree()
	if err != nil {
		return err
	}
	for id := range t.head.high {
		if f.sums.live.has(id) {
			t.sum(id)
		}
	}
	return nil
}

// stillThere reports that the file is not the one on the disk any more: what would
// be written to it nobody would find again.
func (f *file) stillThere() error {
	open, err := f.pages.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(f.path)
	if err != nil || !os.SameFile(open, there) {
		return damaged(f.path, errMoved)
	}
	return nil
}

// begin returns a view of the present state: a read transaction, and what is recent
// for it. If the file takes over in between, the transaction has that already, which
// changes nothing; but what is recent must not be older than that.
func (f *file) begin(l *layout) (view, error) {
	for {
		r, known, tx, err := f.beginState()
		if err != nil {
			return view{}, err
		}
		if f.recent.Load() == r {
			v := view{tx: tx, recent: r, layout: l, path: f.path}
			if v.pages, err = f.treeOf(tx, known); err != nil {
				_ = tx.Rollback() // nothing to lose
			}
			return v, err
		}
		if err := tx.Rollback(); err != nil {
			return view{}, err
		}
	}
}

// beginState begins a read transaction, and returns what was recent and known of the
// same file before.
func (f *file) beginState() (r *recent, known uint64, tx *bolt.Tx, err error) {
	f.reading.RLock()
	defer f.reading.RUnlock()
	r, known = f.recent.Load(), f.sums.known.Load()
	tx, err = f.beginTx()
	return r, known, tx, err
}

// beginRead begins a read transaction. While there is one, what it can read stays.
func (f *file) beginRead() (*bolt.Tx, error) {
	f.reading.RLock()
	defer f.reading.RUnlock()
	return f.beginTx()
}

// beginTx is beginRead for who holds f.reading.
func (f *file) beginTx() (*bolt.Tx, error) {
	if f.ended {
		return nil, store.ErrClosed
	}
	if err := f.checkHeads(); err != nil {
		return nil, err
	}
	return f.db.Begin(false)
}

// checkHeads finds a file without a whole head. bbolt would panic with locks held.
func (f *file) checkHeads() error {
	size := f.pageSize
	for i := range 2 {
		b, err := f.pages.at(int64(i*size), pageHeader+headEnd)
		if err != nil {
			return damaged(f.path, err)
		}
		if _, ok := decodeDBHead(b); ok {
			return nil
		}
	}
	return damaged(f.path, errNoHeads)
}

// treeOf reads the state of a read transaction, which is known or newer.
func (f *file) treeOf(tx *bolt.Tx, known uint64) (*tree, error) {
	txid := uint64(tx.ID())
	if txid < known {
		return nil, damaged(f.path, errWrongState)
	}
	return &tree{
		bytes: f.pages, sums: f.sums.of(txid),
		head: dbHead{pageSize: f.pageSize, root: uint64(tx.Cursor().Bucket().Root()), high: uint64(tx.Size()) / uint64(f.pageSize), txid: txid},
	}, nil
}
