package sandbox

import (
	"sync"
	"time"

	"github.com/authhost/authhost/engine/sandbox/internal/wasmbin"
)

// watchdog ends a call whose time is over by emptying its tank: the guest
// traps when its slice of fuel is used up. The store is not synchronised with
// the guest's own, so one of them may be lost; it is repeated until the call
// has ended. The race is between this store and machine code only: Go code
// reads the tank under the lock.
type watchdog struct {
	mu    sync.Mutex
	timer *time.Timer
	end   time.Time // when the call's time is over
	armed bool
	fired bool
	left  uint64 // the tank when it was emptied
}

// watchRepeat is the time after which the tank is emptied again.
const watchRepeat = time.Millisecond

// arm starts the watch over a call of the instance.
func (w *watchdog) arm(i *Instance, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.fired, w.end = true, false, time.Now().Add(d)
	if w.timer == nil {
		w.timer = time.AfterFunc(d, func() { w.expire(i) })
	} else {
		w.timer.Reset(d)
	}
}

func (w *watchdog) expire(i *Instance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// A timer that fired for the previous call may come this late.
	if !w.armed || time.Now().Before(w.end) {
		return
	}
	if !w.fired {
		w.fired, w.left = true, i.tank.Get()
	}
	i.tank.Set(^uint64(0))
	w.timer.Reset(watchRepeat)
}

// disarm ends the watch and reports whether the time was over.
func (w *watchdog) disarm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	w.timer.Stop()
	return w.fired
}

// stop frees the timer.
func (w *watchdog) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// tank returns what was in the tank, had it not been emptied. The call has
// ended.
func (w *watchdog) tank(i *Instance) uint64 {
	if w.fired {
		return w.left
	}
	return i.tank.Get()
}

// maxBurn bounds what burn takes at a time, for the meter to hold it.
const maxBurn = 1 << 30

// burn takes fuel on behalf of the guest, for work that a host function does.
// It ends the call when there is none left.
func (c *call) burn(n uint64) {
	i, w := c.inst, &c.inst.watch
	stack, left := wasmbin.Metered(i.meter.Get())
	left -= int64(min(n, maxBurn))
	if left < 0 {
		w.mu.Lock()
		tank := int64(i.tank.Get())
		taken := min(max(tank, 0), wasmbin.Slice-left)
		i.tank.Set(uint64(tank - taken))
		left += taken
		w.mu.Unlock()
	}
	i.meter.Set(wasmbin.Meter(stack, left))
	switch {
	case left >= 0:
	case w.expired():
		panic(&stop{reason: ReasonWall, limit: uint64(c.limits.Wall)})
	default:
		panic(&stop{reason: ReasonFuel, limit: c.limits.Fuel})
	}
}

// burnNested takes the fuel that calls within this one have used, or the host for
// it, and that is to come out of its own.
func (c *call) burnNested() {
	for c.nested > 0 {
		n := min(c.nested, maxBurn)
		c.nested -= n
		c.burn(n)
	}
}

// fuelLeft returns what is left of the call's fuel. The guest is not running.
func (c *call) fuelLeft() uint64 {
	i, w := c.inst, &c.inst.watch
	_, left := wasmbin.Metered(i.meter.Get())
	w.mu.Lock()
	left += max(0, int64(w.tank(i)))
	w.mu.Unlock()
	return uint64(max(0, left-int64(min(c.nested, maxCounter))))
}

// expired reports whether the time is over.
func (w *watchdog) expired() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fired
}
