package ratelimit

import (
	"context"
	"sync/atomic"
	"time"
)

// DefaultPause is how long a Fallback leaves a counter alone that failed.
const DefaultPause = 5 * time.Second

// Fallback counts with one counter and, while that fails, with another: limits
// hold, if in each node by itself, and requests do not wait for what is down.
type Fallback struct {
	First, Second Counter
	// Pause is how long First is left alone after it failed; default
	// DefaultPause.
	Pause time.Duration
	// Failed, if set, is told of each failure of First.
	Failed func(error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	until atomic.Int64 // Unix time in nanoseconds; First is left alone before
}

// Hit implements Counter. The caller's own end is no failure of First.
func (f *Fallback) Hit(ctx context.Context, key Key, window time.Duration, max int64) (allowed bool, retryAfter time.Duration, err error) {
	now := f.now()
	if now.UnixNano() < f.until.Load() {
		return f.Second.Hit(ctx, key, window, max)
	}
	allowed, retryAfter, err = f.First.Hit(ctx, key, window, max)
	if err == nil || ctx.Err() != nil {
		return allowed, retryAfter, err
	}
	f.failed(now, err)
	return f.Second.Hit(ctx, key, window, max)
}

// Forget implements Counter. While First fails the key stays counted there.
func (f *Fallback) Forget(ctx context.Context, name string) error {
	if f.now().UnixNano() >= f.until.Load() {
		if err := f.First.Forget(ctx, name); err != nil && ctx.Err() == nil {
			f.failed(f.now(), err)
		}
	}
	return f.Second.Forget(ctx, name)
}

func (f *Fallback) failed(now time.Time, err error) {
	pause := f.Pause
	if pause == 0 {
		pause = DefaultPause
	}
	f.until.Store(now.Add(pause).UnixNano())
	if f.Failed != nil {
		f.Failed(err)
	}
}

func (f *Fallback) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}
