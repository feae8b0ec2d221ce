package secret

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// ErrBusy is returned when so many hashes wait that a further one is refused.
// Trying again later may work.
var ErrBusy = errors.New("secret: too many password hashes under way")

// waitingPerSlot is the default number of waiting hashes per running one. At
// a tenth of a second per hash the last in the queue waits about 3 seconds.
const waitingPerSlot = 32

// Gate bounds how many password hashes run and wait at the same time. Hashers
// may share one: a server gives all its tenants the same Gate, because memory
// and processors are the server's. They take turns at it, whatever the number
// of hashes that each has waiting; when the places to wait are taken, the
// hasher with the most of them loses the one that came last.
type Gate struct {
	concurrent, maxWaiting int

	mu      sync.Mutex
	running int
	waiting int
	queues  []*queue // of the hashers that wait, the next turn's first
}

// queue is what waits for a hasher, the next one first.
type queue struct {
	hasher  *Hasher
	waiters []*waiter
}

// waiter is a hash that waits. Its channel gets nil with its turn, or ErrBusy
// when it has to give up its place.
type waiter struct{ turn chan error }

// NewGate returns a Gate. concurrent 0 means one per processor that Go may
// use; waiting 0 means 32 for each concurrent hash.
func NewGate(concurrent, waiting int) *Gate {
	if concurrent <= 0 {
		concurrent = runtime.GOMAXPROCS(0)
	}
	if waiting <= 0 {
		waiting = waitingPerSlot * concurrent
	}
	return &Gate{concurrent: concurrent, maxWaiting: waiting}
}

// Running returns how many hashes are being computed.
func (g *Gate) Running() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running
}

// Waiting returns how many hashes wait for their turn.
func (g *Gate) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// enter takes a slot for a hasher, waiting for one until ctx ends.
func (g *Gate) enter(ctx context.Context, h *Hasher) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w, err := g.join(h)
	if w == nil {
		return err
	}
	select {
	case err := <-w.turn:
		return err
	case <-ctx.Done():
	}
	if !g.abandon(h, w) && <-w.turn == nil { // its turn came at the same time
		g.leave()
	}
	return ctx.Err()
}

// join takes a slot, or a place to wait, which it returns.
func (g *Gate) join(h *Hasher) (*waiter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running < g.concurrent {
		g.running++
		return nil, nil
	}
	q := g.queueOf(h)
	if g.waiting >= g.maxWaiting && !g.displace(q) {
		return nil, ErrBusy
	}
	if q == nil {
		q = &queue{hasher: h}
		g.queues = append(g.queues, q)
	}
	w := &waiter{turn: make(chan error, 1)}
	q.waiters = append(q.waiters, w)
	g.waiting++
	return w, nil
}

// queueOf returns a hasher's queue, nil if it has none.
func (g *Gate) queueOf(h *Hasher) *queue {
	for _, q := range g.queues {
		if q.hasher == h {
			return q
		}
	}
	return nil
}

// displace makes room in favour of a queue, nil for an empty one, and reports
// whether it did: only a queue that stays at least as long gives up a place.
func (g *Gate) displace(favoured *queue) bool {
	longest := slices.MaxFunc(g.queues, func(a, b *queue) int { return len(a.waiters) - len(b.waiters) })
	have := 0
	if favoured != nil {
		have = len(favoured.waiters)
	}
	last := len(longest.waiters) - 1
	if last <= have {
		return false
	}
	longest.waiters[last].turn <- ErrBusy
	g.remove(longest, last)
	return true
}

// remove takes a place out of a queue.
func (g *Gate) remove(q *queue, i int) {
	q.waiters = slices.Delete(q.waiters, i, i+1)
	g.waiting--
	if len(q.waiters) == 0 {
		g.queues = slices.DeleteFunc(g.queues, func(other *queue) bool { return other == q })
	}
}

// abandon gives up a place, and reports whether it was still one.
func (g *Gate) abandon(h *Hasher, w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.queueOf(h)
	if q == nil {
		return false
	}
	i := slices.Index(q.waiters, w)
	if i < 0 {
		return false
	}
	g.remove(q, i)
	return true
}

// leave hands the slot on to the hasher whose turn it is.
func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queues) == 0 {
		g.running--
		return
	}
	q := g.queues[0]
	q.waiters[0].turn <- nil
	g.queues = append(g.queues[1:], q)
	g.remove(q, 0)
}
