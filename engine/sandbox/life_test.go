package sandbox_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// callGuest makes one capability call and returns its status. Handler 9 traps.
func callGuest() []byte {
	g := newGuest()
	return g.handler(
		w.Get(0), w.I32(9), w.I32Eq, w.If(w.Unreachable),
		w.I32(0), w.I32(0), w.I32(0), w.I32(0), w.I32(0), w.I32(0), w.Call(g.call), w.I64(32), w.I64ShrU, w.I32WrapI64,
	).Bytes()
}

func TestBreaker(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	rt := newRuntime(t, sandbox.Config{BreakAfter: 3, CoolDown: time.Minute, Now: clock})
	m := load(t, rt, callGuest())
	ctx := context.Background()
	try := func(handler int32) error {
		inst, err := m.Acquire(ctx)
		if err != nil {
			return err
		}
		defer inst.Release()
		_, _, err = inst.Call(ctx, handler, &fakeHost{}, sandbox.Limits{})
		return err
	}
	open := func() bool { return !m.Health().OpenUntil.IsZero() }
	for _, handler := range []int32{9, 9, 1, 9, 9} { // a success in between counts anew
		_ = try(handler)
	}
	if open() {
		t.Fatal("open after two failures in a row")
	}
	_ = try(9)
	var oe *sandbox.OpenError
	if err := try(1); !errors.As(err, &oe) || oe.Failures != 3 || !open() {
		t.Fatalf("after three failures: %v", err)
	}
	other, err := m.Share("", "other", sandbox.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, _, err := run(t, other, &fakeHost{}, sandbox.Limits{}); err != nil {
		t.Errorf("another handle of the same binary: %v", err)
	}
	pass(2 * time.Minute)
	if err := try(9); errors.As(err, &oe) { // the probe fails
		t.Fatal(err)
	}
	if err := try(1); !errors.As(err, &oe) {
		t.Fatalf("after a failed probe: %v", err)
	}
	pass(2 * time.Minute)
	probe, err := m.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := try(1); !errors.As(err, &oe) {
		t.Errorf("beside the probe: %v", err)
	}
	if _, _, err := probe.Call(ctx, 1, &fakeHost{}, sandbox.Limits{}); err != nil {
		t.Error(err)
	}
	probe.Release()
	if err := try(1); err != nil || open() {
		t.Errorf("after a good probe: %v", err)
	}
}

// nestingHost calls a handler of another module for each capability call.
func nestingHost(next func() (*sandbox.Module, int32), failed *error) *fakeHost {
	h := &fakeHost{}
	h.onCall = func(ctx context.Context, _, _ string, _ []byte) (uint32, []byte) {
		m, handler := next()
		inst, err := m.Acquire(ctx)
		if err == nil {
			defer inst.Release()
			_, _, err = inst.Call(ctx, handler, h, sandbox.Limits{})
		}
		if err != nil && *failed == nil {
			*failed = err
		}
		return 5, nil
	}
	return h
}

func TestNestedCalls(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{MaxNesting: 4})
	a := load(t, rt, callGuest())
	b, err := a.Share("", "b", sandbox.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	n := int32(0)
	tests := map[string]struct {
		next  func() (*sandbox.Module, int32)
		cycle bool
		chain string
	}{
		"deep":       {func() (*sandbox.Module, int32) { n++; return b, n }, false, "guest/1 > b/1 > b/2 > b/3 > b/4"},
		"to and fro": {func() (*sandbox.Module, int32) { n++; return []*sandbox.Module{a, b}[n%2], 1 }, true, "guest/1 > b/1 > guest/1"},
	}
	for name, tt := range tests {
		n = 0
		var nested error
		if _, _, err := run(t, a, nestingHost(tt.next, &nested), sandbox.Limits{}); err != nil {
			t.Errorf("%s: the outer call: %v", name, err)
		}
		var ne *sandbox.NestingError
		if !errors.As(nested, &ne) || ne.Cycle != tt.cycle || strings.Join(ne.Chain, " > ") != tt.chain {
			t.Errorf("%s: %v", name, nested)
		}
	}
}

// TestCharge: work of the host for a call comes out of the call's fuel.
func TestCharge(t *testing.T) {
	m := load(t, newRuntime(t, sandbox.Config{}), callGuest())
	for _, fuel := range []uint64{1_000_000, 1 << 40} {
		h := &fakeHost{onCall: func(ctx context.Context, _, _ string, _ []byte) (uint32, []byte) {
			sandbox.Charge(ctx, fuel)
			return 0, nil
		}}
		_, usage, err := run(t, m, h, sandbox.Limits{Fuel: 2_000_000})
		var trap *sandbox.TrapError
		switch {
		case fuel > 2_000_000:
			if !errors.As(err, &trap) || trap.Reason != sandbox.ReasonFuel {
				t.Errorf("%d: got %v", fuel, err)
			}
		case err != nil || usage.Fuel < fuel || usage.Fuel > fuel+100_000:
			t.Errorf("%d: used %d, %v", fuel, usage.Fuel, err)
		}
	}
	sandbox.Charge(context.Background(), 1) // nobody's
}

func TestReentryIsRefused(t *testing.T) {
	m := load(t, newRuntime(t, sandbox.Config{}), callGuest())
	ctx := context.Background()
	inst, err := m.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Release()
	var inner error
	h := &fakeHost{onCall: func(ctx context.Context, _, _ string, _ []byte) (uint32, []byte) {
		_, _, inner = inst.Call(ctx, 2, &fakeHost{}, sandbox.Limits{})
		return 4, nil
	}}
	if status, _, err := inst.Call(ctx, 1, h, sandbox.Limits{}); status != 4 || err != nil {
		t.Errorf("outer: %d, %v", status, err)
	}
	if inner == nil {
		t.Error("an instance ran twice at a time")
	}
}

func TestBlockingHostCallEndsAtItsTime(t *testing.T) {
	m := load(t, newRuntime(t, sandbox.Config{}), callGuest())
	h := &fakeHost{onCall: func(ctx context.Context, _, _ string, _ []byte) (uint32, []byte) {
		<-ctx.Done()
		return 0, nil
	}}
	for _, parent := range []time.Duration{time.Hour, 100 * time.Millisecond} {
		inst, err := m.Acquire(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), parent)
		_, usage, err := inst.Call(ctx, 1, h, sandbox.Limits{Wall: 200 * time.Millisecond})
		cancel()
		inst.Release()
		var trap *sandbox.TrapError
		if !errors.As(err, &trap) || trap.Reason != sandbox.ReasonWall || usage.Host == 0 {
			t.Errorf("%v: %v, %+v", parent, err, usage)
		}
		if h := m.Health(); h.Failures > 0 {
			t.Errorf("the module is blamed for a slow host: %+v", h)
		}
	}
}

