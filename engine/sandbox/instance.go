package sandbox

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/authhost/authhost/engine/sandbox/internal/wasmbin"
)

// Instance is a running copy of a module. One goroutine at a time may use it.
type Instance struct {
	core   *core
	module *Module // the handle that acquired it
	mod    api.Module
	mem    api.Memory
	memory linear
	entry  api.Function        // holds the machine stack; nil until it is needed
	meter  api.MutableGlobal   // stack, and fuel in the slice that the guest works on
	tank   api.MutableGlobal   // fuel for further slices
	state  []api.MutableGlobal // the guest's own globals, as in code.State

	initialising bool
	running      atomic.Bool
	probe        bool // it decides whether the breaker closes
	ahead        bool // it was made ahead, and nobody has used it
	next         bool // another one is to be made ahead when this one is given back
	used         bool // a call ran since the last reset
	failed       bool
	dirty        bool      // it may have private pages
	since        time.Time // when it became idle
	stack        [1]uint64
	watch        watchdog
	current      call   // the one that is running
	buf          []byte // what the last get or capability call answered
}

// maxBuf bounds the buffer for answers that an instance keeps.
const maxBuf = 16 << 10

// begin starts a call.
func (i *Instance) begin(ctx context.Context, host Imports, limits Limits) *call {
	c := &i.current
	*c = call{Context: ctx, inst: i, host: host, limits: limits}
	c.restart()
	return c
}

// restart makes the time of a call begin now: what it waited before that is not
// the guest's.
func (c *call) restart() {
	c.start = time.Now()
	c.end = c.start.Add(c.limits.Wall)
	if d, ok := c.Context.Deadline(); ok && d.Before(c.end) {
		c.end = d
	}
}

// finish forgets the call, and what it made the instance keep beyond bounds.
func (i *Instance) finish() {
	i.current = call{}
	if cap(i.buf) > maxBuf {
		i.buf = nil
	}
}

// run calls an export within the limits of c.
func (i *Instance) run(c *call, fn api.Function, stack []uint64) error {
	fuel := min(c.limits.Fuel, maxCounter)
	slice := min(fuel, wasmbin.Slice)
	i.meter.Set(wasmbin.Meter(int64(min(c.limits.Stack, wasmbin.MaxStack)), int64(slice)))
	i.tank.Set(fuel - slice)
	i.memory.limit = uint64(i.core.code.MaxPages) * pageSize
	if p := c.limits.MemoryPages; p > 0 {
		i.memory.limit = min(i.memory.limit, uint64(p)*pageSize)
	}
	i.used, i.dirty = true, true
	i.watch.arm(i, time.Until(c.end))
	err := fn.CallWithStack(c, stack)
	c.overdue = i.watch.disarm()
	c.capability.end()
	_, left := wasmbin.Metered(i.meter.Get())
	left += max(0, int64(i.watch.tank(i)))
	c.usage.Fuel = fuel - min(fuel, uint64(max(left, 0)))
	c.usage.Pages = i.pages()
	if err != nil {
		i.failed = true
	}
	return err
}

// prepareEntry makes the machine stack on which handlers run.
func (i *Instance) prepareEntry() {
	if i.entry == nil {
		i.entry = i.mod.ExportedFunction(i.core.rt.cfg.Entry)
	}
}

// maxCounter is the largest fuel; the tank is signed.
const maxCounter = 1<<63 - 1

// errInUse is a mistake of the embedding program.
var errInUse = errors.New("sandbox: the instance is running, has failed or was released")

