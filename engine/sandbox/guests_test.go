package sandbox_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// guest is a module under construction with the imports that tests use.
type guest struct {
	w.Builder
	get, set, take, log, call, random, exit uint32
}

// Addresses in the guests' memory.
const (
	addrText = 64   // what Text puts there
	addrOut  = 1024 // where results go
)

// newGuest starts a module with every import and two pages of memory.
func newGuest() *guest {
	g := &guest{}
	g.get = g.Import("host_v1", "get", "iiii>I")
	g.set = g.Import("host_v1", "set", "iiiii>i")
	g.take = g.Import("host_v1", "take", "ii>I")
	g.log = g.Import("host_v1", "log", "iii>")
	g.call = g.Import("host_v1_echo", "call", "iiiiii>I")
	g.random = g.Import("wasi_snapshot_preview1", "random_get", "ii>i")
	g.exit = g.Import("wasi_snapshot_preview1", "proc_exit", "i>")
	g.Memory(2, 8)
	return g
}

// handler adds the entry with two i32 locals (1, 2) and one i64 (3).
func (g *guest) handler(code ...[]byte) *guest {
	g.Export("host_call", g.Func("i>i", "iiI", code...))
	return g
}

// fakeHost is a host that answers from a map and records what it gets.
type fakeHost struct {
	mu     sync.Mutex
	fields map[string]string
	sets   []string
	logs   []string
	onCall func(ctx context.Context, capability, fn string, in []byte) (uint32, []byte)
}

func (h *fakeHost) Get(path string, buf []byte) (uint32, []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.fields[path]
	if !ok {
		return 0, buf
	}
	if strings.HasPrefix(v, "{") {
		return 5, append(buf, v...) // an object
	}
	return 4, append(buf, v...)
}

func (h *fakeHost) Set(path string, kind uint32, value []byte) uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sets = append(h.sets, fmt.Sprintf("%s=%d:%s", path, kind, value))
	return 0
}

func (h *fakeHost) Log(level int32, msg string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.logs = append(h.logs, fmt.Sprintf("%d %s", level, msg))
}

func (h *fakeHost) Call(ctx context.Context, capability, fn string, in, buf []byte) (uint32, []byte) {
	if h.onCall != nil {
		status, out := h.onCall(ctx, capability, fn, in)
		return status, append(buf, out...)
	}
	return 7, append(append(buf, capability+"."+fn+":"...), in...)
}

// newRuntime makes a runtime that is closed with the test.
func newRuntime(t testing.TB, cfg sandbox.Config) *sandbox.Runtime {
	t.Helper()
	if cfg.Capabilities == nil {
		cfg.Capabilities = []string{"echo"}
	}
	cfg.SelfCheck = true
	rt, err := sandbox.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if s := rt.Stats(); s.Faults > 0 {
			t.Errorf("%d resets failed the self-check: %+v", s.Faults, s)
		}
	})
	return rt
}

// load loads a module that is closed with the test.
func load(t testing.TB, rt *sandbox.Runtime, wasm []byte) *sandbox.Module {
	t.Helper()
	m, err := rt.Load(context.Background(), wasm, sandbox.LoadOptions{Name: "guest"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// run acquires, calls handler 1 and releases.
func run(t testing.TB, m *sandbox.Module, h sandbox.Imports, limits sandbox.Limits) (int32, sandbox.Usage, error) {
	t.Helper()
	inst, err := m.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Release()
	return inst.Call(context.Background(), 1, h, limits)
}
