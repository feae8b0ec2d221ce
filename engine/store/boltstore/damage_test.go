package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

var damageSchema = store.Schema{Models: []store.Model{
	{Name: "user", Fields: []store.Field{{Name: "email", Type: store.String, Unique: true}, {Name: "note", Type: store.String, Index: true}}},
	{Name: "session", Fields: []store.Field{{Name: "userId", Type: store.String, References: "user"}}},
}}

// damagedStore returns the folder and file of a store with some records, which
// was closed properly.
func damagedStore(t *testing.T, users int) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	var ops []store.Op
	for i := range users {
		id := fmt.Sprintf("user%06d", i)
		ops = append(ops,
			store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(2).
				Set("email", document.Text(id+"@example.com")).Set("note", document.Text("note of "+id))},
			store.Op{Kind: store.Insert, Model: "session", ID: "of-" + id, Fields: document.NewObject(1).Set("userId", document.Text(id))})
	}
	if err := errors.Join(tenant.Apply(t.Context(), ops), s.Close()); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, "tenant-main.db")
}

// edit changes a file's buckets behind the driver's back.
func edit(t *testing.T, path string, f func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(f), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	record, id := []byte("r:user"), []byte("user000001")
	email := store.AppendKey(nil, document.Text("user000001@example.com"))
	index := indexBucket("user", "email!")
	cases := map[string]func(tx *bolt.Tx) error{
		"changed record": func(tx *bolt.Tx) error {
			value := bytes.Clone(tx.Bucket(record).Get(id))
			value[len(value)-1] ^= 1
			return tx.Bucket(record).Put(id, value)
		},
		"record of another id": func(tx *bolt.Tx) error {
			return tx.Bucket(record).Put(id, bytes.Clone(tx.Bucket(record).Get([]byte("user000002"))))
		},
		"missing record": func(tx *bolt.Tx) error { return tx.Bucket(record).Delete(id) },
		"short record":   func(tx *bolt.Tx) error { return tx.Bucket(record).Put(id, []byte{1, 2}) },
		"missing entry":  func(tx *bolt.Tx) error { return tx.Bucket(index.name).Delete(email) },
		"entry of another record": func(tx *bolt.Tx) error {
			value := sealed(index.seed, email, func(dst []byte) []byte { return append(dst, "user000002"...) })
			return tx.Bucket(index.name).Put(email, value)
		},
		"entry too many": func(tx *bolt.Tx) error {
			key := store.AppendKey(nil, document.Text("nobody@example.com"))
			return tx.Bucket(index.name).Put(key, sealed(index.seed, key, func(dst []byte) []byte { return append(dst, id...) }))
		},
		"changed entry":    func(tx *bolt.Tx) error { return tx.Bucket(index.name).Put(email, []byte("12345")) },
		"dangling session": func(tx *bolt.Tx) error { return tx.DeleteBucket(record) },
		"missing index":    func(tx *bolt.Tx) error { return tx.DeleteBucket(index.name) },
		"changed schema":   func(tx *bolt.Tx) error { return tx.Bucket(metaBucket.name).Put(keySchema, []byte("12345{}")) },
		"no format":        func(tx *bolt.Tx) error { return tx.Bucket(metaBucket.name).Delete(keyFormat) },
		"no tenant":        func(tx *bolt.Tx) error { return tx.Bucket(metaBucket.name).Delete(keyTenant) },
		"no schema":        func(tx *bolt.Tx) error { return tx.Bucket(metaBucket.name).Delete(keySchema) },
		"no meta":          func(tx *bolt.Tx) error { return tx.DeleteBucket(metaBucket.name) },
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			_, path := damagedStore(t, 5)
			if err := CheckFile(t.Context(), path); err != nil {
				t.Fatalf("before: %v", err)
			}
			edit(t, path, damage)
			if err := CheckFile(t.Context(), path); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) {
				t.Errorf("CheckFile: %v", err)
			}
		})
	}
}

