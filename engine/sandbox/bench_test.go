package sandbox_test

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// goGuest builds the Go guest of testdata: it decodes the field "request" as
// JSON and sets "response" to other JSON.
func goGuest(t testing.TB) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-o", out, ".")
	cmd.Dir = "testdata/jsonguest"
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-mod=mod", "GOWORK=off")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

const jsonRequest = `{"path":"/sign-in/email","headers":{"content-type":"application/json","origin":"http://localhost:3000","cookie":"session_token=abcdefghijklmnop.qrstuvwxyz"},"body":{"email":"a@example.com","password":"hunter22222"}}`

// benchHost answers "request" without allocating.
type benchHost struct{ response int }

var jsonRequestBytes = []byte(jsonRequest)

func (h *benchHost) Get(path string, buf []byte) (uint32, []byte) {
	if path == "request" {
		return 5, append(buf, jsonRequestBytes...)
	}
	return 0, buf
}
func (h *benchHost) Set(_ string, _ uint32, value []byte) uint32 { h.response = len(value); return 0 }
func (h *benchHost) Log(int32, string)                           {}
func (h *benchHost) Call(_ context.Context, _, _ string, _, buf []byte) (uint32, []byte) {
	return 0, buf
}

// cGuest is the small guest: C with wasi-libc.
//
//go:embed testdata/cguest.wasm
var cGuest []byte

// tinyGuest is less than what compilers make: it reads "request" and sets
// "response" to its first bytes.
func tinyGuest() []byte {
	g := newGuest()
	g.Data(addrText, "requestresponse")
	return g.handler(
		w.I32(addrText), w.I32(7), w.I32(addrOut), w.I32(512), w.Call(g.get), w.Drop,
		w.I32(addrText+7), w.I32(8), w.I32(4), w.I32(addrOut), w.I32(64), w.Call(g.set),
	).Bytes()
}

func guests(b *testing.B) map[string][]byte {
	return map[string][]byte{"go": goGuest(b), "small": cGuest, "tiny": tinyGuest()}
}

func benchRuntime(b *testing.B, wasm []byte, cfg sandbox.Config) *sandbox.Module {
	b.Helper()
	_, m := loadFor(b, wasm, cfg)
	return m
}

func loadFor(b *testing.B, wasm []byte, cfg sandbox.Config) (*sandbox.Runtime, *sandbox.Module) {
	b.Helper()
	ctx := context.Background()
	cfg.Capabilities = []string{"echo"}
	rt, err := sandbox.New(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = rt.Close(ctx) })
	m, err := rt.Load(ctx, wasm, sandbox.LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	return rt, m
}

// resident returns the process's resident memory and what its page tables
// take, in bytes, after a collection.
func resident(b *testing.B) (memory, tables int64) {
	b.Helper()
	debug.FreeOSMemory()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("needs /proc/self/status")
	}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(line, ":")
		var kib int64
		_, _ = fmt.Sscan(value, &kib)
		switch name {
		case "VmRSS":
			memory = kib << 10
		case "VmPTE":
			tables = kib << 10
		}
	}
	return memory, tables
}

