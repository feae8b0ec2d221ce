//go:build linux

package wasmbin

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"golang.org/x/sys/unix"

	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// BenchmarkMetering runs guests as they are, metered, and with wazero's
// WithCloseOnContextDone, by turns, and reports the
// ratios of the median times, in time of the processor.
func BenchmarkMetering(b *testing.B) {
	sha, err := os.ReadFile("testdata/sha256.wasm")
	if err != nil {
		b.Fatal(err)
	}
	guests := map[string]struct {
		wasm   []byte
		export string
		calls  int // by turns, so that each finds its code in the caches
	}{
		"go-json":    {goGuest(b), "host_call", 10},
		"c-sha256":   {sha, "bench", 1},
		"tight-loop": {tightLoop(), "bench", 1},
		"float-loop": {floatLoop(), "bench", 1},
		"recursion":  {fibonacci(), "bench", 1},
	}
	for name, g := range guests {
		b.Run(name, func(b *testing.B) {
			m, err := Parse(g.wasm, DefaultAdmission())
			if err != nil {
				b.Fatal(err)
			}
			rewritten, err := Rewrite(m, RewriteOptions{})
			if err != nil {
				b.Fatal(err)
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			runs := [3]func(){
				benchCall(b, g.wasm, g.export, false),
				benchCall(b, rewritten.Wasm, g.export, false),
				benchCall(b, g.wasm, g.export, true),
			}
			var times [3][]float64
			for b.Loop() {
				for n := range 11 {
					for i, run := range runs {
						if i == 2 && n%5 > 0 {
							continue // slow, and nothing that needs precision
						}
						for range g.calls {
							start := threadTime(b)
							run()
							times[i] = append(times[i], float64(threadTime(b)-start))
						}
					}
				}
			}
			plain, metered, other := median(times[0]), median(times[1]), median(times[2])
			b.ReportMetric(plain, "ns-plain")
			b.ReportMetric(metered, "ns-metered")
			b.ReportMetric(other, "ns-context")
			b.ReportMetric(100*(metered/plain-1), "overhead-%")
			b.ReportMetric(other/metered, "x-faster-than-context")
		})
	}
}

// threadTime is the processor time of this thread: the clock on the wall also
// runs while others have the processor.
func threadTime(b *testing.B) time.Duration {
	b.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// benchCall instantiates a guest and returns a function that calls it.
func benchCall(b *testing.B, wasm []byte, export string, contextDone bool) func() {
	b.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(contextDone))
	b.Cleanup(func() { _ = rt.Close(ctx) })
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	get := api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
		m.Memory().WriteString(uint32(stack[2]), benchRequest)
		stack[0] = uint64(len(benchRequest))
	})
	set := api.GoFunc(func(_ context.Context, stack []uint64) { stack[0] = 0 })
	i32, i64 := api.ValueTypeI32, api.ValueTypeI64
	_, err := rt.NewHostModuleBuilder("host_v1").
		NewFunctionBuilder().WithGoModuleFunction(get, []api.ValueType{i32, i32, i32, i32}, []api.ValueType{i64}).Export("get").
		NewFunctionBuilder().WithGoFunction(set, []api.ValueType{i32, i32, i32, i32, i32}, []api.ValueType{i32}).Export("set").
		Instantiate(ctx)
	if err != nil {
		b.Fatal(err)
	}
	mod, err := rt.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		b.Fatal(err)
	}
	for name, n := range map[string]uint64{ExportMeter: Meter(1<<20, Slice), ExportTank: 1 << 62} {
		if g, ok := mod.ExportedGlobal(name).(api.MutableGlobal); ok {
			g.Set(n)
		}
	}
	if fn := mod.ExportedFunction("_initialize"); fn != nil {
		if _, err := fn.Call(ctx); err != nil {
			b.Fatal(err)
		}
	}
	fn := mod.ExportedFunction(export)
	stack := make([]uint64, 1)
	return func() {
		stack[0] = 1
		if err := fn.CallWithStack(ctx, stack); err != nil {
			b.Fatal(err)
		}
	}
}

const benchRequest = `{"path":"/sign-in/email","headers":{"content-type":"application/json","origin":"http://localhost:3000","cookie":"session_token=abcdefghijklmnop.qrstuvwxyz"},"body":{"email":"a@example.com","password":"hunter22222"}}`

// goGuest builds the Go guest of the sandbox's benchmarks.
func goGuest(b *testing.B) []byte {
	b.Helper()
	out := filepath.Join(b.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-o", out, ".")
	cmd.Dir = "../../testdata/jsonguest"
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if msg, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, msg)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		b.Fatal(err)
	}
	return wasm
}

// tightLoop counts to a million in the smallest loop there is: the worst
// case of metering.
func tightLoop() []byte {
	var m w.Builder
	m.Memory(1, 1)
	m.Export("bench", m.Func(">i", "i",
		w.Loop(w.Get(0), w.I32(1), w.I32Add, w.Tee(0), w.I32(1_000_000), w.I32LtU, w.BrIf(0)), w.Get(0)))
	return m.Bytes()
}

// floatLoop computes with two floats a million times.
func floatLoop() []byte {
	const mul, add, sub = 0xa2, 0xa0, 0xa1
	number := func(v float64) []byte {
		return binary.LittleEndian.AppendUint64([]byte{opF64Const}, math.Float64bits(v))
	}
	var m w.Builder
	m.Memory(1, 1)
	m.Export("bench", m.Func(">i", "iFF", w.Loop(
		w.Get(1), number(0.25), []byte{mul}, w.Get(2), []byte{add}, w.Set(1),
		w.Get(2), w.Get(1), number(0.5), []byte{mul, sub}, w.Set(2),
		w.Get(0), w.I32(1), w.I32Add, w.Tee(0), w.I32(1_000_000), w.I32LtU, w.BrIf(0)), w.Get(0)))
	return m.Bytes()
}

// fibonacci is nothing but calls.
func fibonacci() []byte {
	var m w.Builder
	m.Memory(1, 1)
	fib := m.Func("i>i", "",
		w.Get(0), w.I32(2), w.I32LtU, w.If(w.Get(0), w.Return),
		w.Get(0), w.I32(1), w.I32Sub, w.Call(0), w.Get(0), w.I32(2), w.I32Sub, w.Call(0), w.I32Add)
	m.Export("bench", m.Func(">i", "", w.I32(22), w.Call(fib)))
	return m.Bytes()
}
