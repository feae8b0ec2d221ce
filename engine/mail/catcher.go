package mail

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/postbox"
)

// Catcher is a Sender that keeps messages instead of sending them, for
// development and tests. It is safe for concurrent use.
type Catcher struct {
	*postbox.Catcher[Message]
}

// NewCatcher returns an empty Catcher that keeps at most limit messages; 0
// means postbox.DefaultLimit.
func NewCatcher(limit int) *Catcher { return &Catcher{postbox.NewCatcher[Message](limit)} }

// Send keeps the message. It refuses what an SMTP server would: a recipient
// that is not one address.
func (c *Catcher) Send(_ context.Context, m Message) error {
	if err := checkAddress(m.To); err != nil {
		return err
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = time.Now()
	}
	c.Keep(m.Tenant, func(number int) Message {
		m.Number = number
		return m
	})
	return nil
}
