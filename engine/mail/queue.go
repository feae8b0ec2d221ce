package mail

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Errors of Queue.Send.
var (
	ErrQueueFull   = errors.New("mail: queue is full")
	ErrQueueClosed = errors.New("mail: queue is closed")
)

// Defaults of QueueConfig.
const (
	DefaultQueueWorkers  = 4
	DefaultQueueSize     = 1000
	DefaultQueueAttempts = 4
	DefaultQueueBackoff  = time.Second
)

// backoffFactor is by how much the pause grows from one attempt to the next:
// with the defaults 1, 5 and 25 seconds.
const backoffFactor = 5

// Outcomes of QueueConfig.Observe.
const (
	OutcomeSent    = "sent"
	OutcomeFailed  = "failed"  // given up
	OutcomeRefused = "refused" // not taken, because the queue is full or closed
)

// QueueConfig configures a Queue. The zero value works.
type QueueConfig struct {
	Workers  int           // messages that are sent at the same time
	Size     int           // messages that wait
	Attempts int           // tries per message
	Backoff  time.Duration // pause after the first failed try; it grows
	Logger   *slog.Logger  // gets messages that were given up; default none
	// Observe, if not nil, is told the outcome of every message.
	Observe func(outcome string)
}

// Queue is a Sender that returns at once and delivers in the background
// through another Sender. It lives in memory: what was not sent when the
// process ends is lost, and users ask for the mail again. It is safe for
// concurrent use.
type Queue struct {
	sender   Sender
	config   QueueConfig
	messages chan letter
	closing  chan struct{} // closed by Close: no more pauses
	cancel   context.CancelFunc
	workers  sync.WaitGroup

	mu     sync.RWMutex // guards closed against sends on the closed channel
	closed bool
}

// NewQueue starts a queue in front of a sender. Close ends it.
func NewQueue(sender Sender, c QueueConfig) *Queue {
	if c.Workers <= 0 {
		c.Workers = DefaultQueueWorkers
	}
	if c.Size <= 0 {
		c.Size = DefaultQueueSize
	}
	if c.Attempts <= 0 {
		c.Attempts = DefaultQueueAttempts
	}
	if c.Backoff <= 0 {
		c.Backoff = DefaultQueueBackoff
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Observe == nil {
		c.Observe = func(string) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	q := &Queue{sender: sender, config: c, messages: make(chan letter, c.Size), closing: make(chan struct{}), cancel: cancel}
	for range c.Workers {
		q.workers.Go(func() {
			for l := range q.messages {
				q.deliver(ctx, l)
			}
		})
	}
	return q
}

// letter is a message on its way, and what renders it, if anything.
type letter struct {
	Message
	renderer *Renderer
}

// Send takes the message over. It never waits: a full queue refuses.
func (q *Queue) Send(ctx context.Context, m Message) error {
	return q.take(ctx, letter{Message: m})
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

func (s *renderingQueue) Send(ctx context.Context, m Message) error {
	return s.queue.take(ctx, letter{Message: m, renderer: s.renderer})
}

func (q *Queue) take(ctx context.Context, m letter) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkAddress(m.To); err != nil {
		return err
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = time.Now()
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		q.config.Observe(OutcomeRefused)
		return ErrQueueClosed
	}
	select {
	case q.messages <- m:
		return nil
	default:
		q.config.Observe(OutcomeRefused)
		return ErrQueueFull
	}
}

// Len returns how many messages wait for a worker.
func (q *Queue) Len() int { return len(q.messages) }

// Close refuses further messages and delivers those that wait, without pauses
// between attempts. When ctx ends first, deliveries are cut off and its error
// is returned.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.closing)
		close(q.messages)
	}
	q.mu.Unlock()
	done := make(chan struct{})
	go func() {
		q.workers.Wait()
		close(done)
	}()
	defer q.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		q.cancel()
		<-done
		return ctx.Err()
	}
}

func (q *Queue) deliver(ctx context.Context, l letter) {
	m, sender := l.Message, q.sender
	if l.renderer != nil {
		sender = *l.renderer
	}
	pause := q.config.Backoff
	for attempt := 1; ; attempt++ {
		err := sender.Send(ctx, m)
		if err == nil {
			q.config.Observe(OutcomeSent)
			return
		}
		if attempt == q.config.Attempts || Permanent(err) || ctx.Err() != nil {
			q.config.Logger.Error("mail given up", "mail", m, "attempts", attempt, "error", err)
			q.config.Observe(OutcomeFailed)
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-q.closing:
			timer.Stop()
		}
		pause *= backoffFactor
	}
}
