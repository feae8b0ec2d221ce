package sandbox

import (
	"context"
	"slices"
	"sync"
	"time"
)

// quota bounds how many of something each owner has at the same time, so that
// the calls of one owner leave something to the others. Whoever has no owner
// is not counted.
type quota struct {
	most       int // for each owner
	maxWaiting int // of each owner; 0: no bound

	mu     sync.Mutex
	owners map[string]*claims // those that have some
}

// claims are one owner's.
type claims struct {
	held    int
	waiting []chan struct{} // the first is next; closed when it is its turn
}

func newQuota(most, maxWaiting int) *quota {
	return &quota{most: max(1, most), maxWaiting: maxWaiting, owners: map[string]*claims{}}
}

// take waits until the owner may have one more. Its errors are ErrBusy, when
// too many wait already or the time is over, and those of ctx.
func (q *quota) take(ctx context.Context, owner string, wait time.Duration) error {
	if owner == "" {
		return nil
	}
	turn, err := q.claim(owner)
	if turn == nil {
		return err
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	err = ErrBusy
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-t.C:
	}
	if q.withdraw(owner, turn) {
		return err
	}
	return nil // its turn came at the same moment
}

// claim takes one at once, or returns what says when it is the caller's turn.
func (q *quota) claim(owner string) (turn chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.owners[owner]
	if c == nil {
		c = &claims{}
		q.owners[owner] = c
	}
	switch {
	case c.held < q.most:
		c.held++
		return nil, nil
	case q.maxWaiting > 0 && len(c.waiting) >= q.maxWaiting:
		return nil, ErrBusy
	}
	turn = make(chan struct{})
	c.waiting = append(c.waiting, turn)
	return turn, nil
}

// withdraw gives a turn up. It reports false if it has come.
func (q *quota) withdraw(owner string, turn chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.owners[owner]
	at := slices.Index(c.waiting, turn)
	if at < 0 {
		return false
	}
	c.waiting = slices.Delete(c.waiting, at, at+1)
	return true
}

// give gives one back.
func (q *quota) give(owner string) {
	if owner == "" {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.owners[owner]
	if len(c.waiting) > 0 {
		close(c.waiting[0])
		c.waiting = slices.Delete(c.waiting, 0, 1)
		return
	}
	if c.held--; c.held == 0 {
		delete(q.owners, owner)
	}
}
