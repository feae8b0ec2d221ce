package budget_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/authhost/authhost/engine/budget"
)

func TestBounds(t *testing.T) {
	b := budget.New(budget.Limits{Total: 100, Tenant: 60, Client: 40})
	var open []*budget.Share
	take := func(tenant, client string, n int64, want budget.Owner) {
		t.Helper()
		s := b.Open(tenant, client)
		open = append(open, s)
		err := s.Take(n)
		var full *budget.Exhausted
		if errors.As(err, &full); want == "" && err != nil || want != "" && (full == nil || full.Owner != want) {
			t.Errorf("%s, %s, %d: %v, want %q", tenant, client, n, err, want)
		}
	}
	take("a", "1", 30, "")
	take("a", "1", 11, budget.Client)
	take("a", "1", 10, "")
	take("a", "2", 21, budget.Tenant)
	take("a", "2", 20, "")
	take("b", "1", 40, "")
	take("b", "2", 1, budget.Everybody)
	take("c", "", 1, budget.Everybody)
	if b.Used() != 100 {
		t.Errorf("%d are used", b.Used())
	}
	for _, s := range open {
		s.Close()
		s.Close()
	}
	if b.Used() != 0 {
		t.Errorf("%d are used after all", b.Used())
	}
	var none *budget.Share
	if none.Take(1<<40) != nil || none.Taken() != 0 {
		t.Error("a nil share has a bound")
	}
	none.Close()
}

// Whatever many take and give back at the same time, no bound is passed and
// nothing is left over.
func TestConcurrentShares(t *testing.T) {
	const total = 500
	b := budget.New(budget.Limits{Total: total, Tenant: 200, Client: 50})
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range 2000 {
				s := b.Open(fmt.Sprint(r.IntN(4)), fmt.Sprint(r.IntN(6)))
				for range r.IntN(4) {
					_ = s.Take(r.Int64N(60))
				}
				if used := b.Used(); used > total || used < s.Taken() {
					t.Errorf("%d are used, %d by one", used, s.Taken())
				}
				s.Close()
			}
		})
	}
	all.Wait()
	if b.Used() != 0 {
		t.Errorf("%d are used after all", b.Used())
	}
}
