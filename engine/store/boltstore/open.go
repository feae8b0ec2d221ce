package boltstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
)

// openFile opens a tenant's file, or makes it, and grows its schema.
func (s *Store) openFile(ctx context.Context, id store.TenantID, schema store.Schema) (_ *file, err error) {
	path := filepath.Join(s.dir, fileName(id))
	if err := prepare(ctx, path, id, schema); err != nil {
		return nil, err
	}
	f := &file{
		path: path, onFailure: s.onFailure, onDamage: func(err error) { s.onDamage(id, err) }, idle: s.idle, quiet: time.NewTimer(s.idle),
		queue: make(chan *request, queueLength), stopped: make(chan struct{}),
	}
	f.recent.Store(newRecent())
	rand.Read(f.id[:])
	err = guarded(path, func() error { return s.admit(ctx, f) })
	if err != nil {
		return nil, err
	}
	if err = guarded(path, func() error { return s.shrink(ctx, f) }); err != nil {
		return nil, err
	}
	if f.db, err = openDB(path, false, s.lockWait, s.openOS); err != nil {
		return nil, errors.Join(err, f.pages.close())
	}
	if err := f.start(ctx, id, schema); err != nil {
		return nil, errors.Join(err, f.db.Close(), f.pages.close())
	}
	go f.run()
	return f, nil
}

// prepare makes the file of a tenant that has none yet. One that had one, or whose
// file is empty, has lost it.
func prepare(ctx context.Context, path string, id store.TenantID, schema store.Schema) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Size() == 0:
		return damaged(path, errEmpty)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("boltstore: %w", err)
	}
	for _, beside := range []string{sumsPath(path), journalPath(path)} {
		if _, err := os.Lstat(beside); !errors.Is(err, fs.ErrNotExist) {
			return damaged(path, errMissing)
		}
	}
	return createFile(ctx, path, id, schema)
}

// createFile makes a tenant's file. Under its name it appears when it is whole and
// on the disk.
func createFile(ctx context.Context, path string, id store.TenantID, schema store.Schema) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), tempPattern)
	if err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	name := temp.Name()
	if err = temp.Close(); err == nil {
		err = fillNew(ctx, name, id, schema)
	}
	if err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return err
	}
	return guarded(path, func() error { return saveSums(path) })
}

// fillNew writes the schema into a new file and syncs it.
func fillNew(ctx context.Context, path string, id store.TenantID, schema store.Schema) error {
	db, err := openDB(path, false, defaultLockWait, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		w := &writer{view: view{tx: tx, path: path}}
		return w.grow(ctx, id, schema, false)
	})
	return errors.Join(err, db.Sync(), db.Close())
}

// admit makes a file ready to be read. One that was closed properly has its
// checksums beside it. Any other is verified in full, and takes over what its
// journal has.
func (s *Store) admit(ctx context.Context, f *file) (err error) {
	if f.pages, err = newMapping(f.path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.pages.close())
		}
	}()
	h, whole, err := readHeads(f.pages.file)
	if err != nil {
		return damaged(f.path, err)
	}
	f.pageSize = h.pageSize
	journal, batches, err := loadJournal(f.path)
	if err != nil {
		return err
	}
	if f.sums, err = loadSums(f.path); errors.Is(err, errSums) {
		s.log.Warn("the checksums of a store file's pages are damaged; the file is verified in full", "file", sumsPath(f.path))
	} else if err != nil {
		return err
	}
	closed, err := f.closedProperly(h, whole, journal)
	if err != nil {
		return err
	}
	if closed {
		return s.verifyAtStart(f)
	}
	begin := time.Now()
	if err := verify(ctx, f.path, f.pages); err != nil {
		return err
	}
	s.log.Info("verified a store file that was not closed", "file", f.path, "seconds", time.Since(begin).Seconds())
	f.scrubDue = time.Now().Add(scrubEvery)
	if journal != nil {
		if err := journal.moveInto(f.path); err != nil {
			return err
		}
		s.log.Info("recovered a store file from its journal", "file", f.path, "commits", batches)
	}
	return f.noteSums()
}

// closedProperly reports whether the sums are those of the file as it is, and
// nothing else is to be done. Of the two heads the newer holds; if that is damaged,
// the older one leads to a state in which the last commits are missing.
func (f *file) closedProperly(h dbHead, whole int, journal *loaded) (bool, error) {
	var known uint64
	if f.sums != nil {
		known = f.sums.known.Load()
	}
	switch {
	case journal != nil && h.txid < journal.base, known > h.txid:
		return false, damaged(f.path, errOldHead)
	case journal != nil:
		return false, nil
	case known == h.txid && f.sums != nil:
		return true, nil
	case whole < 2:
		return false, damaged(f.path, errOneHead)
	}
	return false, nil
}