func acquire(b *testing.B, m *sandbox.Module) *sandbox.Instance {
	b.Helper()
	inst, err := m.Acquire(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	return inst
}

func call(b *testing.B, inst *sandbox.Instance, h sandbox.Imports) {
	b.Helper()
	if _, _, err := inst.Call(context.Background(), 1, h, sandbox.Limits{}); err != nil {
		b.Fatal(err)
	}
}

// timed runs f and returns the time that it took, in nanoseconds.
func timed(f func()) float64 {
	start := time.Now()
	f()
	return float64(time.Since(start).Nanoseconds())
}

// median sorts v.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkCall compares, by turns, a call of an instance that is warm, because
// it served one before, with a call of one that is pristine and reset
// afterwards, and reports medians: of a warm call, of what a reset adds, and of
// the part of that for which a client waits if the reset follows the answer.
func BenchmarkCall(b *testing.B) {
	for name, wasm := range guests(b) {
		b.Run(name, func(b *testing.B) {
			m := benchRuntime(b, wasm, sandbox.Config{})
			h := &benchHost{}
			own := acquire(b, m)
			defer own.Release()
			call(b, own, h)
			if h.response == 0 {
				b.Fatal("no response")
			}
			acquire(b, m).Release()
			var warm, answer, all []float64
			for b.Loop() {
				warm = append(warm, timed(func() { call(b, own, h) }))
				var inst *sandbox.Instance
				waits := timed(func() {
					inst = acquire(b, m)
					call(b, inst, h)
				})
				answer = append(answer, waits)
				all = append(all, waits+timed(inst.Release))
			}
			w := median(warm)
			b.ReportMetric(w, "ns-warm")
			b.ReportMetric(median(all)-w, "ns-reset")
			b.ReportMetric(median(answer)-w, "ns-waited")
		})
	}
}

// BenchmarkInstance compares, by turns, what one waits for until one has a
// pristine instance: initialising a fresh one; making a clone of the image;
// taking a clone that was made ahead, because the last one was discarded; and
// taking one from the pool, with resetting it after its use. It reports medians
// and how often faster than the first the others are.
func BenchmarkInstance(b *testing.B) {
	for name, wasm := range guests(b) {
		b.Run(name, func(b *testing.B) {
			h := &benchHost{}
			var fresh, made, ready, pooled []float64
			withoutImages := benchRuntime(b, wasm, sandbox.Config{NoImages: true})
			withoutPool := benchRuntime(b, wasm, sandbox.Config{MaxIdle: -1})
			pool := benchRuntime(b, wasm, sandbox.Config{})
			rt, failing := loadFor(b, wasm, sandbox.Config{BreakAfter: -1})
			fail := func(inst *sandbox.Instance) {
				if _, _, err := inst.Call(context.Background(), 1, h, sandbox.Limits{Fuel: 1}); err == nil {
					b.Fatal("it does not fail")
				}
				inst.Release()
			}
			fail(acquire(b, failing))
			taken := func(m *sandbox.Module) (inst *sandbox.Instance, time float64) {
				time = timed(func() { inst = acquire(b, m) })
				return inst, time
			}
			for b.Loop() {
				inst, time := taken(withoutImages)
				inst.Release()
				fresh = append(fresh, time)

				inst, time = taken(withoutPool)
				inst.Release()
				made = append(made, time)

				inst, time = taken(pool)
				call(b, inst, h)
				pooled = append(pooled, time+timed(inst.Release))

				clones := rt.Stats().Clones
				inst, time = taken(failing)
				ready = append(ready, time)
				fail(inst)
				for rt.Stats().Clones == clones {
					runtime.Gosched()
				}
			}
			f := median(fresh)
			for kind, times := range map[string][]float64{"made": made, "ready": ready, "pooled": pooled} {
				b.ReportMetric(median(times), "ns-"+kind)
				b.ReportMetric(f/median(times), "x-"+kind)
			}
			b.ReportMetric(f, "ns-fresh")
		})
	}
}

// BenchmarkIdleMemory reports the resident memory of one instance that has
// served a call: a fresh one, and a clone that is idle since TrimAfter; and
// what the kernel's tables for it take, which is not part of that.
func BenchmarkIdleMemory(b *testing.B) {
	const most = 1000
	for name, wasm := range guests(b) {
		for kind, cfg := range map[string]sandbox.Config{"fresh": {NoImages: true}, "clone": {}} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				n := most
				if len(wasm) > 1<<20 && kind == "fresh" {
					n = most / 20
				}
				cfg.MaxInstances = most
				rt, m := loadFor(b, wasm, cfg)
				instances := make([]*sandbox.Instance, n)
				memory, tables := resident(b)
				for b.Loop() {
					for i := range instances {
						instances[i] = acquire(b, m)
						call(b, instances[i], &benchHost{})
					}
					release := func() {
						for _, inst := range instances {
							inst.Release()
						}
					}
					if kind == "clone" { // fresh instances are not kept
						release()
						rt.Trim()
					}
					now, nowTables := resident(b)
					b.ReportMetric(float64(now-memory)/float64(n)/1024, "KiB/instance")
					b.ReportMetric(float64(nowTables-tables)/float64(n)/1024, "KiB-tables/instance")
					if kind == "fresh" {
						release()
					}
				}
			})
		}
	}
}
