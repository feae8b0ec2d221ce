package sandbox_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// TestNothingLeaks loads, uses and closes modules, some of which cannot be
// started, and counts what the kernel has of the process afterwards.
func TestNothingLeaks(t *testing.T) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("needs /proc/self/maps")
	}
	files := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before, filesBefore := strings.Count(string(maps), "\n"), files()
	ctx := context.Background()
	for n := range 30 {
		rt, err := sandbox.New(ctx, sandbox.Config{Capabilities: []string{"echo"}})
		if err != nil {
			t.Fatal(err)
		}
		bad := newGuest()
		bad.Start(bad.Func(">", "", w.Unreachable))
		if _, err := rt.Load(ctx, bad.handler(w.I32(0)).Bytes(), sandbox.LoadOptions{}); err == nil {
			t.Fatal("it starts")
		}
		m, err := rt.Load(ctx, canaryGuest(), sandbox.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for handler := int32(1); handler <= 2; handler++ { // the second traps
			inst, err := m.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_, _, _ = inst.Call(ctx, handler, &fakeHost{}, sandbox.Limits{})
			inst.Release()
		}
		if n%2 == 0 { // the runtime frees what was not closed
			m.Close()
		}
		if err := rt.Close(ctx); err != nil {
			t.Fatal(err)
		}
		m.Close()
	}
	maps, _ = os.ReadFile("/proc/self/maps")
	if grown := strings.Count(string(maps), "\n") - before; grown > 30 {
		t.Errorf("%d mappings more than before", grown)
	}
	if grown := files() - filesBefore; grown > 5 {
		t.Errorf("%d files more than before", grown)
	}
}
