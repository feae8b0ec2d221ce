package ratelimit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

// DefaultMaxKeys bounds how many keys a Memory tracks, at about 200 bytes each.
const DefaultMaxKeys = 100_000

// Key names what is counted.
type Key struct {
	// Owner is whose events take room in a bounded counter: the address of a
	// client, "" when it is not known. It is no part of the name.
	Owner string
	// Name tells one count from another.
	Name string
}

// Memory counts in this process's memory: right for one node, and lost when
// it stops. The zero value is ready to use. It is safe for concurrent use.
//
// When it is full, nobody is refused: it forgets. Windows that have ended go
// first. Then the owners with the most windows give up theirs until all have
// room again, of each owner the lowest counts first, and of equal counts those
// that end first. So whoever invents names pushes out these, and neither the
// windows of others nor the high counts that it wants to be rid of.
type Memory struct {
	// Rolling makes a window last until its length has passed since the last
	// event that was counted, not since the first, as Better Auth's do.
	Rolling bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	mu      sync.Mutex
	maxKeys int
	windows map[digest]*window
}

// digest stands for a name, so that long names take no more room than others.
type digest [sha256.Size]byte

type window struct {
	owner string
	ends  time.Time
	count int64
}

// spareParts is which part of a full Memory is emptied at once, so that the
// search for what to forget is made once for many new keys.
const spareParts = 8

// SetMaxKeys bounds the tracked keys; 0 means DefaultMaxKeys. A Memory that
// has more forgets the rest with the next new key.
func (m *Memory) SetMaxKeys(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.maxKeys = n
}

// Len returns how many keys are tracked.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.windows)
}

// Hit counts one event under key. It reports whether at most max events fell
// into the current window of the given length, and else how long until the
// window ends.
func (m *Memory) Hit(_ context.Context, key Key, length time.Duration, max int64) (allowed bool, retryAfter time.Duration, err error) {
	now := time.Now()
	if m.Now != nil {
		now = m.Now()
	}
	id := digest(sha256.Sum256([]byte(key.Name)))
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.windows[id]
	if w == nil || !now.Before(w.ends) {
		if w == nil {
			m.makeRoom(now)
		}
		w = &window{owner: key.Owner, ends: now.Add(length)}
		m.windows[id] = w
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
func (m *Memory) Forget(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.windows, sha256.Sum256([]byte(name)))
	return nil
}

// makeRoom makes sure that one more window can be kept.
func (m *Memory) makeRoom(now time.Time) {
	if m.windows == nil {
		m.windows = map[digest]*window{}
	}
	limit := m.maxKeys
	if limit <= 0 {
		limit = DefaultMaxKeys
	}
	if len(m.windows) < limit {
		return
	}
	for id, w := range m.windows {
		if !now.Before(w.ends) {
			delete(m.windows, id)
		}
	}
	if keep := limit - max(1, limit/spareParts); len(m.windows) > keep {
		m.forgetTo(keep)
	}
}

// ranked is a window and its place among those of its owner, the one to be kept
// longest first.
type ranked struct {
	id digest
	*window
	place int
}

// forgetTo forgets windows until only so many are left.
func (m *Memory) forgetTo(keep int) {
	all := make([]ranked, 0, len(m.windows))
	for id, w := range m.windows {
		all = append(all, ranked{id: id, window: w})
	}
	slices.SortFunc(all, func(a, b ranked) int { return worth(a.window, b.window) })
	places := map[string]int{}
	for i := range all {
		all[i].place = places[all[i].owner]
		places[all[i].owner]++
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return a.place - b.place })
	for _, r := range all[keep:] {
		delete(m.windows, r.id)
	}
}

// worth orders windows by what forgetting them would give away: high counts
// come first, and of equal ones those that last.
func worth(a, b *window) int {
	return cmp.Or(cmp.Compare(b.count, a.count), b.ends.Compare(a.ends))
}