// noteSums makes the checksums of a file that was verified and has nothing to take
// over any more, and puts them beside it.
func (f *file) noteSums() error {
	if err := f.pages.grow(); err != nil {
		return err
	}
	t, err := f.newestTree()
	if err != nil {
		return err
	}
	f.sums = newSums(t)
	if err := f.sums.save(f.path); err != nil {
		return err
	}
	return remove(journalPath(f.path))
}

// saveSums makes the checksums of a file that nobody uses and that was verified, or
// just written, and puts them beside it.
func saveSums(path string) error {
	f := &file{path: path}
	var err error
	if f.pages, err = newMapping(path); err != nil {
		return err
	}
	defer f.pages.close() //nolint:errcheck // it was only read
	return f.noteSums()
}

// start brings a file to the schema, and ties the journal to it.
func (f *file) start(ctx context.Context, id store.TenantID, schema store.Schema) error {
	return guarded(f.path, func() error {
		t, err := f.summedTree()
		if err != nil {
			return err
		}
		v := view{pages: t, path: f.path}
		if err := v.checkTenant(id); err != nil {
			return err
		}
		if err := f.verifyForSchema(t, v, schema); err != nil {
			return err
		}
		return f.update(func(tx *bolt.Tx) error {
			w := &writer{view: view{tx: tx, path: f.path}}
			if err := w.grow(ctx, id, schema, true); err != nil {
				return err
			}
			f.layout.Store(w.next)
			return w.putMeta(keyJournal, f.id[:])
		})
	})
}

// verifyForSchema verifies the pages that bbolt reads to bring the file to a
// schema: all of them, unless it has that schema.
func (f *file) verifyForSchema(t *tree, v view, schema store.Schema) error {
	stored, err := v.schema()
	if err != nil {
		return err
	}
	grown, err := stored.Grow(schema)
	if err != nil {
		return err
	}
	if !grown.Equal(stored) {
		return f.verifyAll()
	}
	t.verifyBelow(t.page(t.head.root), 0)
	t.verifyBelow(t.mustBucket(metaBucket), 0)
	return nil
}

// checkTenant refuses a file of another format or tenant.
func (v view) checkTenant(id store.TenantID) error {
	if !v.has(metaBucket) {
		return damaged(v.path, errNoSchema)
	}
	if err := v.checkFormat(); err != nil {
		return err
	}
	tenant, err := v.meta(keyTenant)
	if err == nil && string(tenant) != string(id) {
		err = fmt.Errorf("boltstore: %s holds tenant %q, not %q", v.path, tenant, id)
	}
	return err
}

// close ends the commit goroutine after the waiting writes, leaves the file closed
// properly, and closes it.
func (f *file) close() error {
	f.closing.Lock()
	if f.closed {
		f.closing.Unlock()
		return nil
	}
	f.closed = true
	close(f.queue)
	f.closing.Unlock()
	<-f.stopped
	var err error
	if f.failure() == nil {
		err = f.finish()
	} else {
		err = f.journal.close()
	}
	f.reading.Lock()
	f.ended = true
	f.reading.Unlock()
	return errors.Join(err, f.closeFile())
}

// finish lets the file take over what is recent, puts its checksums beside it, and
// removes the journal, which it needs no longer.
func (f *file) finish() error {
	err := guarded(f.path, func() error {
		if err := f.flush(); err != nil {
			return err
		}
		return f.sums.save(f.path)
	})
	if err := errors.Join(err, f.journal.close()); err != nil {
		return err
	}
	return remove(journalPath(f.path))
}

// abandonAfter bounds the wait for bbolt to close a file that is damaged, or could
// not be written: its locks may be held for ever.
const abandonAfter = time.Second

// closeFile closes the file, once those who read it have ended.
func (f *file) closeFile() error {
	if f.pages == nil {
		return nil // it is, since a copy could not take its place
	}
	ended := make(chan error, 1)
	go func() {
		ended <- guarded(f.path, func() error { return errors.Join(f.db.Close(), f.pages.close()) })
	}()
	var given <-chan time.Time // never, as long as the file is sound
	if f.failure() != nil {
		given = time.After(abandonAfter)
	}
	select {
	case err := <-ended:
		return err
	case <-given:
		return nil
	}
}
