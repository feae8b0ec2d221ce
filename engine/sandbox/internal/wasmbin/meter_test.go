package wasmbin

import (
	"bytes"
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

func TestMeter(t *testing.T) {
	for _, tt := range [][2]int64{{0, 0}, {1, -1}, {0, -1}, {-1, 0}, {-5, -7}, {MaxStack, Slice}, {MaxStack, -1 << 31}, {12, 1<<31 - 1}} {
		if stack, fuel := Metered(Meter(tt[0], tt[1])); stack != tt[0] || fuel != tt[1] {
			t.Errorf("%v became %d, %d", tt, stack, fuel)
		}
	}
}

// runDry runs the export "run" of a module, with one slice in the tank, until
// it is stopped.
func runDry(t *testing.T, wasm []byte) api.Module {
	t.Helper()
	ctx := context.Background()
	m, err := Parse(wasm, DefaultAdmission())
	if err != nil {
		t.Fatal(err)
	}
	out, err := Rewrite(m, RewriteOptions{Stack: 1 << 20, Tank: Slice})
	if err != nil {
		t.Fatal(err)
	}
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	t.Cleanup(func() { _ = rt.Close(ctx) })
	mod, err := rt.Instantiate(ctx, out.Wasm)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mod.ExportedFunction("run").Call(ctx); err == nil {
		t.Fatal("it returned")
	}
	return mod
}

// TestAskingForMemoryCosts: a call of the runtime is not free where it fails.
func TestAskingForMemoryCosts(t *testing.T) {
	var b w.Builder
	b.Memory(1, 1)
	count := w.Cat(w.I32(0), w.I32(0), w.Load(0), w.I32(1), w.I32Add, w.Store(0))
	b.Export("run", b.Func(">", "", w.Loop(count, w.I32(-1), w.MemoryGrow, w.Drop, w.Br(0))))
	mod := runDry(t, b.Bytes())
	if n, _ := mod.Memory().ReadUint32Le(0); n == 0 || n > 2*Slice/growAsk {
		t.Errorf("%d requests for %d of fuel", n, Slice)
	}
}

// TestFuelRunsOutInTime runs functions that do much between two tests of the
// meter, and looks at how far below zero the fuel is when they are stopped.
func TestFuelRunsOutInTime(t *testing.T) {
	nops := func(n int) []byte { return bytes.Repeat(w.Cat(w.I32(1), w.Drop), n) }
	tests := map[string]func(m *w.Builder, leaf uint32) uint32{
		"a loop that does not run": func(m *w.Builder, leaf uint32) uint32 {
			return m.Func(">", "", nops(5000), w.I32(0), w.If(w.Loop(w.Call(leaf), w.Br(0))))
		},
		"a loop behind a branch": func(m *w.Builder, leaf uint32) uint32 {
			return m.Func(">", "", nops(5000), w.Block(w.I32(1), w.BrIf(0), w.Loop(w.Call(leaf), w.Br(0))))
		},
		"a loop behind a return": func(m *w.Builder, leaf uint32) uint32 {
			return m.Func(">", "", nops(5000), w.Return, w.Loop(w.Call(leaf), w.Br(0)))
		},
		"a short loop": func(m *w.Builder, _ uint32) uint32 {
			return m.Func(">", "i", w.Loop(nops(30), w.Get(0), w.I32(1), w.I32Add, w.Tee(0), w.I32(100), w.I32LtU, w.BrIf(0)))
		},
		"no loop": func(m *w.Builder, _ uint32) uint32 { return m.Func(">", "", nops(5000)) },
		"small":   func(m *w.Builder, _ uint32) uint32 { return m.Func(">", "", nops(10)) },
		"small, with a loop that does not run": func(m *w.Builder, leaf uint32) uint32 {
			return m.Func(">", "", nops(10), w.I32(0), w.If(w.Loop(w.Call(leaf), w.Br(0))))
		},
	}
	for name, build := range tests {
		t.Run(name, func(t *testing.T) {
			var b w.Builder
			b.Memory(1, 1)
			f := build(&b, b.Func(">", ""))
			b.Export("run", b.Func(">", "", w.Loop(bytes.Repeat(w.Call(f), 10_000), w.Br(0))))
			mod := runDry(t, b.Bytes())
			stack, fuel := Metered(mod.ExportedGlobal(ExportMeter).(api.MutableGlobal).Get())
			if fuel >= 0 || fuel < -10*Slice || stack < 0 {
				t.Errorf("stopped with fuel %d and stack %d", fuel, stack)
			}
		})
	}
}
