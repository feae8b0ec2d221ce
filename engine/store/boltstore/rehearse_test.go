package boltstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

// TestRehearse: a copy may be opened and changed, and the folder stays as it
// is, or is not made at all.
func TestRehearse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	empty := t.TempDir()
	if err := boltstore.Rehearse(boltstore.Config{Dir: dir}, "main", empty); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}

	s, err := boltstore.Open(boltstore.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "main", store.Schema{}); err != nil {
		t.Fatal(err)
	}
	var locked *boltstore.LockedError
	if err := boltstore.Rehearse(boltstore.Config{Dir: dir}, "main", empty); !errors.As(err, &locked) {
		t.Errorf("while the folder is in use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	before := entries(t, dir)
	for id, files := range map[store.TenantID]int{"main": 2, "other": 0} {
		into := t.TempDir()
		if err := boltstore.Rehearse(boltstore.Config{Dir: dir}, id, into); err != nil {
			t.Fatal(err)
		}
		if got := entries(t, into); len(got) != files {
			t.Errorf("the copy of %s has %v", id, got)
		}
		if files > 0 {
			if err := boltstore.CheckFile(t.Context(), filepath.Join(into, "tenant-main.db")); err != nil {
				t.Error(err)
			}
		}
	}
	if after := entries(t, dir); len(after) != len(before) {
		t.Errorf("the folder has %v, had %v", after, before)
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}
