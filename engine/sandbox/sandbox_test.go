package sandbox_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// getSetTake reads "name" with room for 4 bytes, takes the rest, and sets
// "out" to the whole. It returns the length that get announced.
func getSetTake() *guest {
	g := newGuest()
	g.Data(addrText, "nameout")
	return g.handler(
		w.I32(addrText), w.I32(4), w.I32(addrOut), w.I32(4), w.Call(g.get), w.Set(3),
		w.I32(addrOut+4), w.I32(100), w.Call(g.take), w.I32WrapI64, w.Set(1),
		w.I32(addrText+4), w.I32(3), w.I32(4), w.I32(addrOut), w.Get(3), w.I32WrapI64, w.Call(g.set), w.Drop,
		w.Get(3), w.I32WrapI64,
	)
}

func TestCallGetSetTake(t *testing.T) {
	m := load(t, newRuntime(t, sandbox.Config{}), getSetTake().Bytes())
	for _, name := range []string{"", "Ann", "Anna", "Annabella"} {
		h := &fakeHost{fields: map[string]string{"name": name}}
		n, usage, err := run(t, m, h, sandbox.Limits{})
		if err != nil || int(n) != len(name) {
			t.Fatalf("%q: %d, %v", name, n, err)
		}
		if want := "out=4:" + name; !slices.Equal(h.sets, []string{want}) {
			t.Errorf("%q: sets %q, want %q", name, h.sets, want)
		}
		if usage.HostCalls != 3 || usage.BytesIn != uint64(len(name)) || usage.BytesOut != uint64(7+len(name)) {
			t.Errorf("%q: usage %+v", name, usage)
		}
	}
}

func TestCapabilityCall(t *testing.T) {
	g := newGuest()
	g.Data(addrText, "fnargs")
	g.handler(
		w.I32(addrText), w.I32(2), w.I32(addrText+2), w.I32(4), w.I32(addrOut), w.I32(64), w.Call(g.call), w.Set(3),
		w.I32(2), w.I32(addrOut), w.Get(3), w.I32WrapI64, w.Call(g.log),
		w.Get(3), w.I64(32), w.I64ShrU, w.I32WrapI64,
	)
	h := &fakeHost{}
	status, _, err := run(t, load(t, newRuntime(t, sandbox.Config{}), g.Bytes()), h, sandbox.Limits{})
	if err != nil || status != 7 {
		t.Fatalf("status %d, %v", status, err)
	}
	if want := []string{"2 echo.fn:args"}; !slices.Equal(h.logs, want) {
		t.Errorf("logs %q, want %q", h.logs, want)
	}
}

// TestRandomIsNoted: the usage says whether a guest took random bytes.
func TestRandomIsNoted(t *testing.T) {
	for _, random := range []bool{false, true} {
		g := newGuest()
		code := []byte{}
		if random {
			code = w.Cat(w.I32(addrOut), w.I32(8), w.Call(g.random), w.Drop)
		}
		g.handler(code, w.I32(0))
		_, usage, err := run(t, load(t, newRuntime(t, sandbox.Config{}), g.Bytes()), &fakeHost{}, sandbox.Limits{})
		if err != nil || usage.Random != random {
			t.Errorf("random %v: usage %+v, %v", random, usage, err)
		}
	}
}

func TestCallEndsWithReason(t *testing.T) {
	spin := w.Loop(w.Br(0))
	bigGet := func(g *guest) []byte {
		return w.Cat(w.I32(addrText), w.I32(4), w.I32(addrOut), w.I32(1000), w.Call(g.get), w.Drop)
	}
	tests := []struct {
		name   string
		code   func(g *guest) []byte
		limits sandbox.Limits
		want   sandbox.Reason
	}{
		{"unreachable", func(*guest) []byte { return w.Unreachable }, sandbox.Limits{}, sandbox.ReasonTrap},
		{"load past the end", func(*guest) []byte { return w.Cat(w.I32(-4), w.Load(0), w.Drop) }, sandbox.Limits{}, sandbox.ReasonTrap},
		{"division by zero", func(*guest) []byte { return w.Cat(w.I32(1), w.I32(0), w.I32DivS, w.Drop) }, sandbox.Limits{}, sandbox.ReasonTrap},
		{"exit", func(g *guest) []byte { return w.Cat(w.I32(0), w.Call(g.exit)) }, sandbox.Limits{}, sandbox.ReasonExit},
		{"endless loop", func(*guest) []byte { return spin }, sandbox.Limits{Wall: 20 * time.Millisecond}, sandbox.ReasonWall},
		{"too many host calls", func(g *guest) []byte { return w.Loop(bigGet(g), w.Br(0)) }, sandbox.Limits{HostCalls: 100}, sandbox.ReasonHostCalls},
		{"too many bytes in", bigGet, sandbox.Limits{BytesIn: 8}, sandbox.ReasonBytesIn},
		{"too many bytes out", bigGet, sandbox.Limits{BytesOut: 3}, sandbox.ReasonBytesOut},
		{"path is not UTF-8", func(g *guest) []byte {
			return w.Cat(w.I32(addrOut), w.I32(255), w.Store8(0), w.I32(addrOut), w.I32(1), w.I32(0), w.I32(0), w.Call(g.get), w.Drop)
		}, sandbox.Limits{}, sandbox.ReasonText},
	}
	rt := newRuntime(t, sandbox.Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuest()
			g.Data(addrText, "name")
			m := load(t, rt, g.handler(tt.code(g), w.I32(0)).Bytes())
			h := &fakeHost{fields: map[string]string{"name": "more than eight bytes"}}
			_, usage, err := run(t, m, h, tt.limits)
			var trap *sandbox.TrapError
			if !errors.As(err, &trap) || trap.Reason != tt.want || trap.Module != "guest" || trap.Handler != 1 {
				t.Fatalf("got %v, want reason %s", err, tt.want)
			}
			if usage.Wall > 5*time.Second {
				t.Errorf("it took %v", usage.Wall)
			}
		})
	}
}

