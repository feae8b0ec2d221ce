package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authhost/authhost/engine/store"
)

// parallel is the number of goroutines that compete in a race.
const parallel = 50

// race runs f in many goroutines that start together.
func race(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

func testConsume(t *testing.T, f *fixture) {
	if _, err := f.tenant.Consume(f.ctx, "user", "email", value("none")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Consume of nothing: %v", err)
	}
	for round := range 3 {
		id := fmt.Sprint("u", round)
		f.apply(user(id))
		var won, lost atomic.Int32
		race(parallel, func(int) {
			switch r, err := f.tenant.Consume(f.ctx, "user", "email", value(id+"@example.com")); {
			case err == nil && r.ID == id && r.Str("name") == id:
				won.Add(1)
			case errors.Is(err, store.ErrNotFound) && r == nil:
				lost.Add(1)
			default:
				t.Errorf("Consume: %v, %v", r, err)
			}
		})
		if won.Load() != 1 || lost.Load() != parallel-1 {
			t.Fatalf("%d callers consumed it, %d did not", won.Load(), lost.Load())
		}
		f.gone("user", id)
	}
	f.apply(user("a", "age", 1), user("b", "age", 1), user("c", "age", 1))
	var got sync.Map
	race(10, func(int) {
		if r, err := f.tenant.Consume(f.ctx, "user", "age", value(1)); err == nil {
			if _, twice := got.LoadOrStore(r.ID, true); twice {
				t.Errorf("%s was consumed twice", r.ID)
			}
		}
	})
	f.lists(f.tenant, store.Query{Model: "user"})
}

func testIncrement(t *testing.T, f *fixture) {
	f.apply(user("u1"), user("u2", "age", 1.5), user("u3", "age", 1<<53))
	var seen sync.Map
	race(parallel, func(int) {
		for range 4 {
			n, err := f.tenant.Increment(f.ctx, "user", "u1", "age", 3)
			if err != nil {
				t.Errorf("Increment: %v", err)
			} else if _, twice := seen.LoadOrStore(n, true); twice {
				t.Errorf("Increment returned %d twice", n)
			}
		}
	})
	if n, _ := f.get("user", "u1").Int("age"); n != parallel*4*3 {
		t.Fatalf("%d after %d increments by 3", n, parallel*4)
	}
	if n, err := f.tenant.Increment(f.ctx, "user", "u1", "age", -700); err != nil || n != -100 {
		t.Fatalf("Increment by -700: %d, %v", n, err)
	}
	f.lists(f.tenant, store.Query{Model: "user", Index: "age", Key: values(-100)}, "u1")
	if _, err := f.tenant.Increment(f.ctx, "user", "missing", "age", 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("missing record: %v", err)
	}
	for _, field := range []string{"name", "unknown"} {
		if _, err := f.tenant.Increment(f.ctx, "user", "u1", field, 1); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("field %s: %v", field, err)
		}
	}
	if _, err := f.tenant.Increment(f.ctx, "user", "u2", "age", 1); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("not an integer: %v", err)
	}
	if n, err := f.tenant.Increment(f.ctx, "user", "u3", "age", 1); err != nil || n != 1<<53+1 {
		t.Errorf("above 2^53: %d, %v", n, err)
	}
}

func testUniqueRace(t *testing.T, f *fixture) {
	for round := range 3 {
		email := fmt.Sprint("same", round, "@example.com")
		var won atomic.Int32
		race(parallel, func(i int) {
			id := fmt.Sprint("u", round, "-", i)
			err := f.tenant.Apply(f.ctx, []store.Op{
				insert("user", id, "name", "n", "email", email),
				session("s"+id, id),
			})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, store.ErrConflict) {
				t.Errorf("Apply: %v", err)
			}
		})
		if won.Load() != 1 {
			t.Fatalf("%d inserts of one key won", won.Load())
		}
	}
	if n := len(f.all(f.tenant, store.Query{Model: "session"})); n != 3 {
		t.Fatalf("%d sessions; want those of the winners", n)
	}
}

