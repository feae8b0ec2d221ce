package sms

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/authhost/authhost/engine/postbox"
)

// QueueConfig configures a Queue. The zero value works.
type QueueConfig struct {
	Backoff time.Duration // see postbox.Config
	Logger  *slog.Logger  // gets messages that were given up; default none
	// Observe, if not nil, is told the outcome of every message, one of those of
	// package postbox.
	Observe func(outcome string)
}

// Queue delivers messages in the background through a Sender, as mails are
// delivered: with the defaults of package postbox, and in memory. What was not
// sent when the process ends is lost, and users ask for it again. It is safe
// for concurrent use.
type Queue struct {
	*postbox.Queue[Message]
}

// NewQueue starts a queue in front of a sender. Close ends it.
func NewQueue(sender Sender, c QueueConfig) *Queue {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Queue{postbox.NewQueue(postbox.Config[Message]{
		Backoff: c.Backoff, Send: sender.Send, Observe: c.Observe, Tenant: func(m Message) string { return m.Tenant },
		GivenUp: func(m Message, attempts int, err error) {
			c.Logger.Error("text message given up", "sms", m, "attempts", attempts, "error", err)
		},
	})}
}

// Send takes the message over and gives it an id. It never waits: a full queue
// refuses.
func (q *Queue) Send(ctx context.Context, m Message) error {
	if err := checkNumber(m.To); err != nil {
		return err
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = time.Now()
	}
	m.ID = "msg_" + rand.Text()
	return q.Put(ctx, m)
}

// Outbox is a Sender that keeps messages instead of sending them, for
// development and tests. It is safe for concurrent use.
type Outbox struct {
	*postbox.Outbox[Message]
}

// NewOutbox returns an empty Outbox that keeps at most limit messages; 0
// means postbox.DefaultLimit.
func NewOutbox(limit int) *Outbox { return &Outbox{postbox.NewOutbox[Message](limit)} }

// Send keeps the message. It refuses what is no number.
func (o *Outbox) Send(_ context.Context, m Message) error {
	if err := checkNumber(m.To); err != nil {
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
