package postbox

import "sync"

// DefaultLimit is how many messages a Catcher keeps by default.
const DefaultLimit = 1000

// Catcher keeps messages instead of sending them, for development and tests.
// When it is full the oldest one is dropped. It is safe for concurrent use.
type Catcher[T any] struct {
	mu    sync.Mutex
	ring  []kept[T]
	first int // index of the oldest message once the ring is full
	limit int
	taken int // messages so far
}

type kept[T any] struct {
	tenant  string
	number  int
	message T
}

// NewCatcher returns an empty Catcher that keeps at most limit messages; 0
// means DefaultLimit.
func NewCatcher[T any](limit int) *Catcher[T] {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Catcher[T]{limit: limit}
}

// Keep keeps a message of a tenant. number is told how many there have been,
// this one included, before the message is kept.
func (c *Catcher[T]) Keep(tenant string, numbered func(number int) T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken++
	k := kept[T]{tenant, c.taken, numbered(c.taken)}
	if len(c.ring) < c.limit {
		c.ring = append(c.ring, k)
		return
	}
	c.ring[c.first] = k
	c.first = (c.first + 1) % c.limit
}

// List returns the messages, oldest first. It is never nil, so that it is
// written as a JSON list.
func (c *Catcher[T]) List() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]T, 0, len(c.ring))
	for i := range c.ring {
		out = append(out, c.ring[(c.first+i)%len(c.ring)].message)
	}
	return out
}

// Find returns the message with a number, if it is still there.
func (c *Catcher[T]) Find(number int) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.ring {
		if k.number == number {
			return k.message, true
		}
	}
	var none T
	return none, false
}

// Clear forgets the messages of one tenant, or with "" all of them.
func (c *Catcher[T]) Clear(tenant string) {
	var left []kept[T]
	c.mu.Lock()
	defer c.mu.Unlock()
	if tenant != "" {
		for i := range c.ring {
			if k := c.ring[(c.first+i)%len(c.ring)]; k.tenant != tenant {
				left = append(left, k)
			}
		}
	}
	c.ring, c.first = left, 0
}