func testVersionRace(t *testing.T, f *fixture) {
	f.apply(user("u1"))
	var won atomic.Int32
	race(parallel, func(i int) {
		err := f.tenant.Apply(f.ctx, []store.Op{update("user", "u1", 1, "age", i)})
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, store.ErrStale) {
			t.Errorf("Apply: %v", err)
		}
	})
	if won.Load() != 1 || f.get("user", "u1").Version != 2 {
		t.Fatalf("%d updates of one version won", won.Load())
	}
}

// testCascadeRace deletes a user while sessions of it are inserted: no session
// may be left.
func testCascadeRace(t *testing.T, f *fixture) {
	for round := range 5 {
		id := fmt.Sprint("u", round)
		f.apply(user(id))
		race(20, func(i int) {
			if i == 7 {
				if err := f.tenant.Apply(f.ctx, []store.Op{remove("user", id, 0)}); err != nil {
					t.Errorf("delete: %v", err)
				}
				return
			}
			err := f.tenant.Apply(f.ctx, []store.Op{session(fmt.Sprint("s", round, "-", i), id)})
			if err != nil && !errors.Is(err, store.ErrConflict) {
				t.Errorf("insert: %v", err)
			}
		})
	}
	f.lists(f.tenant, store.Query{Model: "session"})
}

// testMixedRace moves amounts between records: the sum stays, in every
// consistent reading too.
func testMixedRace(t *testing.T, f *fixture) {
	const accounts, each = 6, 100
	for i := range accounts {
		f.apply(user(fmt.Sprint("u", i), "age", each))
	}
	race(10, func(worker int) {
		for i := range 15 {
			from, to := (worker+i)%accounts, (worker*7+i*3+1)%accounts
			if from == to {
				continue
			}
			f.retry(func(tx *store.Tx) error { return move(f.ctx, tx, from, to) })
		}
	})
	sum := int64(0)
	for i := range accounts {
		n, _ := f.get("user", fmt.Sprint("u", i)).Int("age")
		sum += n
	}
	if sum != accounts*each {
		t.Fatalf("the sum is %d; want %d", sum, accounts*each)
	}
}

func move(ctx context.Context, tx *store.Tx, from, to int) error {
	if _, err := tx.Increment(ctx, "user", fmt.Sprint("u", from), "age", -1); err != nil {
		return err
	}
	_, err := tx.Increment(ctx, "user", fmt.Sprint("u", to), "age", 1)
	return err
}

// retry runs a unit of work until it does not conflict.
func (f *fixture) retry(work func(tx *store.Tx) error) {
	for range 10_000 {
		tx := store.Begin(f.tenant)
		err := work(tx)
		if err == nil {
			err = tx.Commit(f.ctx)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrConflict) {
			f.t.Errorf("unit of work: %v", err)
			return
		}
	}
	f.t.Error("a unit of work conflicted 10000 times")
}

func testCancel(t *testing.T, f *fixture) {
	f.apply(user("u1"))
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	if _, err := f.tenant.Get(ctx, "user", "u1"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
	if _, err := f.tenant.List(ctx, store.Query{Model: "user"}); !errors.Is(err, context.Canceled) {
		t.Errorf("List: %v", err)
	}
	if err := f.tenant.Apply(ctx, []store.Op{user("u2")}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := f.tenant.Increment(ctx, "user", "u1", "age", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Increment: %v", err)
	}
	f.gone("user", "u2")
	// Cancelled at any moment, a write happened or did not; what returned nil
	// did.
	var acknowledged atomic.Int32
	race(parallel, func(i int) {
		ctx, cancel := context.WithCancel(f.ctx)
		go cancel()
		err := f.tenant.Apply(ctx, []store.Op{user(fmt.Sprint("c", i)), session(fmt.Sprint("s", i), fmt.Sprint("c", i))})
		if err == nil {
			acknowledged.Add(1)
			f.get("session", fmt.Sprint("s", i))
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("Apply: %v", err)
		}
	})
	users := len(f.all(f.tenant, store.Query{Model: "user"})) - 1
	sessions := len(f.all(f.tenant, store.Query{Model: "session"}))
	if users != sessions || users < int(acknowledged.Load()) {
		t.Fatalf("%d users, %d sessions, %d acknowledged", users, sessions, acknowledged.Load())
	}
}