func TestBadPointersTrap(t *testing.T) {
	const size = 2 << 16
	ranges := []struct{ ptr, n int32 }{{size, 1}, {size - 1, 2}, {-1, 1}, {0, -1}, {-1, -1}, {1, size}, {-8, 16}, {size + 1, 0}}
	rt := newRuntime(t, sandbox.Config{})
	calls := map[string]func(g *guest, ptr, n []byte) []byte{
		"get path": func(g *guest, p, n []byte) []byte { return w.Cat(p, n, w.I32(0), w.I32(0), w.Call(g.get), w.Drop) },
		"get out":  func(g *guest, p, n []byte) []byte { return w.Cat(w.I32(0), w.I32(0), p, n, w.Call(g.get), w.Drop) },
		"set path": func(g *guest, p, n []byte) []byte {
			return w.Cat(p, n, w.I32(0), w.I32(0), w.I32(0), w.Call(g.set), w.Drop)
		},
		"set value": func(g *guest, p, n []byte) []byte {
			return w.Cat(w.I32(0), w.I32(0), w.I32(4), p, n, w.Call(g.set), w.Drop)
		},
		"take": func(g *guest, p, n []byte) []byte { return w.Cat(p, n, w.Call(g.take), w.Drop) },
		"log":  func(g *guest, p, n []byte) []byte { return w.Cat(w.I32(1), p, n, w.Call(g.log)) },
		"call fn": func(g *guest, p, n []byte) []byte {
			return w.Cat(p, n, w.I32(0), w.I32(0), w.I32(0), w.I32(0), w.Call(g.call), w.Drop)
		},
		"call in": func(g *guest, p, n []byte) []byte {
			return w.Cat(w.I32(0), w.I32(0), p, n, w.I32(0), w.I32(0), w.Call(g.call), w.Drop)
		},
		"call out": func(g *guest, p, n []byte) []byte {
			return w.Cat(w.I32(0), w.I32(0), w.I32(0), w.I32(0), p, n, w.Call(g.call), w.Drop)
		},
	}
	for name, code := range calls {
		for _, r := range ranges {
			b := newGuest()
			b.handler(code(b, w.I32(r.ptr), w.I32(r.n)), w.I32(0))
			_, _, err := run(t, load(t, rt, b.Bytes()), &fakeHost{}, sandbox.Limits{})
			var trap *sandbox.TrapError
			if !errors.As(err, &trap) || trap.Reason != sandbox.ReasonPointer {
				t.Errorf("%s with %d bytes at %d: %v", name, r.n, r.ptr, err)
			}
		}
	}
}

func TestHostPanicFailsTheCall(t *testing.T) {
	g := newGuest()
	g.handler(w.I32(0), w.I32(0), w.I32(0), w.I32(0), w.I32(0), w.I32(0), w.Call(g.call), w.I32WrapI64)
	m := load(t, newRuntime(t, sandbox.Config{}), g.Bytes())
	h := &fakeHost{onCall: func(context.Context, string, string, []byte) (uint32, []byte) { panic("a bug") }}
	_, _, err := run(t, m, h, sandbox.Limits{})
	var trap *sandbox.TrapError
	if !errors.As(err, &trap) || trap.Reason != sandbox.ReasonHost || !strings.Contains(trap.Detail, "a bug") {
		t.Fatal(err)
	}
	if _, _, err := run(t, m, &fakeHost{}, sandbox.Limits{}); err != nil {
		t.Error("the next call failed too:", err)
	}
}

