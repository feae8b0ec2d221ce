package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// BenchmarkIdleTenants reports the resident memory of 1,000 tenants that each
// have a handle on the same four modules, have called each of them, and are
// idle.
func BenchmarkIdleTenants(b *testing.B) {
	ctx := context.Background()
	rt, err := sandbox.New(ctx, sandbox.Config{CacheDir: b.TempDir() + "/cache", Capabilities: []string{"echo"}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rt.Close(ctx) }()
	wasm := goGuest(b)
	start, _ := resident(b)
	for b.Loop() {
		var handles []*sandbox.Module
		for i := range 4 {
			// Another memory limit makes another module of it.
			m, err := rt.Load(ctx, wasm, sandbox.LoadOptions{MemoryPages: 1000 + uint32(i)})
			if err != nil {
				b.Fatal(err)
			}
			handles = append(handles, m)
			for tenant := range 1000 {
				h, err := m.Share("", fmt.Sprint("tenant ", tenant), sandbox.Limits{})
				if err != nil {
					b.Fatal(err)
				}
				handles = append(handles, h)
				inst := acquire(b, h)
				call(b, inst, &benchHost{})
				inst.Release()
			}
		}
		rt.Trim()
		now, _ := resident(b)
		b.ReportMetric(float64(now-start)/(1<<20), "MiB")
		for _, h := range handles {
			h.Close()
		}
	}
}

// BenchmarkRunaway reports how long after their time every shape of runaway
// guest was stopped: the median, in time of the machine.
func BenchmarkRunaway(b *testing.B) {
	const wall = 5 * time.Millisecond
	for name, tt := range runaways() {
		b.Run(name, func(b *testing.B) {
			g := newGuest()
			m := benchRuntime(b, g.handler(tt.code(g), w.I32(0)).Bytes(), sandbox.Config{BreakAfter: -1})
			var late []float64
			for b.Loop() {
				inst := acquire(b, m)
				_, usage, err := inst.Call(context.Background(), 1, &benchHost{}, sandbox.Limits{Fuel: 1 << 62, Wall: wall})
				inst.Release()
				if !errors.As(err, new(*sandbox.TrapError)) {
					b.Fatal(err)
				}
				late = append(late, float64((usage.Wall-wall).Microseconds())/1000)
			}
			b.ReportMetric(max(0, median(late)), "ms-late")
		})
	}
}
