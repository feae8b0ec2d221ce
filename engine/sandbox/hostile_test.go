package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// runaways are guests that never stop by themselves, by name, with the reason
// that has to stop them.
func runaways() map[string]struct {
	code   func(g *guest) []byte
	reason sandbox.Reason
} {
	type row = struct {
		code   func(g *guest) []byte
		reason sandbox.Reason
	}
	// self adds a function whose code may call it, by its index.
	self := func(g *guest, sig, locals string, code func(f uint32) []byte) []byte {
		f := g.exit + 1 // the first function after the imports
		if got := g.Func(sig, locals, code(f)); got != f {
			panic("not the first function")
		}
		return w.Call(f)
	}
	return map[string]row{
		"empty loop":   {func(*guest) []byte { return w.Loop(w.Br(0)) }, sandbox.ReasonFuel},
		"loop in loop": {func(*guest) []byte { return w.Loop(w.Loop(w.I32(0), w.BrIf(0)), w.Br(0)) }, sandbox.ReasonFuel},
		"loop with calls": {func(g *guest) []byte {
			f := g.Func(">", "")
			return w.Loop(w.Call(f), w.Br(0))
		}, sandbox.ReasonFuel},
		"loop with many idle branches": {func(*guest) []byte {
			var idle []byte
			for range 500 {
				idle = append(idle, w.Cat(w.I32(0), w.BrIf(0))...)
			}
			return w.Loop(idle, w.Br(0))
		}, sandbox.ReasonFuel},
		"exponential recursion without loops": {func(g *guest) []byte {
			// f(n) = n == 0 ? : f(n-1), f(n-1)
			return w.Cat(w.I32(60), self(g, "i>", "", func(f uint32) []byte {
				less := w.Cat(w.Get(0), w.I32(1), w.I32Sub, w.Call(f))
				return w.Cat(w.Get(0), w.If(less, less))
			}))
		}, sandbox.ReasonFuel},
		"recursion past a loop that never runs": {func(g *guest) []byte {
			return w.Cat(w.I32(60), self(g, "i>", "", func(f uint32) []byte {
				less := w.Cat(w.Get(0), w.I32(1), w.I32Sub, w.Call(f))
				return w.Cat(w.I32(0), w.If(w.Loop(w.Br(0))), w.Get(0), w.If(less, less))
			}))
		}, sandbox.ReasonFuel},
		"endless recursion": {func(g *guest) []byte {
			return self(g, ">", "", func(f uint32) []byte { return w.Call(f) })
		}, sandbox.ReasonStack},
		"endless recursion with large frames": {func(g *guest) []byte {
			locals := ""
			for range 5000 {
				locals += "I"
			}
			return self(g, ">", locals, func(f uint32) []byte { return w.Call(f) })
		}, sandbox.ReasonStack},
		"endless indirect recursion": {func(g *guest) []byte {
			f := g.exit + 1
			g.Table(1, 1)
			g.Elements(0, f)
			return self(g, ">", "", func(uint32) []byte { return w.Cat(w.I32(0), w.CallIndirect(g.Type(">"))) })
		}, sandbox.ReasonStack},
		"jumps through a table": {func(*guest) []byte {
			open, table := []byte{0x02, 0x40}, []byte{0x0e, 2, 0, 1, 2}
			jump := func(n int32, label uint32) []byte { return w.Cat(w.I32(n), w.Set(1), w.Br(label)) }
			return w.Loop(open, open, open, w.Get(1), table, w.End, jump(2, 2), w.End, jump(0, 1), w.End, jump(1, 0))
		}, sandbox.ReasonFuel},
		"jumps through a table, with calls": {func(g *guest) []byte {
			f := g.Func(">", "")
			open, table := []byte{0x02, 0x40}, []byte{0x0e, 1, 0, 1}
			return w.Loop(open, open, w.Get(1), table, w.End, w.Call(f), w.I32(1), w.Set(1), w.Br(1), w.End,
				w.I32(0), w.Set(1), w.Br(0))
		}, sandbox.ReasonFuel},
		"a table that leads to its loop": {func(*guest) []byte {
			return w.Loop([]byte{0x02, 0x40}, w.I32(1), w.Set(1), w.Get(1), []byte{0x0e, 1, 0, 1}, w.End)
		}, sandbox.ReasonFuel},
		"a dispatching loop that leads to itself": {func(*guest) []byte {
			return w.Loop([]byte{0x02, 0x40}, w.Get(2), []byte{0x0e, 0, 1}, w.End)
		}, sandbox.ReasonFuel},
		"long functions whose loops do not run": {func(g *guest) []byte {
			leaf := g.Func(">", "")
			f := g.Func("i>", "", bytes.Repeat(w.Cat(w.I32(1), w.Drop), 5000),
				w.Get(0), w.If(w.Loop(w.Call(leaf), w.Br(0))))
			return w.Loop(bytes.Repeat(w.Cat(w.I32(0), w.Call(f)), 5000), w.Br(0))
		}, sandbox.ReasonFuel},
		"short loops in short functions": {func(g *guest) []byte {
			f := g.Func(">", "i", w.Loop(w.Get(0), w.I32(1), w.I32Add, w.Tee(0), w.I32(300), w.I32LtU, w.BrIf(0)))
			var calls []byte
			for range 2000 {
				calls = append(calls, w.Call(f)...)
			}
			return w.Loop(calls, w.Br(0))
		}, sandbox.ReasonFuel},
		"filling memory": {func(*guest) []byte {
			return w.Loop(w.I32(0), w.I32(7), w.I32(2<<16), w.MemoryFill, w.Br(0))
		}, sandbox.ReasonFuel},
		"growing and touching memory": {func(*guest) []byte {
			grow := w.Cat(w.I32(1), w.MemoryGrow, w.Drop)
			return w.Loop(grow, w.I32(0), w.I32(1), w.MemorySize, w.I32(16), w.I32Shl, w.MemoryFill, w.Br(0))
		}, sandbox.ReasonFuel},
		"reading the clock": {func(g *guest) []byte {
			return w.Loop(w.I32(1024), w.I32(8), w.Call(g.random), w.Drop, w.Br(0))
		}, sandbox.ReasonFuel},
	}
}

