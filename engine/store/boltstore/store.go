package boltstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/authhost/authhost/engine/store"
)

const (
	// lockName is the file whose lock is the folder's.
	lockName = "folder.lock"
	// defaultLockWait bounds how long Open waits for another process.
	defaultLockWait = time.Second
	// flushAfter is how long nobody writes to a file before it takes over what
	// its journal has, so that idle tenants hold none of it in memory.
	flushAfter = 5 * time.Second
	// tempPattern names files that are being written; those that a process
	// left behind are removed by the next one.
	tempPattern = ".tmp-*"
)

// Config says where a Store is. Only Dir is needed.
type Config struct {
	// Dir is the folder of the tenants' files. It is made with mode 0700 if
	// it does not exist; files have mode 0600.
	Dir string
	// OnFailure is called once per file when writing or syncing failed. The
	// process should end then: what was acknowledged before is on disk, and
	// the next start verifies the file. Without it the tenant only refuses
	// every call.
	OnFailure func(error)
	// OnDamage is called once per file that turned out to be damaged while it
	// was in use, after which its tenant refuses every call with a
	// *store.QuarantineError. It may be nil.
	OnDamage func(id store.TenantID, err error)
	// Logger gets verifications of files; nil discards.
	Logger *slog.Logger
	// StartBudget bounds the time in which files that were closed properly are
	// verified when they are opened, all files together; 0 means five seconds,
	// less than 0 none. What is left is verified in the background.
	StartBudget time.Duration
	// LockWait bounds the wait for another process that uses the folder; 0
	// means one second.
	LockWait time.Duration
}

// Store is a folder of tenants' files. It implements store.Store.
type Store struct {
	dir       string
	lock      *bolt.DB
	lockWait  time.Duration
	onFailure func(error)
	onDamage  func(store.TenantID, error)
	log       *slog.Logger
	openOS    opener        // nil except in tests
	idle      time.Duration // flushAfter, except in tests

	shrinkFrom int64 // shrinkFrom, except in tests

	scrub scrubber

	mu     sync.Mutex
	slots  map[store.TenantID]*slot
	closed bool
}

// slot is the place of one tenant's file. Its lock makes opening, growing and
// closing one after the other, without keeping other tenants waiting.
type slot struct {
	store *Store
	mu    sync.Mutex
	file  *file
	refs  int
}

var _ store.Store = (*Store)(nil)

// Open takes a folder for this process. It returns a *LockedError when another
// process has it.
func Open(c Config) (*Store, error) {
	if c.Dir == "" {
		return nil, errors.New("boltstore: no folder given")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("boltstore: %w", err)
	}
	if c.LockWait <= 0 {
		c.LockWait = defaultLockWait
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.StartBudget == 0 {
		c.StartBudget = defaultStartBudget
	}
	if c.OnDamage == nil {
		c.OnDamage = func(store.TenantID, error) {}
	}
	lock, err := lockDir(dir, c.LockWait)
	if err != nil {
		return nil, err
	}
	if err := removeTemp(dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := &Store{
		dir: dir, lock: lock, lockWait: c.LockWait, onFailure: c.OnFailure, onDamage: c.OnDamage, log: c.Logger, idle: flushAfter, shrinkFrom: shrinkFrom,
		slots: map[store.TenantID]*slot{},
		scrub: scrubber{stop: make(chan struct{}), ended: make(chan struct{})},
	}
	s.scrub.budget.Store(int64(c.StartBudget))
	go s.runScrub()
	return s, nil
}

// lockDir makes a folder if needed and takes its lock.
func lockDir(dir string, wait time.Duration) (*bolt.DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("boltstore: data folder %s: %w; choose a folder that the user who runs authhost may write", dir, err)
	}
	lock, err := openDB(filepath.Join(dir, lockName), false, wait, nil)
	var locked *LockedError
	if errors.As(err, &locked) {
		return nil, &LockedError{Path: dir}
	}
	if err != nil {
		return nil, fmt.Errorf("boltstore: data folder %s: %w", dir, err)
	}
	return lock, nil
}

func removeTemp(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if left, _ := filepath.Match(tempPattern, e.Name()); left {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// fileName returns the name of a tenant's file. Lower-case letters, digits and
// "-" stay, so that names differ on file systems that ignore case; every other
// byte is written as "_" and two hex digits. Long names end with a hash.
func fileName(id store.TenantID) string {
	var name strings.Builder
	for _, c := range []byte(id) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' {
			name.WriteByte(c)
		} else {
			fmt.Fprintf(&name, "_%02x", c)
		}
	}
	const longest = 128
	if s := name.String(); len(s) > longest {
		sum := sha256.Sum256([]byte(id))
		return "tenant-" + s[:longest] + "_h" + hex.EncodeToString(sum[:16]) + ".db"
	}
	return "tenant-" + name.String() + ".db"
}

// Open returns a tenant's data; see store.Store.
func (s *Store) Open(ctx context.Context, id store.TenantID, schema store.Schema) (store.Tenant, error) {
	if err := id.Validate(); err != nil {
		return nil, err
	}
	if err := schema.Validate(); err != nil {
		return nil, err
	}
	sl, err := s.slot(id)
	if err != nil {
		return nil, err
	}
	sl.mu.Lock()
	defer sl.mu.Unlock()
	if err := s.open(ctx, sl, id, schema); err != nil {
		return nil, err
	}
	sl.refs++
	return &tenant{slot: sl, file: sl.file}, nil
}

func (s *Store) slot(id store.TenantID) (*slot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	if s.slots[id] == nil {
		s.slots[id] = &slot{store: s}
	}
	return s.slots[id], nil
}

// open opens or grows the file of a slot, whose lock is held.
func (s *Store) open(ctx context.Context, sl *slot, id store.TenantID, schema store.Schema) error {
	if sl.file == nil {
		if _, err := s.slot(id); err != nil {
			return err // closed while waiting for the slot
		}
		f, err := s.openFile(ctx, id, schema)
		sl.file = f
		return err
	}
	f := sl.file
	if err := guarded(f.path, f.stillThere); err != nil {
		_ = f.fail(err)
	}
	if errors.Is(f.failure(), store.ErrCorrupt) { // it may have been mended
		sl.file, sl.refs = nil, 0
		if err := f.close(); err != nil {
			return err
		}
		return s.open(ctx, sl, id, schema)
	}
	if grown, err := f.layout.Load().catalog.Schema().Grow(schema); err != nil {
		return err
	} else if grown.Equal(f.layout.Load().catalog.Schema()) {
		return nil
	}
	return f.submit(ctx, &request{alone: true, do: func(w *writer) error {
		return w.grow(ctx, id, schema, false)
	}})
}

// Has reports whether there is a file of a tenant.
func (s *Store) Has(_ context.Context, id store.TenantID) (bool, error) {
	_, err := os.Stat(filepath.Join(s.dir, fileName(id)))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Forget deletes what a tenant whose file was moved away has left, so that the next
// Open makes a new one. It refuses to if the file is there.
func (s *Store) Forget(id store.TenantID) error {
	path := filepath.Join(s.dir, fileName(id))
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("boltstore: %s is there", path)
	}
	return errors.Join(remove(sumsPath(path)), remove(journalPath(path)))
}

// Close closes every tenant and gives the folder up.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	slots := s.slots
	s.mu.Unlock()
	close(s.scrub.stop)
	<-s.scrub.ended
	var err error
	for _, sl := range slots {
		sl.mu.Lock()
		if sl.file != nil {
			err = errors.Join(err, sl.file.close())
			sl.file = nil
		}
		sl.mu.Unlock()
	}
	return errors.Join(err, s.lock.Close())
}
