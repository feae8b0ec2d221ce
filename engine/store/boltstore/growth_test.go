package boltstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// TestGrowth lets a file grow step by step, by much and by little: the checksums of
// its pages keep up.
func TestGrowth(t *testing.T) {
	dir := t.TempDir()
	tenant := openMain(t, dir)
	want := users{}
	for step := range 60 {
		var ops []store.Op
		for i := range 1 + step*7%13 {
			id, note := fmt.Sprintf("user-%d-%d", step, i), strings.Repeat("x", step*997%6000)
			ops = append(ops, store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(2).
				Set("email", document.Text(id+"@example.com")).Set("note", document.Text(note))})
			want[id] = note
		}
		if err := tenant.Apply(t.Context(), ops); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		flushed(t, tenant)
	}
	if err := want.tell(t, tenant); err != nil {
		t.Fatal(err)
	}
}
