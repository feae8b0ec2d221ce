package boltstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// emptied returns the folder of a store that was large, and what is left in it.
func emptied(t *testing.T) (dir string, left users) {
	t.Helper()
	dir, left = t.TempDir(), users{}
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := s.Open(t.Context(), "main", damageSchema)
	if err != nil {
		t.Fatal(err)
	}
	const count, noteBytes = 1500, 4000
	var insert, remove []store.Op
	for i := range count {
		id, note := fmt.Sprintf("user%06d", i), strings.Repeat("x", noteBytes)
		insert = append(insert, store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(2).
			Set("email", document.Text(id+"@example.com")).Set("note", document.Text(note[:noteBytes-i%1000]))})
		if i%20 > 0 {
			remove = append(remove, store.Op{Kind: store.Delete, Model: "user", ID: id})
		} else {
			left[id] = note[:noteBytes-i%1000]
		}
	}
	if err := errors.Join(tenant.Apply(t.Context(), insert), tenant.Apply(t.Context(), remove), s.Close()); err != nil {
		t.Fatal(err)
	}
	return dir, left
}

// TestShrink: a file most of which is free becomes smaller when it is opened, once,
// and has what it had.
func TestShrink(t *testing.T) {
	dir, left := emptied(t)
	path := filepath.Join(dir, "tenant-main.db")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	left.check(t, dir)
	after, err := os.Stat(path)
	if err != nil || after.Size() > before.Size()/2 {
		t.Fatalf("%d bytes before, %d after the next start, %v", before.Size(), after.Size(), err)
	}
	left.check(t, dir)
	again, err := os.Stat(path)
	if err != nil || !os.SameFile(after, again) {
		t.Errorf("it was compacted again: %v", err)
	}
}

// TestShrinkCutOff: the power fails while a file takes the place of a larger one.
func TestShrinkCutOff(t *testing.T) {
	dir, left := emptied(t)
	large := copyTenant(t, dir)
	left.check(t, dir)
	small := filepath.Join(dir, "tenant-main.db")
	for name, cut := range map[string]func(dir, path string) error{
		"half a copy": func(dir, path string) error { return os.WriteFile(filepath.Join(dir, ".tmp-1"), []byte("half"), 0o600) },
		"the copy before it has the name": func(dir, path string) error {
			return errors.Join(copyFile(small, filepath.Join(dir, ".tmp-1")), os.Remove(sumsPath(path)))
		},
		"the copy without checksums": func(dir, path string) error {
			return errors.Join(os.Remove(sumsPath(path)), os.Remove(path), copyFile(small, path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyTenant(t, large)
			if err := cut(dir, filepath.Join(dir, "tenant-main.db")); err != nil {
				t.Fatal(err)
			}
			left.check(t, dir)
		})
	}
}

// TestShrinkImpossible: a file that cannot be compacted is used as it is.
func TestShrinkImpossible(t *testing.T) {
	dir, left := emptied(t)
	var log strings.Builder
	s, err := Open(Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	f := &file{path: filepath.Join(dir, "tenant-main.db")}
	stopped, stop := context.WithCancel(t.Context())
	stop() // the copy is given up, as on a full disk
	if err := guarded(f.path, func() error {
		return errors.Join(s.admit(t.Context(), f), s.shrink(stopped, f))
	}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "could not be made smaller") {
		t.Errorf("the log says %q", log.String())
	}
	if err := errors.Join(f.pages.close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	left.check(t, dir)
}
