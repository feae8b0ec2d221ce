package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

// format is the version of the files that this package reads and writes.
const format = "1"

// The bucket and keys of what a file says about itself.
var (
	metaBucket = newBucket("meta")
	keyFormat  = []byte("format")
	keyTenant  = []byte("tenant")
	keySchema  = []byte("schema")
	keyJournal = []byte("journal")
)

// queueLength is the number of writes that may wait for the commit goroutine
// before callers wait to hand theirs over.
const queueLength = 1024

// file is one tenant's open file.
type file struct {
	db        *bolt.DB
	path      string
	pageSize  int
	pages     *mapping // what readers read
	sums      *sums    // of the pages
	layout    atomic.Pointer[layout]
	recent    atomic.Pointer[recent]
	failed    atomic.Pointer[error]
	onFailure func(error)
	onDamage  func(error)

	id    journalID
	idle  time.Duration // how long nobody writes before the file takes over what is recent
	quiet *time.Timer   // fires then

	committing sync.Mutex // held by whoever commits
	journal    *journal   // nil until the first write

	queue   chan *request
	stopped chan struct{} // closed when the commit goroutine has ended
	closing sync.RWMutex  // held for writing while closed is set
	closed  bool

	scrubFrom uint64    // the page with which the background goes on; of the slot's lock
	scrubDue  time.Time // when the background begins again

	// reading is held for reading until a reader has its transaction, and for
	// writing while ended is set, or db, pages and sums become those of a copy.
	reading sync.RWMutex
	ended   bool         // nothing is to be read any more
	copying sync.RWMutex // held for reading while the file is copied, for writing while it is replaced
}

// opener opens a file in place of os.OpenFile, in tests.
type opener func(string, int, os.FileMode) (*os.File, error)

// openDB opens a bbolt file. open is nil except in tests.
func openDB(path string, readOnly bool, wait time.Duration, open opener) (*bolt.DB, error) {
	var db *bolt.DB
	err := guarded(path, func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout:         wait,
			ReadOnly:        readOnly,
			PreLoadFreelist: !readOnly,
			FreelistType:    bolt.FreelistMapType,
			NoStatistics:    true,
			OpenFile:        open,
		})
		return err
	})
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, &LockedError{Path: path}
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %s is no bbolt file or its head is damaged: %w; restore it from a backup", store.ErrCorrupt, path, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("boltstore: %w; make it readable and writable for the user that runs authhost", err)
	default:
		return nil, fmt.Errorf("boltstore: opening %s: %w", path, err)
	}
}

func (v view) checkFormat() error {
	have, err := v.meta(keyFormat)
	if err != nil {
		return err
	}
	if string(have) != format {
		return fmt.Errorf("boltstore: %s has format %q; this version reads format %s", v.path, have, format)
	}
	return nil
}

// meta returns what a file says about itself. A file without it is damaged: a bit of
// the key has changed.
func (v view) meta(key []byte) ([]byte, error) {
	var value []byte
	if v.has(metaBucket) {
		value = v.stored(metaBucket, key)
	}
	if value == nil {
		return nil, corrupt(v.path, metaBucket, key, errNoKey)
	}
	payload, err := opened(metaBucket.seed, key, value)
	if err != nil {
		return nil, corrupt(v.path, metaBucket, key, err)
	}
	return bytes.Clone(payload), nil
}

func (w *writer) putMeta(key, payload []byte) error {
	b, err := w.tx.CreateBucketIfNotExists(metaBucket.name)
	if err != nil {
		return err
	}
	return b.Put(key, sealed(metaBucket.seed, key, func(dst []byte) []byte { return append(dst, payload...) }))
}

// schema returns the stored schema; the empty one of a file that is new.
func (v view) schema() (store.Schema, error) {
	var s store.Schema
	if !v.has(metaBucket) {
		return s, nil
	}
	text, err := v.meta(keySchema)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, corrupt(v.path, metaBucket, keySchema, err)
	}
	return s, nil
}

// grow brings the file to a schema: buckets for new models, and buckets with
// entries for new indexes. With prune it removes the buckets of indexes that
// became others; while readers are at work those stay until the next start.
func (w *writer) grow(ctx context.Context, id store.TenantID, schema store.Schema, prune bool) error {
	stored, err := w.schema()
	if err != nil {
		return err
	}
	grown, err := stored.Grow(schema)
	if err != nil {
		return err
	}
	if w.next, err = newLayout(grown); err != nil {
		return err
	}
	w.layout = w.next
	known := map[string]bool{string(metaBucket.name): true}
	for _, m := range w.layout.models() {
		b := w.layout.records[m.Name]
		known[string(b.name)] = true
		if _, err := w.tx.CreateBucketIfNotExists(b.name); err != nil {
			return err
		}
		for _, ix := range m.Indexes {
			known[string(w.layout.indexes[ix].name)] = true
			if err := w.build(ctx, m, ix); err != nil {
				return err
			}
		}
	}
	if prune {
		if err := w.prune(known); err != nil {
			return err
		}
	}
	text, err := json.Marshal(grown)
	if err != nil {
		return err
	}
	return errors.Join(w.putMeta(keyFormat, []byte(format)), w.putMeta(keyTenant, []byte(id)), w.putMeta(keySchema, text))
}

// build makes an index that is not there yet and fills it.
func (w *writer) build(ctx context.Context, m *store.ModelInfo, ix *store.IndexInfo) error {
	b := w.layout.indexes[ix]
	if w.tx.Bucket(b.name) != nil {
		return nil
	}
	entries, err := w.tx.CreateBucket(b.name)
	if err != nil {
		return err
	}
	all := store.Scan{Model: m}
	records := w.scanned(all)
	return w.walk(all, records, func(key, value []byte) (more bool, err error) {
		r, err := w.at(all, records, key, value)
		if err != nil {
			return false, err
		}
		e := plan.EntryOf(m, ix, r)
		if e.Unique && entries.Get(e.Key) != nil {
			return false, e.Conflict()
		}
		return true, errors.Join(entries.Put(e.Key, sealedEntry(b, e)), ctx.Err())
	})
}

func (w *writer) prune(known map[string]bool) error {
	var gone [][]byte
	err := w.tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
		if !known[string(name)] {
			gone = append(gone, bytes.Clone(name))
		}
		return nil
	})
	for _, name := range gone {
		err = errors.Join(err, w.tx.DeleteBucket(name))
	}
	return err
}

// guarded runs f and turns a panic into an error. bbolt panics on pages that
// cannot be, and reading a mapped file that became shorter is a memory fault;
// neither may end the process and with it every other tenant.
func guarded(path string, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case damage:
			err = damaged(path, r.err)
		default:
			err = damaged(path, fmt.Errorf("%v", r))
		}
	}()
	return f()
}

// syncDir makes a new or renamed file's name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
