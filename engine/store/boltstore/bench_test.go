package boltstore

import (
	"errors"
	"fmt"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// BenchmarkGet reads single records from a file, and, in the same run, makes the
// checksum of a page: what a read spends on each page of its way.
func BenchmarkGet(b *testing.B) {
	s, err := Open(Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	opened, err := s.Open(b.Context(), "main", damageSchema)
	if err != nil {
		b.Fatal(err)
	}
	const records = 10_000
	ops := make([]store.Op, records)
	ids := make([]string, records)
	for i := range ops {
		ids[i] = fmt.Sprintf("user%06d", i)
		ops[i] = store.Op{Kind: store.Insert, Model: "user", ID: ids[i], Fields: document.NewObject(2).
			Set("email", document.Text(ids[i]+"@example.com")).Set("note", document.Text("note"))}
	}
	f := fileOf(opened)
	if err := errors.Join(opened.Apply(b.Context(), ops), f.takenOver(b.Context())); err != nil {
		b.Fatal(err)
	}
	b.Run("record", func(b *testing.B) {
		for i := 0; b.Loop(); i += 7919 {
			if _, err := opened.Get(b.Context(), "user", ids[i%records]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("checksum", func(b *testing.B) {
		t, err := f.summedTree()
		if err != nil {
			b.Fatal(err)
		}
		p := t.page(t.head.root)
		for b.Loop() {
			pageSum(p)
		}
	})
}
