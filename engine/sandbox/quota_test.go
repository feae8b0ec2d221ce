package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuota(2, 1)
		take := func(owner string) error { return q.take(t.Context(), owner, time.Second) }
		for range 2 {
			if err := take("a"); err != nil {
				t.Fatal(err)
			}
		}
		first := make(chan error)
		go func() { first <- take("a") }()
		synctest.Wait()
		if err := take("a"); !errors.Is(err, ErrBusy) {
			t.Errorf("a second one that waits: %v", err)
		}
		if err := take("b"); err != nil {
			t.Errorf("another owner: %v", err)
		}
		for range 100 {
			if err := take(""); err != nil {
				t.Fatalf("no owner: %v", err)
			}
		}
		q.give("a")
		if err := <-first; err != nil {
			t.Errorf("its turn: %v", err)
		}
		if err := take("a"); !errors.Is(err, ErrBusy) {
			t.Errorf("after a second: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := q.take(ctx, "a", time.Second); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		q.give("a")
		q.give("a")
		q.give("b")
		if len(q.owners) != 0 {
			t.Errorf("%d owners are left", len(q.owners))
		}
	})
}

// However many come and go, no owner has more than its part, and nothing is
// left over.
func TestQuotaConcurrent(t *testing.T) {
	const most = 3
	q := newQuota(most, 0)
	held := [4]atomic.Int64{}
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 2))
			for range 200 {
				owner := r.IntN(len(held))
				if q.take(t.Context(), fmt.Sprint(owner), time.Duration(r.IntN(1000))*time.Microsecond) != nil {
					continue
				}
				if n := held[owner].Add(1); n > most {
					t.Errorf("owner %d has %d", owner, n)
				}
				held[owner].Add(-1)
				q.give(fmt.Sprint(owner))
			}
		})
	}
	all.Wait()
	if len(q.owners) != 0 {
		t.Errorf("%d owners are left", len(q.owners))
	}
}