// inGet is a host that tells when a guest reads a field, and answers after release.
type inGet struct {
	fakeHost
	entered, release chan struct{}
}

func (h *inGet) Get(string, []byte) (uint32, []byte) {
	close(h.entered)
	<-h.release
	return 0, nil
}

// TestWaitForProcessor: what a call waits for a processor after a host call is
// the host's time, also when its time ends meanwhile.
func TestWaitForProcessor(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{OwnerProcessors: 1})
	share := func(wasm []byte, name string) *sandbox.Module {
		m, err := load(t, rt, wasm).Share("owner", name, sandbox.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		return m
	}
	caller, reader := share(callGuest(), "caller"), share(getSetTake().Bytes(), "reader")
	busy := &inGet{entered: make(chan struct{}), release: make(chan struct{})}
	var other sync.WaitGroup
	h := &fakeHost{onCall: func(ctx context.Context, _, _ string, _ []byte) (uint32, []byte) {
		other.Go(func() { _, _, _ = run(t, reader, busy, sandbox.Limits{}) })
		<-busy.entered // it has the owner's processor
		return 0, nil
	}}
	_, usage, err := run(t, caller, h, sandbox.Limits{Wall: 200 * time.Millisecond})
	close(busy.release)
	other.Wait()
	var trap *sandbox.TrapError
	if !errors.As(err, &trap) || trap.Reason != sandbox.ReasonWall || usage.Host < usage.Wall/2 {
		t.Errorf("%v, %+v; want the end of its time, most of it the host's", err, usage)
	}
	if h := caller.Health(); h.Failures > 0 {
		t.Errorf("the module is blamed: %+v", h)
	}
}