func TestRunawaysStop(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{})
	for name, tt := range runaways() {
		t.Run(name, func(t *testing.T) {
			g := newGuest()
			code := tt.code(g)
			m := load(t, rt, g.handler(w.Get(0), w.I32(1), w.I32Eq, w.If(code), w.I32(9)).Bytes())
			start := time.Now()
			_, usage, err := run(t, m, &fakeHost{}, sandbox.Limits{Fuel: 20_000_000})
			var trap *sandbox.TrapError
			if !errors.As(err, &trap) || trap.Reason != tt.reason {
				t.Fatalf("got %v, want reason %s", err, tt.reason)
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("it took %v", d)
			}
			if trap.Reason == sandbox.ReasonFuel && usage.Fuel != 20_000_000 {
				t.Errorf("fuel used %d", usage.Fuel)
			}
			inst, err := m.Acquire(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer inst.Release()
			if n, _, err := inst.Call(context.Background(), 2, &fakeHost{}, sandbox.Limits{}); n != 9 || err != nil {
				t.Errorf("the next call: %d, %v", n, err)
			}
		})
	}
}

func TestRunawaysStopAtTheirTime(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{})
	for name, tt := range runaways() {
		if tt.reason != sandbox.ReasonFuel {
			continue
		}
		t.Run(name, func(t *testing.T) {
			g := newGuest()
			m := load(t, rt, g.handler(tt.code(g), w.I32(0)).Bytes())
			_, usage, err := run(t, m, &fakeHost{}, sandbox.Limits{Fuel: 1 << 62, Wall: 10 * time.Millisecond})
			var trap *sandbox.TrapError
			if !errors.As(err, &trap) || trap.Reason != sandbox.ReasonWall {
				t.Fatalf("got %v, want reason wall", err)
			}
			if usage.Wall > 2*time.Second {
				t.Errorf("it took %v", usage.Wall)
			}
		})
	}
}

// canaryGuest returns what it finds at address 4096, in its global, and
// beyond its first pages of memory, and then writes there. Handler 2 traps
// afterwards.
func canaryGuest() []byte {
	g := newGuest()
	secret := g.Global('i', w.I32(0))
	g.Data(addrText, "canary")
	return g.handler(
		// The canary is the length that get announces.
		w.I32(addrText), w.I32(6), w.I32(addrOut), w.I32(64), w.Call(g.get), w.I32WrapI64, w.Set(1),
		w.I32(4096), w.Load(0), w.GGet(secret), w.I32Add, w.MemorySize, w.I32(2), w.I32Sub, w.I32Add, w.Set(2),
		w.I32(4096), w.Get(1), w.Store(0), w.Get(1), w.GSet(secret),
		w.I32(2), w.MemoryGrow, w.Drop,
		w.I32(3<<16), w.Load(0), w.Get(2), w.I32Add, w.Set(2),
		w.I32(3<<16), w.Get(1), w.Store(0),
		w.Get(0), w.I32(2), w.I32Eq, w.If(w.Unreachable),
		w.Get(2),
	).Bytes()
}

var canaries = flag.Int("canaries", 2400, "requests of TestNoCanaryIsSeenAgain")

