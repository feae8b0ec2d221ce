package recent

import "sync"

// Cache keeps the values that were put last. It forgets by halves: when the
// newer half is full, the older one goes, so that keeping costs nothing. It may
// be used by several goroutines at a time.
type Cache[K comparable, V any] struct {
	half         int
	mu           sync.Mutex
	newer, older map[K]V
}

// New returns an empty cache of two halves with so many values each.
func New[K comparable, V any](half int) *Cache[K, V] { return &Cache[K, V]{half: half} }

// Get returns the value of a key, if it is still there.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.newer[key]; ok {
		return v, true
	}
	v, ok := c.older[key]
	return v, ok
}

// Put keeps a value in place of an earlier one of the key.
func (c *Cache[K, V]) Put(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newer == nil || len(c.newer) >= c.half {
		c.older, c.newer = c.newer, make(map[K]V)
	}
	c.newer[key] = v
}

// Len returns how many values are kept: at most two halves.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.newer) + len(c.older)
}
