package dispatch

import (
	"sync"
	"time"
)

// A plugin whose handlers keep failing is not called for a while: its
// requests are refused at once, or its hooks skipped where their failure
// policy says so, instead of each finding out for itself.
const (
	// BreakerThreshold is how many calls in a row must fail to open the
	// breaker.
	BreakerThreshold = 20
	// BreakerPause is how long the breaker stays open at first; it doubles
	// with every probe that fails.
	BreakerPause = time.Second
	// BreakerMaxPause bounds the pause.
	BreakerMaxPause = time.Minute
)

// breaker watches the handler calls of one plugin in one tenant. The zero
// breaker is closed. It is safe for concurrent use.
type breaker struct {
	mu       sync.Mutex
	failures int // in a row
	pause    time.Duration
	until    time.Time // open until then
	probing  bool      // one call is under way to see whether it works again
}

// allow reports whether a call may be made. Once the pause is over, one call
// at a time may try.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pause == 0 {
		return true
	}
	if b.probing || now.Before(b.until) {
		return false
	}
	b.probing = true
	return true
}

// verdict is what an ended call says about its plugin.
type verdict uint8

const (
	works   verdict = iota // it did its work, or refused
	faulty                 // it trapped, used up a limit or gave up
	unclear                // something else failed
)

// done records how an allowed call ended, and reports whether the breaker
// opened or closed by it.
func (b *breaker) done(v verdict, now time.Time) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	probe, open := b.probing, b.pause != 0
	switch {
	case v == unclear:
		b.probing = false
		return false
	case v == works:
		b.failures, b.pause, b.probing = 0, 0, false
		return open
	}
	b.failures++
	switch {
	case probe:
		b.pause = min(2*b.pause, BreakerMaxPause)
	case open || b.failures < BreakerThreshold:
		return false // calls that were under way when it opened change nothing
	default:
		b.pause = BreakerPause
	}
	b.until, b.probing = now.Add(b.pause), false
	return !open
}

// isOpen reports whether calls are being refused.
func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pause != 0
}
