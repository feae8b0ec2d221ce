package boltstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

// TestCompactDir: a file gets smaller and keeps what is in it; a damaged one
// stays as it is, and is named.
func TestCompactDir(t *testing.T) {
	dir := t.TempDir()
	s, err := boltstore.Open(boltstore.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	schema := store.Schema{Models: []store.Model{{Name: "note", Fields: []store.Field{{Name: "text", Type: store.String}}}}}
	data, err := s.Open(t.Context(), "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	var add, remove []store.Op
	for i := range 500 {
		id := fmt.Sprint(i)
		add = append(add, store.Op{Kind: store.Insert, Model: "note", ID: id, Fields: document.NewObject(1).Set("text", document.Text(strings.Repeat("x", 1000)))})
		if i > 0 {
			remove = append(remove, store.Op{Kind: store.Delete, Model: "note", ID: id})
		}
	}
	if err := errors.Join(data.Apply(t.Context(), add), s.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err = boltstore.Open(boltstore.Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if data, err = s.Open(t.Context(), "main", schema); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(data.Apply(t.Context(), remove), s.Close()); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(dir, "tenant-other.db")
	if err := os.WriteFile(damaged, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	outcome := map[string]string{}
	files, err := boltstore.CompactDir(t.Context(), dir, func(path string, before, after int64, err error) {
		outcome[filepath.Base(path)] = fmt.Sprint(after > 0 && after < before/2, err != nil)
	})
	if err != nil || files != 2 || outcome["tenant-main.db"] != "true false" || outcome["tenant-other.db"] != "false true" {
		t.Errorf("%d files, %v, %v", files, outcome, err)
	}
	if text, err := os.ReadFile(damaged); err != nil || string(text) != "hello" {
		t.Errorf("the damaged file is %q, %v", text, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".tmp-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if s, err = boltstore.Open(boltstore.Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if data, err = s.Open(t.Context(), "main", schema); err != nil {
		t.Fatal(err)
	}
	if rec, err := data.Get(t.Context(), "note", "0"); err != nil || len(rec.Str("text")) != 1000 {
		t.Errorf("%v, %v", rec, err)
	}
}
