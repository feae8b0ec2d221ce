package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/pgstore"
	"github.com/authhost/authhost/internal/pgtest"
)

// users is a model that the tests write, as units of work do.
const users = "user"

func schema(t *testing.T) store.Schema {
	t.Helper()
	s, err := Schema().Merge(store.Schema{Models: []store.Model{{Name: users, Fields: []store.Field{{Name: "n", Type: store.Number}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, s store.Store) store.Tenant {
	t.Helper()
	data, err := s.Open(t.Context(), "main", schema(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	return data
}

func bolt(t *testing.T) store.Tenant {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return open(t, s)
}

func event(user string, version uint64) Event {
	return Event{
		Plugin: "hooks", Handler: 1, Name: "user.updated", Subject: user, Version: version,
		Record: document.NewObject(1).Set("n", document.Int(int64(version))), Time: time.Now(),
	}
}

// write commits an event of a user in one unit of work.
func write(t *testing.T, data store.Tenant, told func([]string), events ...Event) {
	t.Helper()
	tx := store.Begin(data)
	lanes, err := Append(t.Context(), tx, data, events, time.Now())
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	told(lanes)
}

// inbox is a receiver that keeps what it has accepted.
type inbox struct {
	data store.Tenant
	// refuse, if set, gives a reason not to accept an entry.
	refuse func(e *Entry) error

	mu      sync.Mutex
	got     map[string][]uint64 // versions by user
	changed chan struct{}
}

func newInbox(data store.Tenant) *inbox {
	return &inbox{data: data, got: map[string][]uint64{}, changed: make(chan struct{}, 1)}
}

func (b *inbox) deliver(ctx context.Context, e *Entry, finish Finish) error {
	if b.refuse != nil {
		if err := b.refuse(e); err != nil {
			return err
		}
	}
	b.mu.Lock()
	b.got[e.Subject] = append(b.got[e.Subject], e.Version)
	b.mu.Unlock()
	select {
	case b.changed <- struct{}{}:
	default:
	}
	tx := store.Begin(b.data)
	if err := finish(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// await waits until a condition holds.
func (b *inbox) await(t *testing.T, ok func(got map[string][]uint64) bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		b.mu.Lock()
		done := ok(b.got)
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-b.changed:
		case <-deadline:
			t.Fatalf("not delivered in time: got %v", b.got)
		}
	}
}

// start runs a worker until the returned function is called.
func start(t *testing.T, c Config) (*Worker, func()) {
	t.Helper()
	w := New(c)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	var once sync.Once
	end := func() { once.Do(func() { stop(); <-ended }) }
	t.Cleanup(end)
	return w, end
}

func states(t *testing.T, data store.Tenant) map[string]int {
	t.Helper()
	page, err := data.List(t.Context(), store.Query{Model: Model, Limit: store.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, r := range page.Records {
		out[r.Str("state")]++
	}
	return out
}

// TestOrder: many units of work change users at the same time, a receiver
// fails now and then, and of each user every event arrives, the first time in
// the order of the commits.
func TestOrder(t *testing.T) {
	t.Run("bolt", func(t *testing.T) {
		data := bolt(t)
		ordered(t, []store.Tenant{data}, "")
	})
	t.Run("postgres, two processes", func(t *testing.T) {
		url := pgtest.Start(t)
		var nodes []store.Tenant
		for range 2 {
			s, err := pgstore.Open(t.Context(), pgstore.Config{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			nodes = append(nodes, open(t, s))
		}
		ordered(t, nodes, "node")
	})
}

func ordered(t *testing.T, nodes []store.Tenant, holder string) {
	const people, writers, each = 5, 4, 6
	box := newInbox(nodes[0])
	var failed sync.Map
	box.refuse = func(e *Entry) error {
		if e.Version%8 == 0 {
			if _, again := failed.LoadOrStore(e.ID, true); !again {
				return errors.New("not now")
			}
		}
		return nil
	}
	var workers []*Worker
	for i, data := range nodes {
		name := holder
		if name != "" {
			name = fmt.Sprint(holder, i)
		}
		w, _ := start(t, Config{Store: data, Holder: name, Deliver: box.deliver})
		workers = append(workers, w)
	}
	var all sync.WaitGroup
	for i := range people {
		user := fmt.Sprint("u", i)
		for n := range writers {
			at := n % len(nodes)
			all.Go(func() {
				for range each {
					increment(t, nodes[at], workers[at], user)
				}
			})
		}
	}
	all.Wait()
	box.await(t, func(got map[string][]uint64) bool {
		for i := range people {
			seen := slices.Compact(slices.Sorted(slices.Values(got[fmt.Sprint("u", i)])))
			if len(seen) < writers*each {
				return false
			}
		}
		return true
	})
	for user, versions := range box.got {
		var last uint64
		for _, v := range versions {
			if v > last+1 {
				t.Fatalf("user %s: version %d came after %d: %v", user, v, last, versions)
			}
			last = max(last, v)
		}
	}
}

// increment changes a user and writes the event, and does so again as long as
// it conflicts with others.
func increment(t *testing.T, data store.Tenant, w *Worker, user string) {
	for {
		tx := store.Begin(data)
		rec, err := tx.Get(t.Context(), users, user)
		if errors.Is(err, store.ErrNotFound) {
			rec, err = tx.Insert(t.Context(), users, user, document.NewObject(1).Set("n", document.Int(1)))
		} else if err == nil {
			n, _ := rec.Int("n")
			rec, err = tx.Update(t.Context(), users, user, document.NewObject(1).Set("n", document.Int(n+1)))
		}
		var lanes []string
		if err == nil {
			lanes, err = Append(t.Context(), tx, data, []Event{event(user, rec.Version)}, time.Now())
		}
		if err == nil {
			err = tx.Commit(t.Context())
		}
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			t.Error(err)
			return
		}
		w.Committed(lanes)
		return
	}
}

// TestCrash: what a process that was killed had written and not told anybody
// is found by the next one, also where the lane has no entry that is due.
func TestCrash(t *testing.T) {
	data := bolt(t)
	nobody := func([]string) {}
	write(t, data, nobody, event("ada", 1), event("ada", 2), event("ada", 3))
	page, err := data.List(t.Context(), store.Query{Model: Model, Index: byLane, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	// As if the first had been delivered in the last moment.
	if err := data.Apply(t.Context(), []store.Op{{Kind: store.Delete, Model: Model, ID: page.Records[0].ID}}); err != nil {
		t.Fatal(err)
	}
	box := newInbox(data)
	start(t, Config{Store: data, Deliver: box.deliver})
	box.await(t, func(got map[string][]uint64) bool { return slices.Equal(got["ada"], []uint64{2, 3}) })
}

// TestTwoFirsts: two units of work that found a lane empty have both made
// their entries due; they are delivered in order all the same.
func TestTwoFirsts(t *testing.T) {
	data := bolt(t)
	var list []*store.Tx
	for v := range uint64(2) {
		tx := store.Begin(data)
		if _, err := Append(t.Context(), tx, data, []Event{event("ada", v+1)}, time.Now()); err != nil {
			t.Fatal(err)
		}
		list = append(list, tx)
	}
	for _, tx := range list {
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := states(t, data); got[StateDue] != 2 {
		t.Fatalf("got %v", got)
	}
	box := newInbox(data)
	start(t, Config{Store: data, Deliver: box.deliver})
	box.await(t, func(got map[string][]uint64) bool { return slices.Equal(got["ada"], []uint64{1, 2}) })
}

// TestGivingUp: an entry that is refused or too old becomes a dead letter, the
// lane goes on, and both can be replayed.
func TestGivingUp(t *testing.T) {
	for name, tt := range map[string]struct {
		giveUp time.Duration
		err    error
	}{
		"refused": {time.Hour, &Refused{"never"}},
		"too old": {time.Nanosecond, errors.New("down")},
	} {
		t.Run(name, func(t *testing.T) {
			data := bolt(t)
			box := newInbox(data)
			var open sync.Map
			box.refuse = func(e *Entry) error {
				if _, ok := open.Load("all"); !ok && e.Version < 3 {
					return tt.err
				}
				return nil
			}
			var outcomes sync.Map
			w, _ := start(t, Config{
				Store: data, Deliver: box.deliver, GiveUpAfter: tt.giveUp, KeepDone: time.Hour,
				Observe: func(e *Entry, outcome string) { outcomes.Store(e.Version, outcome) },
			})
			write(t, data, w.Committed, event("ada", 1), event("ada", 2), event("ada", 3))
			box.await(t, func(got map[string][]uint64) bool { return slices.Equal(got["ada"], []uint64{3}) })
			dead, err := w.List(t.Context(), Filter{State: StateDead}, 10)
			// Those of one millisecond come in the order of their ids.
			slices.SortFunc(dead, func(a, b *Entry) int { return cmp.Compare(a.Version, b.Version) })
			if err != nil || len(dead) != 2 || dead[0].Version != 1 || dead[0].LastError != tt.err.Error() || dead[0].Attempts != 1 {
				t.Fatalf("dead letters: %+v %v", dead, err)
			}
			if got, _ := outcomes.Load(uint64(1)); got != OutcomeDead {
				t.Errorf("outcome %v", got)
			}
			open.Store("all", true)
			if n, err := w.Replay(t.Context(), Filter{ID: dead[1].ID}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			box.await(t, func(got map[string][]uint64) bool { return slices.Equal(got["ada"], []uint64{3, 2}) })
			if n, err := w.Replay(t.Context(), Filter{Plugin: "hooks"}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			box.await(t, func(got map[string][]uint64) bool { return slices.Equal(got["ada"], []uint64{3, 2, 1}) })
			if n, err := w.Replay(t.Context(), Filter{State: StateDone, Plugin: "other"}); n != 0 || err != nil {
				t.Fatal(n, err)
			}
			if n, err := w.Replay(t.Context(), Filter{State: StateDone}); n < 2 || err != nil {
				t.Fatal(n, err)
			}
			box.await(t, func(got map[string][]uint64) bool { return len(got["ada"]) >= 5 })
		})
	}
}

// TestForgetting: what is kept is kept for its time.
func TestForgetting(t *testing.T) {
	data := bolt(t)
	w := New(Config{Store: data, KeepDead: time.Minute, KeepDone: time.Hour})
	nobody := func([]string) {}
	now := time.Now()
	for i, state := range []string{StateDead, StateDone, StateDead} {
		write(t, data, nobody, event(fmt.Sprint("u", i), 1))
		e, err := w.first(t.Context(), (&Event{Plugin: "hooks", Subject: fmt.Sprint("u", i)}).lane())
		if err != nil {
			t.Fatal(err)
		}
		set := ended(state, now)
		if i < 2 {
			set.Set("dueAt", document.Time(now.Add(-2*time.Minute)))
		}
		if err := w.change(t.Context(), e, set); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.sweep(t.Context(), []string{"hooks"}); err != nil {
		t.Fatal(err)
	}
	if got := states(t, data); got[StateDead] != 1 || got[StateDone] != 1 {
		t.Errorf("left %v", got)
	}
}

// TestPanic: a panic of one delivery is a failure of that one.
func TestPanic(t *testing.T) {
	data := bolt(t)
	box := newInbox(data)
	box.refuse = func(e *Entry) error {
		if e.Subject == "bad" {
			panic("no")
		}
		return nil
	}
	w, end := start(t, Config{Store: data, Deliver: box.deliver})
	write(t, data, w.Committed, event("bad", 1), event("good", 1))
	box.await(t, func(got map[string][]uint64) bool { return len(got["good"]) == 1 })
	end()
	list, err := w.List(t.Context(), Filter{}, 10)
	if err != nil || len(list) != 1 || list[0].LastError != "panic: no" {
		t.Fatalf("%+v %v", list, err)
	}
}

func TestLease(t *testing.T) {
	data := bolt(t)
	now := time.Now()
	of := func(holder string) *lease {
		return &lease{store: data, holder: holder, now: func() time.Time { return now }}
	}
	hold := func(l *lease, want bool) {
		t.Helper()
		if got, err := l.hold(t.Context()); got != want || err != nil {
			t.Fatalf("%s: %v %v", l.holder, got, err)
		}
	}
	one, two := of("one"), of("two")
	hold(one, true)
	hold(two, false)
	now = now.Add(LeaseFor * 2 / 3) // it is renewed
	hold(one, true)
	now = now.Add(LeaseFor * 2 / 3)
	hold(two, false)
	now = now.Add(LeaseFor) // one is gone
	hold(two, true)
	hold(one, false)
	if err := one.release(t.Context()); err != nil {
		t.Fatal(err)
	}
	hold(two, true)
	if err := two.release(t.Context()); err != nil {
		t.Fatal(err)
	}
	hold(one, true)
	hold(of(""), true) // alone
}

func TestBackoff(t *testing.T) {
	for attempts, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 10: 512 * time.Second, 11: longestDelay, 1000: longestDelay} {
		got := backoff(attempts, "x")
		if got < want*4/5 || got > want*6/5 {
			t.Errorf("after %d attempts %v", attempts, got)
		}
	}
	if backoff(4, "a") == backoff(4, "b") && backoff(5, "a") == backoff(5, "b") {
		t.Error("entries come back at the same time")
	}
}
