package postbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Errors of Queue.Put. ErrShare is an ErrFull.
var (
	ErrFull   = errors.New("the queue is full")
	ErrShare  = fmt.Errorf("the tenant has its share of the queue: %w", ErrFull)
	ErrClosed = errors.New("the queue is closed")
)

// maxShare bounds a tenant's waiting messages by the room that is left: it may
// have so many times as many. Alone it fills three quarters of the queue, with
// others less, and there is always room for a tenant that has sent little.
const maxShare = 3

// Defaults of Config.
const (
	DefaultWorkers  = 4
	DefaultSize     = 1000
	DefaultAttempts = 4
	DefaultBackoff  = time.Second
)

// backoffFactor is by how much the pause grows from one attempt to the next:
// with the defaults 1, 5 and 25 seconds.
const backoffFactor = 5

// Outcomes of Config.Observe.
const (
	OutcomeSent    = "sent"
	OutcomeFailed  = "failed"  // given up
	OutcomeRefused = "refused" // not taken, because the queue is full or closed
)

// Config configures a Queue. Send is required.
type Config[T any] struct {
	Workers  int           // messages that are sent at the same time
	Size     int           // messages that wait
	Attempts int           // tries per message
	Backoff  time.Duration // pause after the first failed try; it grows
	// Tenant says whose a message is; nil: all are one tenant's. Tenants take
	// turns, and none fills the queue alone.
	Tenant func(message T) string
	// Send sends a message. It is tried again after an error that is not Final.
	Send func(ctx context.Context, message T) error
	// GivenUp, if not nil, is told of a message that was not sent, and why.
	GivenUp func(message T, attempts int, err error)
	// Observe, if not nil, is told the outcome of every message.
	Observe func(outcome string)
}

// Queue takes messages at once and sends them in the background. It lives in
// memory: what was not sent when the process ends is lost. It is safe for
// concurrent use.
type Queue[T any] struct {
	config  Config[T]
	closing chan struct{} // closed by Close: no more pauses
	cancel  context.CancelFunc
	workers sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond     // a message came, or the queue was closed
	lines   map[string][]T // waiting messages, by tenant
	turns   []string       // the tenants that have any; the first is next
	waiting int
	closed  bool
}

// NewQueue starts a queue. Close ends it.
func NewQueue[T any](c Config[T]) *Queue[T] {
	if c.Workers <= 0 {
		c.Workers = DefaultWorkers
	}
	if c.Size <= 0 {
		c.Size = DefaultSize
	}
	if c.Attempts <= 0 {
		c.Attempts = DefaultAttempts
	}
	if c.Backoff <= 0 {
		c.Backoff = DefaultBackoff
	}
	if c.Tenant == nil {
		c.Tenant = func(T) string { return "" }
	}
	if c.GivenUp == nil {
		c.GivenUp = func(T, int, error) {}
	}
	if c.Observe == nil {
		c.Observe = func(string) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	q := &Queue[T]{config: c, lines: map[string][]T{}, closing: make(chan struct{}), cancel: cancel}
	q.changed = sync.NewCond(&q.mu)
	for range c.Workers {
		q.workers.Go(func() {
			for m, ok := q.take(); ok; m, ok = q.take() {
				q.deliver(ctx, m)
			}
		})
	}
	return q
}

// Put takes a message over. It never waits: a full queue refuses, and so does
// one that holds the tenant's share already.
func (q *Queue[T]) Put(ctx context.Context, message T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := q.add(q.config.Tenant(message), message)
	if err != nil {
		q.config.Observe(OutcomeRefused)
	}
	return err
}

func (q *Queue[T]) add(tenant string, message T) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	line, room := q.lines[tenant], q.config.Size-q.waiting
	switch {
	case q.closed:
		return ErrClosed
	case room <= 0:
		return ErrFull
	case len(line) >= maxShare*room:
		return ErrShare
	}
	if len(line) == 0 {
		q.turns = append(q.turns, tenant)
	}
	q.lines[tenant] = append(line, message)
	q.waiting++
	q.changed.Signal()
	return nil
}

// take returns the next message of the tenant whose turn it is. It waits for
// one; ok is false when the queue is closed and empty.
func (q *Queue[T]) take() (message T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.waiting == 0 {
		if q.closed {
			return message, false
		}
		q.changed.Wait()
	}
	tenant := q.turns[0]
	q.turns = q.turns[1:]
	line := q.lines[tenant]
	message = line[0]
	clear(line[:1]) // so that it is not kept
	if len(line) == 1 {
		delete(q.lines, tenant)
	} else {
		q.lines[tenant] = line[1:]
		q.turns = append(q.turns, tenant)
	}
	q.waiting--
	return message, true
}

// Len returns how many messages wait for a worker.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// Close refuses further messages and delivers those that wait, without pauses
// between attempts. When ctx ends first, deliveries are cut off and its error
// is returned.
func (q *Queue[T]) Close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.closing)
		q.changed.Broadcast()
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

func (q *Queue[T]) deliver(ctx context.Context, m T) {
	pause := q.config.Backoff
	for attempt := 1; ; attempt++ {
		err := q.config.Send(ctx, m)
		if err == nil {
			q.config.Observe(OutcomeSent)
			return
		}
		if attempt == q.config.Attempts || IsFinal(err) || ctx.Err() != nil {
			q.config.GivenUp(m, attempt, err)
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

// Final marks an error that trying again does not cure.
func Final(err error) error { return &finalError{err} }

// IsFinal reports whether trying again is pointless after an error.
func IsFinal(err error) bool {
	var f *finalError
	return errors.As(err, &f)
}

type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }
