package wasmbin

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// BenchmarkMetering runs guests as they are, metered, and with wazero's
// WithCloseOnContextDone, by turns, and reports the ratios of the best times.
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
		"go-json":    {goGuest(b), "host_call", 50},
		"c-sha256":   {sha, "bench", 1},
		"tight-loop": {tightLoop(), "bench", 1},
		"recursion":  {fibonacci(), "bench", 1},
	}
	for name, g := range guests {
		b.Run(name, func(b *testing.B) {
			m, err := Parse(g.wasm, DefaultAdmission())
			if err != nil {
				b.Fatal(err)
			}
			metered, err := Rewrite(m, RewriteOptions{})
			if err != nil {
				b.Fatal(err)
			}
			runs := [3]func(){
				benchCall(b, g.wasm, g.export, false),
				benchCall(b, metered.Wasm, g.export, false),
				benchCall(b, g.wasm, g.export, true),
			}
			var best [3]time.Duration
			for b.Loop() {
				for i, run := range runs {
					start := time.Now()
					for range g.calls {
						run()
					}
					if d := time.Since(start) / time.Duration(g.calls); best[i] == 0 || d < best[i] {
						best[i] = d
					}
				}
			}
			b.ReportMetric(float64(best[0].Nanoseconds()), "ns-plain")
			b.ReportMetric(float64(best[1].Nanoseconds()), "ns-metered")
			b.ReportMetric(float64(best[2].Nanoseconds()), "ns-context")
			b.ReportMetric(100*(float64(best[1])/float64(best[0])-1), "overhead-%")
			b.ReportMetric(float64(best[2])/float64(best[1]), "x-faster-than-context")
		})
	}
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
	for name, n := range map[string]uint64{ExportFuel: Slice, ExportTank: 1 << 62, ExportStack: 1 << 20} {
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

// tightLoop counts to ten million in the smallest loop there is: the worst
// case of metering.
func tightLoop() []byte {
	var m w.Builder
	m.Memory(1, 1)
	m.Export("bench", m.Func(">i", "i",
		w.Loop(w.Get(0), w.I32(1), w.I32Add, w.Tee(0), w.I32(10_000_000), w.I32LtU, w.BrIf(0)), w.Get(0)))
	return m.Bytes()
}

// fibonacci is nothing but calls.
func fibonacci() []byte {
	var m w.Builder
	m.Memory(1, 1)
	fib := m.Func("i>i", "",
		w.Get(0), w.I32(2), w.I32LtU, w.If(w.Get(0), w.Return),
		w.Get(0), w.I32(1), w.I32Sub, w.Call(0), w.Get(0), w.I32(2), w.I32Sub, w.Call(0), w.I32Add)
	m.Export("bench", m.Func(">i", "", w.I32(27), w.Call(fib)))
	return m.Bytes()
}
