package sandbox

import (
	"sync"
	"time"
)

// watchdog ends a call whose time is over by taking its fuel away: the guest
// traps at the next place where it looks at the fuel, which is never far. The
// store is not synchronised with the guest's own, so one of them may be lost;
// it is repeated until the call has ended. The race is between this store and
// machine code only: Go code reads the fuel after disarm.
type watchdog struct {
	mu    sync.Mutex
	timer *time.Timer
	end   time.Time // when the call's time is over
	armed bool
	fired bool
}

// watchRepeat is the time after which the fuel is taken away again.
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
	w.fired = true
	i.fuel.Set(^uint64(0))
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

// burn takes fuel on behalf of the guest, for work that a host function does.
// It ends the call when there is none left.
func (c *call) burn(n uint64) {
	w := &c.inst.watch
	w.mu.Lock()
	left := int64(c.inst.fuel.Get()) - int64(min(n, maxCounter))
	c.inst.fuel.Set(uint64(left))
	fired := w.fired
	w.mu.Unlock()
	switch {
	case left >= 0:
	case fired:
		panic(&stop{reason: ReasonWall, limit: uint64(c.limits.Wall)})
	default:
		panic(&stop{reason: ReasonFuel, limit: c.limits.Fuel})
	}
}
