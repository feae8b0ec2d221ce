package sandbox

import (
	"fmt"
	"sync"
	"time"
)

// breaker stops calling a module that keeps failing. It is closed at first;
// after threshold failures in a row it opens, and refuses. When it was open
// for the cool-down, it lets one call through, the probe: its success closes
// the breaker, its failure opens it for another cool-down.
type breaker struct {
	threshold int // negative: it never opens
	coolDown  time.Duration
	now       func() time.Time

	mu       sync.Mutex
	failures int // in a row
	until    time.Time
	probing  bool
	last     error
}

// OpenError says that a module failed so often in a row that it is not called
// for a while.
type OpenError struct {
	Module   string
	Failures int       // in a row
	Until    time.Time // when the next call is tried
	Last     error     // the last failure, a *TrapError
}

// Error implements error.
func (e *OpenError) Error() string {
	return fmt.Sprintf("sandbox: module %s failed %d times in a row and is left alone until %s; the last time: %v",
		e.Module, e.Failures, e.Until.UTC().Format(time.RFC3339), e.Last)
}

// Unwrap returns the last failure.
func (e *OpenError) Unwrap() error { return e.Last }

// allow reports whether a call may be made, and whether it is the probe.
func (b *breaker) allow(module string) (probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.threshold < 0 || b.failures < b.threshold {
		return false, nil
	}
	if b.probing || b.now().Before(b.until) {
		return false, &OpenError{Module: module, Failures: b.failures, Until: b.until, Last: b.last}
	}
	b.probing = true
	return true, nil
}

// report takes the outcome of a call.
func (b *breaker) report(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.failures, b.last = 0, nil
		return
	}
	b.failures++
	b.last = err
	b.until = b.now().Add(b.coolDown)
}

// probed ends the probe, whether it came to a call or not.
func (b *breaker) probed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// state returns what Health shows.
func (b *breaker) state() Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := Health{Failures: b.failures, Last: b.last}
	if b.threshold >= 0 && b.failures >= b.threshold {
		h.OpenUntil = b.until
	}
	return h
}

// Health tells how a module's calls went lately.
type Health struct {
	Failures  int       // calls that ended in a TrapError, in a row
	Last      error     // the last of them
	OpenUntil time.Time // when the module is tried again; zero while it is called
}
