package ratelimit

import (
	"context"
	"sync"
	"time"
)

// DefaultMaxKeys bounds how many keys a Memory tracks.
const DefaultMaxKeys = 100_000

// Memory counts in this process's memory: right for one node, and lost when
// it stops. The zero value is ready to use. It is safe for concurrent use.
type Memory struct {
	// MaxKeys bounds the tracked keys; 0 means DefaultMaxKeys. When it is
	// reached, windows that have ended are dropped; if none has, the oldest
	// insertions are kept and new keys are refused, so that flooding with
	// fresh keys cannot push out the counts of others.
	MaxKeys int
	// Rolling makes a window last until its length has passed since the last
	// event that was counted, not since the first, as Better Auth's do.
	Rolling bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	mu      sync.Mutex
	windows map[string]*window
	swept   time.Time // when ended windows were last looked for
}

// sweepEvery is how often a full Memory looks for windows that have ended: a
// flood must not make every event go through all of them.
const sweepEvery = time.Second

type window struct {
	ends  time.Time
	count int64
}

// Hit counts one event under key. It reports whether at most max events fell
// into the current window of the given length, and else how long until the
// window ends.
func (m *Memory) Hit(_ context.Context, key string, length time.Duration, max int64) (allowed bool, retryAfter time.Duration, err error) {
	now := time.Now()
	if m.Now != nil {
		now = m.Now()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.windows[key]
	if w == nil || !now.Before(w.ends) {
		if w == nil && !m.room(now) {
			return false, length, nil
		}
		w = &window{ends: now.Add(length)}
		m.windows[key] = w
	}
	if w.count >= max {
		return false, w.ends.Sub(now), nil
	}
	w.count++
	if m.Rolling {
		w.ends = now.Add(length)
	}
	return true, 0, nil
}

// Forget ends the window of a key.
func (m *Memory) Forget(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.windows, key)
	return nil
}

func (m *Memory) room(now time.Time) bool {
	if m.windows == nil {
		m.windows = map[string]*window{}
	}
	limit := m.MaxKeys
	if limit == 0 {
		limit = DefaultMaxKeys
	}
	if len(m.windows) < limit {
		return true
	}
	if since := now.Sub(m.swept); since >= 0 && since < sweepEvery {
		return false
	}
	m.swept = now
	for key, w := range m.windows {
		if !now.Before(w.ends) {
			delete(m.windows, key)
		}
	}
	return len(m.windows) < limit
}
