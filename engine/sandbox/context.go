package sandbox

import (
	"context"
	"sync"
	"time"
)

// capabilityContext is the context of a call's capability calls: it ends with
// the call or its time, and carries the call for those that nest in it. A timer
// runs only if somebody waits for its end, which most capability calls do not.
type capabilityContext struct {
	context.Context
	frame    *frame
	deadline time.Time

	mu     sync.Mutex
	timed  context.Context // the same with a timer; nil until it is needed
	cancel context.CancelFunc
	ended  bool // the call has
}

// Deadline implements context.Context.
func (c *capabilityContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Value implements context.Context.
func (c *capabilityContext) Value(key any) any {
	if key == (frameKey{}) {
		return c.frame
	}
	return c.inner().Value(key)
}

// inner is the context that this one adds to.
func (c *capabilityContext) inner() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed != nil {
		return c.timed
	}
	return c.Context
}

// Done implements context.Context.
func (c *capabilityContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start()
	return c.timed.Done()
}

// start makes the context with a timer. c.mu is held.
func (c *capabilityContext) start() {
	if c.timed != nil {
		return
	}
	c.timed, c.cancel = context.WithDeadline(c.Context, c.deadline)
	if c.ended {
		c.cancel()
	}
}

// Err implements context.Context.
func (c *capabilityContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil && !c.ended && time.Now().Before(c.deadline) {
		return c.Context.Err()
	}
	c.start()
	return c.timed.Err()
}

// end cancels the context: the call has ended. There may be none.
func (c *capabilityContext) end() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.cancel != nil {
		c.cancel()
	}
}
