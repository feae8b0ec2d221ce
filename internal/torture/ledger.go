package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
)

// claim is something that the server has said, and how to find out whether it
// holds.
type claim struct {
	what  string // kind of operation
	of    string // the user's address
	costs bool   // to find out takes hashes of passwords
	from  int64  // when it was said, see ledger.clock
	until int64  // when something was asked for that ends it
	holds func(ctx context.Context, c *client) error
}

// ledger has what the server has said. It is safe for concurrent use.
type ledger struct {
	// clock tells the time: how many operations were acknowledged or, if that is
	// recorded, how much is known of what the server wrote.
	clock func() int64
	// said is told how many operations were acknowledged.
	said func(n int)

	mu           sync.Mutex
	claims       []*claim
	users        []*user        // whose state is known, and who do nothing now
	acknowledged map[string]int // by kind
	total        int
	refused      int // answers that promise nothing
	wrong        int // answers that cannot be
}

func newLedger() *ledger {
	l := &ledger{said: func(int) {}, acknowledged: map[string]int{}}
	l.clock = func() int64 { return int64(l.count()) }
	return l
}

// count returns how many operations were acknowledged.
func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// add notes an acknowledged operation, and what holds from now on.
func (l *ledger) add(c *claim) *claim {
	c.from, c.until = l.clock(), math.MaxInt64
	l.mu.Lock()
	l.claims = append(l.claims, c)
	l.acknowledged[c.what]++
	l.total++
	n := l.total
	l.mu.Unlock()
	l.said(n)
	return c
}

// end withdraws a claim, before something is asked for that ends it.
func (l *ledger) end(c *claim) {
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if c != nil && c.until == math.MaxInt64 {
		c.until = now
	}
}

// newcomers is of how many users one is new, if there are others.
const newcomers = 5

// returning returns a user who did something before, or nil.
func (l *ledger) returning() *user {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.users) == 0 || rand.IntN(newcomers) == 0 {
		return nil
	}
	i, last := rand.IntN(len(l.users)), len(l.users)-1
	u := l.users[i]
	l.users[i] = l.users[last]
	l.users = l.users[:last]
	return u
}

// rests takes back a user of whom everything was acknowledged.
func (l *ledger) rests(u *user) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users = append(l.users, u)
}

// failed notes why a user's life ended early. It reports whether the server is
// gone.
func (l *ledger) failed(of string, err error) (gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case errors.Is(err, errGone), errors.Is(err, context.Canceled):
		return true
	case errors.Is(err, errRefused):
		l.refused++
	default:
		l.wrong++
		fmt.Fprintf(os.Stderr, "wrong, %s: %v\n", of, err)
	}
	return false
}

// standing returns the claims that hold at a time.
func (l *ledger) standing(at int64) []*claim {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []*claim
	for _, c := range l.claims {
		if c.from <= at && at <= c.until {
			list = append(list, c)
		}
	}
	return list
}

// now returns the claims that hold.
func (l *ledger) now() []*claim {
	return slices.DeleteFunc(l.standing(math.MaxInt64), func(c *claim) bool { return c.until != math.MaxInt64 })
}

// kinds lists the counts of a map, such as "7 sign-up".
func kinds(m map[string]int) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%d %s", m[k], k))
	}
	return strings.Join(list, ", ")
}

// verifiers is the number of claims that are looked at at a time.
const verifiers = 16

// outcome is what became of claims.
type outcome struct {
	held, broken int
	unanswered   int   // the server said that it cannot tell
	why          error // of the first of those
}

func (o *outcome) add(other outcome) {
	o.held += other.held
	o.broken += other.broken
	o.unanswered += other.unanswered
	if o.why == nil {
		o.why = other.why
	}
}

// verify finds out which claims hold on a running server.
func verify(ctx context.Context, s *server, list []*claim) (o outcome) {
	client := newClient(s, verifiers)
	defer client.close()
	work := make(chan *claim)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range verifiers {
		workers.Go(func() {
			for c := range work {
				err := c.holds(ctx, client)
				mu.Lock()
				var lie *wrongError
				switch {
				case err == nil:
					o.held++
				case errors.As(err, &lie):
					o.broken++
					fmt.Fprintf(os.Stderr, "broken: %s of %s: %v\n", c.what, c.of, err)
				default:
					o.unanswered++
					o.why = err
				}
				mu.Unlock()
			}
		})
	}
	for _, c := range list {
		work <- c
	}
	close(work)
	workers.Wait()
	return o
}

const (
	// newest and others bound the claims that are looked at after one power cut or
	// damage: those that were said last, and some of the rest.
	newest = 40
	others = 15
	// costly is how many of them may take hashes of passwords.
	costly = 4
)

// sample returns the newest of some claims, and a few others.
func sample(list []*claim) []*claim {
	slices.SortStableFunc(list, func(a, b *claim) int { return cmp.Compare(b.from, a.from) })
	if len(list) > newest {
		rest := list[newest:]
		rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	}
	var some []*claim
	hashes := 0
	for _, c := range list {
		if c.costs {
			hashes++
		}
		if !c.costs || hashes <= costly {
			some = append(some, c)
		}
		if len(some) == newest+others {
			break
		}
	}
	return some
}