// TestCapabilityContext: the context of a capability call is that of the
// handler's call, and ends with it, whether somebody waits for its end or not.
func TestCapabilityContext(t *testing.T) {
	m := load(t, newRuntime(t, sandbox.Config{}), callGuest())
	type key struct{}
	for name, waits := range map[string]bool{"asked for its end": true, "not asked for its end": false} {
		t.Run(name, func(t *testing.T) {
			inst, err := m.Acquire(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer inst.Release()
			parent, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "value"))
			defer cancel()
			var got, child context.Context
			h := &fakeHost{onCall: func(ctx context.Context, _, _ string, _ []byte) (uint32, []byte) {
				got = ctx
				if waits {
					var cancel context.CancelFunc
					child, cancel = context.WithCancel(ctx)
					defer cancel()
				}
				end, ok := ctx.Deadline()
				if left := time.Until(end); !ok || left <= 0 || left > time.Minute || ctx.Err() != nil || ctx.Value(key{}) != "value" {
					t.Errorf("during the call: %v left, %v, value %v", left, ctx.Err(), ctx.Value(key{}))
				}
				return 0, nil
			}}
			if _, _, err := inst.Call(parent, 1, h, sandbox.Limits{Wall: time.Minute}); err != nil {
				t.Fatal(err)
			}
			<-got.Done()
			if waits {
				<-child.Done()
			}
			if !errors.Is(got.Err(), context.Canceled) || got.Value(key{}) != "value" {
				t.Errorf("after the call: %v, value %v", got.Err(), got.Value(key{}))
			}
		})
	}
}

// TestCapabilityContextOfCanceledCaller: who asks only whether the call may go
// on learns that its caller gave up.
func TestCapabilityContextOfCanceledCaller(t *testing.T) {
	m := load(t, newRuntime(t, sandbox.Config{}), callGuest())
	inst, err := m.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Release()
	parent, cancel := context.WithCancel(context.Background())
	h := &fakeHost{onCall: func(ctx context.Context, _, _ string, _ []byte) (uint32, []byte) {
		cancel()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("the context says %v", ctx.Err())
		}
		return 0, nil
	}}
	var trap *sandbox.TrapError
	if _, _, err := inst.Call(parent, 1, h, sandbox.Limits{}); !errors.As(err, &trap) || trap.Reason != sandbox.ReasonCanceled {
		t.Errorf("got %v", err)
	}
}

func TestModuleCloseDuringCall(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{})
	m := load(t, rt, callGuest())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				own, err := rt.Load(context.Background(), callGuest(), sandbox.LoadOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				inst, err := own.Acquire(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				own.Close()
				m.Close()
				if n, _, err := inst.Call(context.Background(), 1, &fakeHost{}, sandbox.Limits{}); n != 7 || err != nil {
					t.Error(n, err)
				}
				inst.Release()
			}
		})
	}
	wg.Wait()
}

// TestMadeAhead checks that a clone is made ahead, serves, and goes when it is
// not needed.
func TestMadeAhead(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{BreakAfter: -1})
	m := load(t, rt, callGuest())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	acquire := func() *sandbox.Instance {
		inst, err := m.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return inst
	}
	for range 100 {
		inst := acquire()
		if _, _, err := inst.Call(ctx, 1, &fakeHost{}, sandbox.Limits{Fuel: 1}); err == nil {
			t.Fatal("it ran without fuel")
		}
		inst.Release()
		inst = acquire()
		if n, _, err := inst.Call(ctx, 1, &fakeHost{}, sandbox.Limits{}); n != 7 || err != nil {
			t.Error(n, err)
		}
		inst.Release()
	}
	acquire().Release()
	for { // it may be in the making
		rt.Trim()
		if s := rt.Stats(); s.Clones == s.Discards+1 {
			return // the one that was used is left
		} else if ctx.Err() != nil {
			t.Fatalf("%+v", s)
		}
		runtime.Gosched()
	}
}

// One owner's endless loops take neither every instance nor every place of
// those who wait: another owner's call runs.
func TestOwnersShareInstances(t *testing.T) {
	rt := newRuntime(t, sandbox.Config{MaxInstances: 4, MaxWaiting: 4, MaxWait: time.Minute, OwnerProcessors: 1, BreakAfter: -1})
	m := load(t, rt, newGuest().handler(w.Get(0), w.I32(1), w.I32Eq, w.If(w.Loop(w.Br(0))), w.I32(0)).Bytes())
	share := func(owner string) *sandbox.Module {
		h, err := m.Share(owner, owner, sandbox.Limits{Fuel: 20_000_000})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.Close)
		return h
	}
	noisy, quiet := share("noisy"), share("quiet")
	var loops sync.WaitGroup
	for range 32 {
		loops.Go(func() {
			inst, err := noisy.Acquire(context.Background())
			if err != nil {
				return // too many of its owner wait
			}
			defer inst.Release()
			_, _, _ = inst.Call(context.Background(), 1, &fakeHost{}, sandbox.Limits{})
		})
	}
	for range 50 {
		inst, err := quiet.Acquire(t.Context())
		if err != nil {
			t.Fatalf("beside a noisy owner: %v", err)
		}
		if _, _, err := inst.Call(t.Context(), 2, &fakeHost{}, sandbox.Limits{}); err != nil {
			t.Errorf("beside a noisy owner: %v", err)
		}
		inst.Release()
	}
	loops.Wait()
}
