package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/storetest"
)

func open(t testing.TB, dir string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openTenant(t testing.TB, s *boltstore.Store) store.Tenant {
	t.Helper()
	tenant, err := s.Open(t.Context(), "main", storetest.Schema())
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// addUsers stores n users with ids prefix0, prefix1, …
func addUsers(t testing.TB, tenant store.Tenant, prefix string, n int) {
	t.Helper()
	ops := make([]store.Op, n)
	for i := range ops {
		ops[i] = newUser(fmt.Sprint(prefix, i))
	}
	if err := tenant.Apply(context.Background(), ops); err != nil {
		t.Fatal(err)
	}
}

func newUser(id string) store.Op {
	fields := document.NewObject(2).Set("name", document.Text("N")).Set("email", document.Text(id))
	return store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: fields}
}

func closeAll(t testing.TB, closers ...io.Closer) {
	t.Helper()
	for _, c := range closers {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, t.TempDir()) })
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(b *testing.B) store.Store { return open(b, b.TempDir()) })
}

func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "tenants")
	s := open(t, dir)
	openTenant(t, s)
	for name, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "tenant-main.db"): 0o600, filepath.Join(dir, "folder.lock"): 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode().Perm(), err, want)
		}
	}
	closeAll(t, s)
}

// TestLocked opens a folder twice; a file lock holds between two opens of one
// process as well as between processes.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	openTenant(t, s)
	begin := time.Now()
	_, err := boltstore.Open(boltstore.Config{Dir: dir, LockWait: 100 * time.Millisecond})
	var locked *boltstore.LockedError
	if !errors.As(err, &locked) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "stop that process") {
		t.Fatalf("second Open: %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the second process waited %v", took)
	}
	if err := boltstore.CheckFile(t.Context(), filepath.Join(dir, "tenant-main.db")); !errors.As(err, &locked) {
		t.Errorf("CheckFile of a file in use: %v", err)
	}
	if err := boltstore.Restore(t.Context(), dir, "other", strings.NewReader("")); !errors.As(err, &locked) {
		t.Errorf("Restore into a folder in use: %v", err)
	}
	closeAll(t, s)
	closeAll(t, open(t, dir))
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", file, filepath.Join(file, "below")} {
		if s, err := boltstore.Open(boltstore.Config{Dir: bad}); err == nil {
			closeAll(t, s)
			t.Errorf("Open(%q): no error", bad)
		} else if !strings.Contains(err.Error(), bad) {
			t.Errorf("the error does not name %q: %v", bad, err)
		}
	}
	if os.Geteuid() != 0 { // root may read everything
		closed := filepath.Join(dir, "closed")
		if err := os.Mkdir(closed, 0o000); err != nil {
			t.Fatal(err)
		}
		if _, err := boltstore.Open(boltstore.Config{Dir: closed}); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), closed) {
			t.Errorf("Open of an unreadable folder: %v", err)
		}
	}
	s := open(t, filepath.Join(dir, "data"))
	defer closeAll(t, s)
	if err := os.WriteFile(filepath.Join(dir, "data", "tenant-main.db"), bytes.Repeat([]byte("no database "), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "main", store.Schema{}); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "tenant-main.db") {
		t.Errorf("Open of a file that is no store: %v", err)
	}
}

// TestOtherTenant moves one tenant's file to another's name.
func TestOtherTenant(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	openTenant(t, s)
	closeAll(t, s)
	if err := os.Rename(filepath.Join(dir, "tenant-main.db"), filepath.Join(dir, "tenant-other.db")); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer closeAll(t, s)
	if _, err := s.Open(t.Context(), "other", storetest.Schema()); err == nil || !strings.Contains(err.Error(), `tenant "main"`) {
		t.Errorf("Open: %v", err)
	}
}

// TestBackupRestore restores a backup that was made while others wrote.
func TestBackupRestore(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	tenant := openTenant(t, s)
	addUsers(t, tenant, "u", 2000)
	stop := make(chan struct{})
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				_ = tenant.Apply(context.Background(), []store.Op{newUser(fmt.Sprint("later", i))})
			}
		}
	}()
	var backup bytes.Buffer
	if err := tenant.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Check(t.Context()); err != nil {
		t.Error(err)
	}
	close(stop)
	<-written
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tenant.Backup(cancelled, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Backup: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".tmp-*")); len(left) > 0 {
		t.Errorf("temporary files stay: %v", left)
	}
	closeAll(t, s)

	target := t.TempDir()
	damaged := bytes.Clone(backup.Bytes())
	damaged[len(damaged)/2] ^= 1
	for name, bad := range map[string][]byte{"empty": nil, "cut": backup.Bytes()[:backup.Len()/2]} {
		if err := boltstore.Restore(t.Context(), target, "main", bytes.NewReader(bad)); err == nil {
			t.Errorf("a backup that is %s was restored", name)
		}
	}
	if err := boltstore.Restore(t.Context(), target, "other", bytes.NewReader(backup.Bytes())); err == nil {
		t.Error("a backup was restored as another tenant")
	}
	if err := boltstore.Restore(t.Context(), target, "main", bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := boltstore.Restore(t.Context(), target, "main", bytes.NewReader(backup.Bytes())); err == nil {
		t.Error("a backup was restored over a tenant")
	}
	s = open(t, target)
	defer closeAll(t, s)
	if _, err := openTenant(t, s).Get(t.Context(), "user", "u1999"); err != nil {
		t.Error(err)
	}
}

// TestLeftovers finds a temporary file that a killed process left.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, ".tmp-123")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closeAll(t, open(t, dir))
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("a temporary file stays: %v", err)
	}
}