// flip changes one bit of a file.
func flip(t *testing.T, path string, bit int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	_, err = f.ReadAt(b, bit/8)
	b[0] ^= 1 << (bit % 8)
	_, werr := f.WriteAt(b, bit/8)
	if err := errors.Join(err, werr, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedPages overwrites one page after the other, and cuts the file: the
// check never ends the process, and finds a file that is much too short.
func TestDamagedPages(t *testing.T) {
	_, path := damagedStore(t, 300)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	bad := filepath.Join(t.TempDir(), "tenant-main.db")
	check := func(content []byte) error {
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return CheckFile(t.Context(), bad)
	}
	found := 0
	for at := 0; at < len(sound); at += page {
		for _, fill := range []byte{0x00, 0xFF} {
			content := bytes.Clone(sound)
			copy(content[at:], bytes.Repeat([]byte{fill}, page))
			if check(content) != nil {
				found++
			}
		}
	}
	// A free page may hold anything, and of the two heads one is enough, so
	// not every overwritten page is damage.
	if found < len(sound)/page/2 {
		t.Errorf("%d of %d overwritten pages were found", found, 2*len(sound)/page)
	}
	for at := page; at < len(sound)/2; at += 3 * page {
		if check(sound[:at]) == nil {
			t.Errorf("a file that ends after %d pages passes", at/page)
		}
	}
}

// TestUncleanStart leaves a file as a killed process does: the next start
// verifies it, and refuses a damaged one.
func TestUncleanStart(t *testing.T) {
	dir, path := damagedStore(t, 5)
	openMain := func() error {
		s, err := Open(Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Open(t.Context(), "main", damageSchema)
		return errors.Join(err, s.Close())
	}
	edit(t, path, func(tx *bolt.Tx) error { return nil })
	if err := openMain(); err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	edit(t, path, func(tx *bolt.Tx) error { return tx.Bucket([]byte("r:user")).Delete([]byte("user000003")) })
	if err := openMain(); !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("a damaged file: %v", err)
	}
}

// TestFailedWrite takes a file away from under the commits: the next one fails, and
// from then on everything does, because nothing is known any more. What was
// acknowledged is there after a restart.
func TestFailedWrite(t *testing.T) {
	for name, write := range map[string]func(tenant store.Tenant) error{
		"journal": func(tenant store.Tenant) error {
			if err := fileOf(tenant).journal.file.Close(); err != nil {
				return err
			}
			return insertUser(tenant, "failing")
		},
		"file": func(tenant store.Tenant) error { return fileOf(tenant).takenOver(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var reported []error
			s, err := Open(Config{Dir: dir, OnFailure: func(err error) { reported = append(reported, err) }})
			if err != nil {
				t.Fatal(err)
			}
			var opened *os.File
			s.openOS = func(name string, flag int, mode os.FileMode) (*os.File, error) {
				f, err := os.OpenFile(name, flag, mode)
				opened = f
				return f, err
			}
			tenant, err := s.Open(t.Context(), "main", damageSchema)
			if err != nil {
				t.Fatal(err)
			}
			if err := insertUser(tenant, "before"); err != nil {
				t.Fatal(err)
			}
			if err := opened.Close(); err != nil {
				t.Fatal(err)
			}
			if err := write(tenant); !errors.Is(err, ErrFailed) {
				t.Errorf("a failing write: %v", err)
			}
			if err := insertUser(tenant, "after"); !errors.Is(err, ErrFailed) {
				t.Errorf("a write after it: %v", err)
			}
			if _, err := tenant.Get(t.Context(), "user", "before"); !errors.Is(err, ErrFailed) {
				t.Errorf("Get: %v", err)
			}
			if len(reported) != 1 || !errors.Is(reported[0], ErrFailed) {
				t.Errorf("OnFailure was called with %v", reported)
			}
			if err := s.Close(); err == nil {
				t.Error("Close reports nothing")
			}
			if _, err := openMain(t, dir).Get(t.Context(), "user", "before"); err != nil {
				t.Errorf("after a restart: %v", err)
			}
		})
	}
}

func insertUser(tenant store.Tenant, id string) error {
	return tenant.Apply(context.Background(), []store.Op{{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(0)}})
}

// TestBrokenWrite has a write refused in the middle of one request: the others of its
// batch are stored all the same.
func TestBrokenWrite(t *testing.T) {
	s, err := Open(Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	opened, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	f := opened.(*tenant).file
	insert := func(id string) *request {
		return &request{done: make(chan struct{}), do: func(w *writer) error {
			return w.apply(context.Background(), []store.Op{{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(0)}})
		}}
	}
	broken := &request{done: make(chan struct{}), do: func(w *writer) error {
		return &writeError{w.put(recordBucket("user"), nil, nil)}
	}}
	batch := []*request{insert("a"), broken, insert("b"), insert("a")}
	f.committing.Lock()
	f.commitAll(batch)
	f.committing.Unlock()
	for i, want := range []error{nil, bolterrors.ErrKeyRequired, nil, store.ErrConflict} {
		if <-batch[i].done; !errors.Is(batch[i].err, want) {
			t.Errorf("request %d: %v; want %v", i, batch[i].err, want)
		}
	}
	for _, id := range []string{"a", "b"} {
		if _, err := opened.Get(t.Context(), "user", id); err != nil {
			t.Errorf("Get(%s): %v", id, err)
		}
	}
}
