package mail

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/postbox"
)

// Outbox is a Sender that keeps messages instead of sending them, for
// development and tests. It is safe for concurrent use.
type Outbox struct {
	*postbox.Outbox[Message]
}

// NewOutbox returns an empty Outbox that keeps at most limit messages; 0
// means postbox.DefaultLimit.
func NewOutbox(limit int) *Outbox { return &Outbox{postbox.NewOutbox[Message](limit)} }

// Send keeps the message. It refuses what an SMTP server would: a recipient
// that is not one address.
func (o *Outbox) Send(_ context.Context, m Message) error {
	if err := checkAddress(m.To); err != nil {
		return err
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = time.Now()
	}
	o.Keep(m.Tenant, func(number int) Message {
		m.Number = number
		return m
	})
	return nil
}
