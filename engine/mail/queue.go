package mail

import (
	"context"
	"log/slog"
	"time"

	"github.com/authhost/authhost/engine/postbox"
)

// QueueConfig configures a Queue. The zero value works.
type QueueConfig struct {
	Logger *slog.Logger // gets messages that were given up; default none
	// Observe, if not nil, is told the outcome of every message, one of those of
	// package postbox.
	Observe func(outcome string)
}

// Queue delivers mails in the background through a Sender, with the defaults
// of package postbox. It lives in memory: what was not sent when the process
// ends is lost, and users ask for the mail again. It is safe for concurrent
// use.
type Queue struct {
	*postbox.Queue[letter]
	sender Sender
}

// letter is a message on its way, and what renders it.
type letter struct {
	Message
	renderer *Renderer
}

// NewQueue starts a queue in front of a sender. Close ends it.
func NewQueue(sender Sender, c QueueConfig) *Queue {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Queue{sender: sender, Queue: postbox.NewQueue(postbox.Config[letter]{
		Send:   func(ctx context.Context, l letter) error { return l.renderer.Send(ctx, l.Message) },
		Tenant: func(l letter) string { return l.Tenant },
		GivenUp: func(l letter, attempts int, err error) {
			c.Logger.Error("mail given up", "mail", l.Message, "attempts", attempts, "error", err)
		},
		Observe: c.Observe,
	})}
}

// Rendering returns a Sender that takes messages over as they are and renders
// them when their turn comes, so that asking for a mail costs as good as
// nothing: whether a request sent one must not show in its time. Next of the
// renderer is not used.
func (q *Queue) Rendering(r Renderer) Sender {
	r.Next = q.sender
	return &renderingQueue{queue: q, renderer: &r}
}

type renderingQueue struct {
	queue    *Queue
	renderer *Renderer
}

// Send takes the message over. It never waits: a full queue refuses.
func (s *renderingQueue) Send(ctx context.Context, m Message) error {
	if err := checkAddress(m.To); err != nil {
		return err
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = time.Now()
	}
	return s.queue.Put(ctx, letter{m, s.renderer})
}
