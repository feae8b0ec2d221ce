package postbox

import "sync"

// DefaultLimit is how many messages an Outbox keeps by default.
const DefaultLimit = 1000

// Outbox keeps messages instead of sending them, for development and tests.
// When it is full the oldest one is dropped. It is safe for concurrent use.
type Outbox[T any] struct {
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

// NewOutbox returns an empty Outbox that keeps at most limit messages; 0
// means DefaultLimit.
func NewOutbox[T any](limit int) *Outbox[T] {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Outbox[T]{limit: limit}
}

// Keep keeps a message of a tenant. number is told how many there have been,
// this one included, before the message is kept.
func (o *Outbox[T]) Keep(tenant string, numbered func(number int) T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken++
	k := kept[T]{tenant, o.taken, numbered(o.taken)}
	if len(o.ring) < o.limit {
		o.ring = append(o.ring, k)
		return
	}
	o.ring[o.first] = k
	o.first = (o.first + 1) % o.limit
}

// List returns the messages, oldest first. It is never nil, so that it is
// written as a JSON list.
func (o *Outbox[T]) List() []T {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]T, 0, len(o.ring))
	for i := range o.ring {
		out = append(out, o.ring[(o.first+i)%len(o.ring)].message)
	}
	return out
}

// Find returns the message with a number, if it is still there.
func (o *Outbox[T]) Find(number int) (T, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range o.ring {
		if k.number == number {
			return k.message, true
		}
	}
	var none T
	return none, false
}

// Clear forgets the messages of one tenant, or with "" all of them.
func (o *Outbox[T]) Clear(tenant string) {
	var left []kept[T]
	o.mu.Lock()
	defer o.mu.Unlock()
	if tenant != "" {
		for i := range o.ring {
			if k := o.ring[(o.first+i)%len(o.ring)]; k.tenant != tenant {
				left = append(left, k)
			}
		}
	}
	o.ring, o.first = left, 0
}