func TestNoCanaryIsSeenAgain(t *testing.T) {
	const tenants = 100
	rt := newRuntime(t, sandbox.Config{MaxInstances: 3, MaxWait: time.Hour, BreakAfter: -1})
	m := load(t, rt, canaryGuest())
	if info := m.Info(); !info.Resettable {
		t.Fatal(info.WhyNot)
	}
	var wg sync.WaitGroup
	for tenant := range tenants {
		m, err := m.Share("", fmt.Sprint("tenant ", tenant), sandbox.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer m.Close()
			h := &fakeHost{fields: map[string]string{"canary": fmt.Sprintf("%0*d", tenant+1, tenant)}}
			for n := range *canaries / tenants {
				inst, err := m.Acquire(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				handler := int32(1)
				if n%10 == 9 {
					handler = 2
				}
				seen, _, err := inst.Call(context.Background(), handler, h, sandbox.Limits{})
				if trapped := errors.As(err, new(*sandbox.TrapError)); seen != 0 || trapped != (handler == 2) {
					t.Errorf("saw %d, %v", seen, err)
				}
				inst.Release()
				if n%1000 == 500 {
					rt.Trim()
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%+v", rt.Stats())
}

func TestMemoryLastsUntilRelease(t *testing.T) {
	m := load(t, newRuntime(t, sandbox.Config{}), canaryGuest())
	inst, err := m.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Release()
	h := &fakeHost{fields: map[string]string{"canary": "12345"}}
	for i, want := range []int32{0, 5 + 5 + 2 + 5, 5 + 5 + 4 + 5} {
		if got, _, err := inst.Call(context.Background(), 1, h, sandbox.Limits{}); err != nil || got != want {
			t.Errorf("call %d: %d, %v, want %d", i, got, err, want)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	g := newGuest() // at most 8 pages by its own declaration
	g.handler(w.Loop(w.I32(1), w.MemoryGrow, w.I32(0), []byte{0x4e}, w.BrIf(0)), w.MemorySize)
	m := load(t, newRuntime(t, sandbox.Config{}), g.Bytes())
	for limit, want := range map[uint32]int32{0: 8, 1: 2, 5: 5, 100: 8} {
		got, usage, err := run(t, m, &fakeHost{}, sandbox.Limits{MemoryPages: limit})
		if err != nil || got != want || usage.Pages != uint32(want) {
			t.Errorf("limit %d: %d pages, %+v, %v, want %d", limit, got, usage, err, want)
		}
	}
}

func TestModulesThatCannotBeReset(t *testing.T) {
	tests := map[string]struct {
		guest func() *guest
		want  string
	}{
		"table.set": {func() *guest {
			g := newGuest()
			g.Table(1, 1)
			return g.handler(w.I32(0), []byte{0xd0, 0x70, 0x26, 0}, w.I32(0))
		}, "it changes tables"},
		"data.drop": {func() *guest {
			g := newGuest()
			g.Passive("x")
			return g.handler([]byte{0xfc, 9, 0}, w.I32(0))
		}, "it drops data segments"},
		"v128 global": {func() *guest {
			g := newGuest()
			g.Global('v', w.Cat([]byte{0xfd, 12}, make([]byte, 16)))
			return g.handler(w.I32(0))
		}, "global 0 is mutable and of type v128"},
		"funcref global": {func() *guest {
			g := newGuest()
			g.Global('r', []byte{0xd0, 0x70})
			return g.handler(w.I32(0))
		}, "global 0 is mutable and of type funcref"},
	}
	rt := newRuntime(t, sandbox.Config{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := tt.guest()
			m := load(t, rt, g.Bytes())
			if info := m.Info(); info.Resettable || info.WhyNot != tt.want {
				t.Errorf("info %+v, want %q", info, tt.want)
			}
			if info, err := sandbox.Inspect(g.Bytes()); err != nil || info.Resettable || info.WhyNot != tt.want {
				t.Errorf("inspect: %+v, %v, want %q", info, err, tt.want)
			}
			for range 2 {
				if _, _, err := run(t, m, &fakeHost{}, sandbox.Limits{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestStartAndInitialize checks that both run once, with no power, before the
// first call.
func TestStartAndInitialize(t *testing.T) {
	for _, reset := range []bool{true, false} {
		g := newGuest()
		n := g.Global('i', w.I32(0))
		if !reset {
			g.Global('v', w.Cat([]byte{0xfd, 12}, make([]byte, 16)))
		}
		g.Data(addrText, "path")
		count := w.Cat(w.GGet(n), w.I32(1), w.I32Add, w.GSet(n))
		g.Start(g.Func(">", "", count,
			// set answers denied (3): 1 + 3
			w.I32(addrText), w.I32(4), w.I32(4), w.I32(0), w.I32(0), w.Call(g.set), w.GGet(n), w.I32Add, w.GSet(n)))
		g.Export("_initialize", g.Func(">", "", w.GGet(n), w.I32(4), w.I32Eq, w.If(w.I32(40), w.GSet(n))))
		g.handler(count, w.GGet(n))
		m := load(t, newRuntime(t, sandbox.Config{}), g.Bytes())
		for range 3 {
			if got, _, err := run(t, m, &fakeHost{}, sandbox.Limits{}); got != 41 || err != nil {
				t.Errorf("resettable %v: got %d, %v, want 41", reset, got, err)
			}
		}
	}
}
