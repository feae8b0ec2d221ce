package secret

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
)

// ErrBusy is returned when so many hashes wait that a further one is refused.
// Trying again later may work.
var ErrBusy = errors.New("secret: too many password hashes under way")

// waitingPerSlot is the default number of waiting hashes per running one. At
// a tenth of a second per hash the last in the queue waits about 3 seconds.
const waitingPerSlot = 32

// Gate bounds how many password hashes run and wait at the same time. Hashers
// may share one: a server gives all its tenants the same Gate, because memory
// and processors are the server's.
type Gate struct {
	slots      chan struct{}
	waiting    atomic.Int64
	maxWaiting int64
}

// NewGate returns a Gate. concurrent 0 means one per processor that Go may
// use; waiting 0 means 32 for each concurrent hash.
func NewGate(concurrent, waiting int) *Gate {
	if concurrent <= 0 {
		concurrent = runtime.GOMAXPROCS(0)
	}
	if waiting <= 0 {
		waiting = waitingPerSlot * concurrent
	}
	return &Gate{slots: make(chan struct{}, concurrent), maxWaiting: int64(waiting)}
}

// Running returns how many hashes are being computed.
func (g *Gate) Running() int { return len(g.slots) }

// Waiting returns how many hashes wait for their turn.
func (g *Gate) Waiting() int { return int(g.waiting.Load()) }

// enter takes a slot, waiting for one until ctx ends.
func (g *Gate) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	if g.waiting.Add(1) > g.maxWaiting {
		g.waiting.Add(-1)
		return ErrBusy
	}
	defer g.waiting.Add(-1)
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *Gate) leave() { <-g.slots }
