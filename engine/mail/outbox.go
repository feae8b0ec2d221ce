package mail

import (
	"context"
	"sync"
	"time"
)

// DefaultOutboxLimit is how many messages an Outbox keeps by default.
const DefaultOutboxLimit = 1000

// Outbox is a Sender that keeps messages instead of sending them, for
// development and tests. When it is full the oldest message is dropped. It is
// safe for concurrent use.
type Outbox struct {
	mu    sync.Mutex
	ring  []Message
	first int // index of the oldest message once the ring is full
	limit int
	taken int // messages so far
}

// NewOutbox returns an empty Outbox that keeps at most limit messages; 0
// means DefaultOutboxLimit.
func NewOutbox(limit int) *Outbox {
	if limit <= 0 {
		limit = DefaultOutboxLimit
	}
	return &Outbox{limit: limit}
}

// Send keeps the message. It refuses what an SMTP server would: a recipient
// that is not one address.
func (o *Outbox) Send(_ context.Context, m Message) error {
	if err := checkAddress(m.To); err != nil {
		return err
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = time.Now()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken++
	m.Number = o.taken
	if len(o.ring) < o.limit {
		o.ring = append(o.ring, m)
		return nil
	}
	o.ring[o.first] = m
	o.first = (o.first + 1) % o.limit
	return nil
}

// List returns the messages, oldest first. It is never nil, so that it is
// written as a JSON list.
func (o *Outbox) List() []Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]Message, 0, len(o.ring))
	return append(append(out, o.ring[o.first:]...), o.ring[:o.first]...)
}

// Find returns the message with a number, if it is still there.
func (o *Outbox) Find(number int) (Message, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.ring {
		if m.Number == number {
			return m, true
		}
	}
	return Message{}, false
}

// Clear forgets the messages of one tenant, or with "" all of them.
func (o *Outbox) Clear(tenant string) {
	kept := []Message{}
	o.mu.Lock()
	defer o.mu.Unlock()
	if tenant != "" {
		for i := range o.ring {
			if m := o.ring[(o.first+i)%len(o.ring)]; m.Tenant != tenant {
				kept = append(kept, m)
			}
		}
	}
	o.ring, o.first = kept, 0
}