func TestFailedInstanceIsUnusable(t *testing.T) {
	m := load(t, newRuntime(t, sandbox.Config{}), newGuest().handler(w.Unreachable).Bytes())
	inst, err := m.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Release()
	for range 2 {
		if _, _, err = inst.Call(context.Background(), 1, &fakeHost{}, sandbox.Limits{}); err == nil {
			t.Fatal("no error")
		}
	}
	var trap *sandbox.TrapError
	if errors.As(err, &trap) {
		t.Error("the second call ran:", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	entry := func(g *guest) *guest { return g.handler(w.I32(0)) }
	tests := []struct {
		name string
		wasm []byte
		want string
	}{
		{"empty", nil, "not a WebAssembly 1 module"},
		{"no entry", newGuest().Bytes(), `must export a function "host_call"`},
		{"unknown capability", func() []byte {
			g := &guest{}
			g.Import("host_v1_http", "call", "iiiiii>I")
			g.Memory(1, 1)
			return entry(g).Bytes()
		}(), `capability "http" does not exist`},
		{"other version", func() []byte {
			g := &guest{}
			g.Import("host_v2", "get", "iiii>I")
			g.Memory(1, 1)
			return entry(g).Bytes()
		}(), "built for host_v2, this host serves host_v1"},
		{"unknown module", func() []byte {
			g := &guest{}
			g.Import("env", "abort", "iiii>")
			g.Memory(1, 1)
			return entry(g).Bytes()
		}(), `"env" is not served`},
		{"unknown function", func() []byte { g := &guest{}; g.Import("host_v1", "put", ">"); g.Memory(1, 1); return entry(g).Bytes() }(), "host_v1.put: there is no such function"},
		{"wrong type", func() []byte {
			g := &guest{}
			g.Import("host_v1", "get", "i>i")
			g.Memory(1, 1)
			return entry(g).Bytes()
		}(), "has type (i32) -> (i32)"},
		{"memory import", func() []byte {
			g := &guest{}
			g.RawImport("host_v1", "memory", []byte{2, 0, 1})
			return entry(g).Bytes()
		}(), "only functions can be imported"},
		{"too much memory", func() []byte { g := &guest{}; g.Memory(5000, -1); return entry(g).Bytes() }(), "5000 pages of memory, the limit is 1024"},
		{"bad code", newGuest().handler().Bytes(), "compile"},
		{"trap in initialisation", func() []byte {
			g := entry(newGuest())
			g.Export("_initialize", g.Func(">", "", w.Unreachable))
			return g.Bytes()
		}(), "image: trap"},
	}
	rt := newRuntime(t, sandbox.Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rt.Load(context.Background(), tt.wasm, sandbox.LoadOptions{Name: "bad"})
			var le *sandbox.LoadError
			if !errors.As(err, &le) || le.Module != "bad" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCompilingIsBounded(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{CompileTime: time.Millisecond})
	g := newGuest()
	for range 500 {
		g.Func("i>i", "", w.Loop(w.Get(0), w.BrIf(0)), w.Get(0))
	}
	_, err := rt.Load(context.Background(), g.handler(w.I32(0)).Bytes(), sandbox.LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "CompileTime") {
		t.Error(err)
	}
}

func TestInfo(t *testing.T) {
	g := getSetTake()
	g.Custom("example.manifest", `{"id":"x"}`)
	wasm := g.Bytes()
	dir := t.TempDir() + "/cache"
	for i := range 2 {
		rt := newRuntime(t, sandbox.Config{CacheDir: dir, CacheKey: "1.0", CacheSecret: cacheSecret})
		var stages []string
		m, err := rt.Load(context.Background(), wasm, sandbox.LoadOptions{Name: "n", Progress: func(s string) { stages = append(stages, s) }})
		if err != nil {
			t.Fatal(err)
		}
		info := m.Info()
		if info.Name != "n" || info.Size != len(wasm) || len(info.Hash) != 64 || info.Namespace != "host_v1" ||
			!slices.Equal(info.Capabilities, []string{"echo"}) || string(info.Custom["example.manifest"]) != `{"id":"x"}` {
			t.Errorf("info %+v", info)
		}
		if info.FromCache != (i == 1) {
			t.Errorf("run %d: from cache %v", i, info.FromCache)
		}
		if want := []string{"admission", "compile", "image", "ready"}; !slices.Equal(stages, want) {
			t.Errorf("stages %q", stages)
		}
		m.Close()
	}
}

func TestPoolBoundsWaiting(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{MaxInstances: 1, MaxWaiting: 1, MaxWait: time.Minute})
	m := load(t, rt, newGuest().handler(w.I32(0)).Bytes())
	first, err := m.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	for range 2 {
		go func() {
			inst, err := m.Acquire(ctx)
			if err == nil {
				inst.Release()
			}
			got <- err
		}()
	}
	if err := <-got; !errors.Is(err, sandbox.ErrBusy) {
		t.Errorf("the second waiter: %v, want ErrBusy", err)
	}
	first.Release()
	if err := <-got; err != nil {
		t.Errorf("the first waiter: %v", err)
	}
	cancel()
}

func TestCloseWaitsForInstances(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{})
	m := load(t, rt, newGuest().handler(w.I32(5)).Bytes())
	inst, err := m.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m.Close()
	if err := rt.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v", err)
	}
	if _, err := m.Acquire(context.Background()); !errors.Is(err, sandbox.ErrClosed) {
		t.Errorf("acquire after close: %v", err)
	}
	if n, _, err := inst.Call(context.Background(), 1, &fakeHost{}, sandbox.Limits{}); n != 5 || err != nil {
		t.Errorf("call after close: %d, %v", n, err)
	}
	inst.Release()
}