// Call runs a handler. It waits for a processor if others of the same owner run
// on all that are the owner's; its error is ErrBusy if that takes too long. Zero members of limits take the defaults of Load and
// Config. A call that did not return has a [*TrapError] and ends the instance:
// Release it and acquire another. The usage is valid in every case. Memory
// lasts from one call to the next, until Release.
//
// A call that a capability call leads to is nested, if it gets the context of
// [Imports]' Call. Where that goes too deep, or round in a circle, the nested
// call is not made and has a [*NestingError]; the instance stays usable.
func (i *Instance) Call(ctx context.Context, handler int32, host Imports, limits Limits) (int32, Usage, error) {
	if !i.running.CompareAndSwap(false, true) {
		return 0, Usage{}, errInUse
	}
	defer i.running.Store(false)
	if i.failed || i.module == nil {
		return 0, Usage{}, errInUse
	}
	f, err := i.module.nest(ctx, handler)
	if err != nil {
		return 0, Usage{}, err
	}
	within := limits.Within
	c := i.begin(ctx, host, limits.or(i.module.limits))
	defer i.finish()
	c.frame, f.call = f, c
	if err := c.enterLane(i.core.rt.cfg.MaxWait); err != nil {
		return 0, Usage{}, err
	}
	defer c.leaveLane()
	c.restart()
	if left := f.budget(); within && left < c.limits.Fuel {
		c.limits.Fuel, c.short = left, true
	}
	i.prepareEntry()
	i.stack[0] = api.EncodeI32(handler)
	if err = i.run(c, i.entry, i.stack[:]); err != nil {
		err = c.trapError(i.module.name, handler, err)
	}
	if !c.blameless(err) {
		i.module.breaker.report(err)
	}
	c.flush()
	c.usage.Wall = time.Since(c.start)
	if within {
		f.charge(c.usage.Fuel)
	}
	if err != nil {
		return 0, c.usage, err
	}
	return api.DecodeI32(i.stack[0]), c.usage, nil
}

// blameless reports whether a call ended for a reason that says nothing about
// the module: its caller gave up or had too little fuel left for it, or the host
// failed or took most of the time.
func (c *call) blameless(err error) bool {
	t, ok := err.(*TrapError)
	if !ok {
		return false
	}
	switch t.Reason {
	case ReasonCanceled, ReasonHost:
		return true
	case ReasonFuel:
		return c.short
	case ReasonWall:
		return c.Context.Err() != nil || c.usage.Host > time.Since(c.start)/2
	}
	return false
}

// trapError turns what wazero returned into a TrapError.
func (c *call) trapError(module string, handler int32, err error) *TrapError {
	t := &TrapError{Module: module, Handler: handler, Reason: ReasonTrap, Detail: err.Error()}
	var s *stop
	stack, fuel := wasmbin.Metered(c.inst.meter.Get())
	switch {
	case errors.As(err, &s):
		t.Reason, t.Limit, t.Detail = s.reason, s.limit, s.detail
	case c.inHost:
		t.Reason = ReasonHost
	case stack < 0:
		t.Reason, t.Limit = ReasonStack, c.limits.Stack
	case fuel >= 0:
	case c.overdue:
		t.Reason, t.Limit = ReasonWall, uint64(c.limits.Wall)
	default:
		t.Reason, t.Limit = ReasonFuel, c.limits.Fuel
	}
	c.inHost = false
	return t
}

// pages returns the size of linear memory in pages of 64 KiB.
func (i *Instance) pages() uint32 { return uint32(i.memory.size / pageSize) }

// Release gives the instance back: it is reset and serves others, or is
// discarded if it cannot be reset or a call failed. It must not be used
// afterwards. The reset takes some microseconds, so release after the answer
// was written where that matters.
func (i *Instance) Release() {
	if i.module == nil {
		return
	}
	c := i.core
	if i.probe {
		i.module.breaker.probed()
		i.probe = false
	}
	owner := i.module.owner
	i.module = nil
	keep, next := i, i.next
	switch {
	case i.failed || c.image == nil:
		keep = nil
	case i.used:
		c.rt.counts.resets.Add(1)
		if err := i.reset(); err != nil {
			c.rt.counts.faults.Add(1)
			keep = nil
		}
		i.used = false
	}
	if surplus := c.pool.put(keep, owner); keep == nil || surplus != nil {
		c.rt.counts.discards.Add(1)
		i.close()
	}
	if next {
		c.makeAhead()
	}
	c.release()
}

// trim gives back what the instance keeps to be quicker next time: pages that
// were written to, and the machine stack. It is idle.
func (i *Instance) trim() error {
	i.watch.timer, i.entry, i.buf = nil, nil, nil
	i.dirty = false
	return i.memory.region.trim()
}

// close frees the instance.
func (i *Instance) close() {
	i.watch.stop()
	_ = i.mod.Close(context.Background())
}
