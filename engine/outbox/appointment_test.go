package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/pgstore"
	"github.com/authhost/authhost/internal/pgtest"
)

const most = 3

// agenda is a store with appointments, a clock, and what became of them.
type agenda struct {
	*testing.T
	data store.Tenant
	now  time.Time
	// run, if set, is what a handler does, in the unit of work of its run.
	run func(tx *store.Tx, e *Entry) error

	mu  sync.Mutex
	ran []string
}

func newAgenda(t *testing.T, data store.Tenant) *agenda {
	return &agenda{T: t, data: data, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
}

// worker returns a worker that is moved step by step.
func (a *agenda) worker(holder string) *Worker {
	return New(Config{Store: a.data, Holder: holder, Now: func() time.Time { return a.now }, Deliver: a.deliver})
}

func (a *agenda) deliver(ctx context.Context, e *Entry, finish Finish) error {
	tx := store.Begin(a.data)
	if err := Claim(ctx, tx, e, a.now); err != nil {
		return err
	}
	a.mu.Lock()
	a.ran = append(a.ran, fmt.Sprint(e.Key, " ", e.Record.Get("n").NumberText(), " ", e.Time.Format("15:04"), " #", e.Attempts+1))
	a.mu.Unlock()
	if a.run != nil {
		if err := a.run(tx, e); err != nil {
			return err
		}
	}
	if err := finish(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// step lets workers do what is due, and compares what ran.
func (a *agenda) step(want string, workers ...*Worker) {
	a.Helper()
	a.ran = nil
	for _, w := range workers {
		if _, err := w.step(a.Context()); err != nil {
			a.Fatal(err)
		}
		w.running.Wait()
	}
	if got := strings.Join(a.ran, ", "); got != want {
		a.Errorf("at %s: ran %q, want %q", a.now.Format("15:04:05"), got, want)
	}
}

func appointment(key string, n int64, at time.Time) Event {
	return Event{Plugin: "club", Schedule: "remind", Key: key, Time: at, Record: document.NewObject(1).Set("n", document.Int(n))}
}

// unit commits a unit of work.
func (a *agenda) unit(work func(tx *store.Tx) error) {
	a.Helper()
	tx := store.Begin(a.data)
	err := work(tx)
	if err == nil {
		err = tx.Commit(a.Context())
	}
	if err != nil {
		a.Fatal(err)
	}
}

func (a *agenda) appoint(tx *store.Tx, key string, n int64, in time.Duration) error {
	_, err := Appoint(a.Context(), tx, appointment(key, n, a.now.Add(in)), most, a.now)
	return err
}

func (a *agenda) cancel(tx *store.Tx, key string) (string, error) {
	return Cancel(a.Context(), tx, "club", "remind", key, a.now)
}

// TestAppointments: an appointment is kept once, at its time; it can be replaced
// and taken back, also together.
func TestAppointments(t *testing.T) {
	a := newAgenda(t, bolt(t))
	w := a.worker("")
	a.unit(func(tx *store.Tx) error {
		return errors.Join(a.appoint(tx, "ada", 1, time.Hour), a.appoint(tx, "bob", 1, 2*time.Hour), a.appoint(tx, "eve", 1, -time.Hour))
	})
	a.step("eve 1 04:06 #1", w)
	a.step("", w)
	a.unit(func(tx *store.Tx) error { return a.appoint(tx, "ada", 2, 90*time.Minute) })
	a.unit(func(tx *store.Tx) error {
		id, err := a.cancel(tx, "bob")
		if err != nil {
			return err
		}
		if _, err := a.cancel(tx, "bob"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("cancelled twice: %v", err)
		}
		return Forget(t.Context(), tx, []string{id})
	})
	a.unit(func(tx *store.Tx) error {
		id, err := a.cancel(tx, "ada")
		if err != nil {
			return err
		}
		return errors.Join(a.appoint(tx, "ada", 3, 100*time.Minute), Forget(t.Context(), tx, []string{id}))
	})
	a.now = a.now.Add(99 * time.Minute)
	a.step("", w)
	a.now = a.now.Add(time.Minute)
	a.step("ada 3 06:46 #1", w)
	a.now = a.now.Add(time.Hour)
	a.step("", w)
	if page, err := a.data.List(t.Context(), store.Query{Model: Model}); err != nil || len(page.Records) != 0 {
		t.Errorf("left are %v, %v", page.Records, err)
	}
	a.unit(func(tx *store.Tx) error {
		if _, err := a.cancel(tx, "ada"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("cancelled when it was over: %v", err)
		}
		return nil
	})
}

// TestAppointmentFails: one that fails is tried again, one that is refused is kept
// as a dead letter until there is another for its key.
func TestAppointmentFails(t *testing.T) {
	a := newAgenda(t, bolt(t))
	w := a.worker("")
	fail := errors.New("not now")
	a.run = func(*store.Tx, *Entry) error { return fail }
	a.unit(func(tx *store.Tx) error { return a.appoint(tx, "ada", 1, 0) })
	a.step("ada 1 05:06 #1", w)
	a.step("", w)
	a.now = a.now.Add(2 * time.Second)
	a.step("ada 1 05:06 #2", w)
	a.now = a.now.Add(10 * time.Second)
	fail = &Refused{"never"}
	a.step("ada 1 05:06 #3", w)
	a.now = a.now.Add(time.Hour)
	a.step("", w)
	dead, err := w.List(t.Context(), Filter{State: StateDead}, 10)
	if err != nil || len(dead) != 1 || dead[0].LastError != "never" || dead[0].Channel() != "club@remind" {
		t.Fatalf("dead letters are %+v, %v", dead, err)
	}
	a.run = nil
	if n, err := w.Replay(t.Context(), Filter{}); n != 1 || err != nil {
		t.Errorf("replayed %d, %v", n, err)
	}
	a.unit(func(tx *store.Tx) error { return a.appoint(tx, "ada", 2, 0) })
	a.step("ada 2 06:06 #1", w)
	a.step("", w)
}

// TestAppointmentRenews: a handler makes the next appointment for the key of its
// own; one that is replaced while it runs has not run.
func TestAppointmentRenews(t *testing.T) {
	for name, keep := range map[string]time.Duration{"done ones are dropped": 0, "done ones are kept": time.Hour} {
		t.Run(name, func(t *testing.T) {
			a := newAgenda(t, bolt(t))
			w := a.worker("")
			w.config.KeepDone = keep
			a.run = func(tx *store.Tx, e *Entry) error {
				if _, err := a.cancel(tx, e.Key); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("it cancelled itself: %v", err)
				}
				return a.appoint(tx, e.Key, 2, time.Minute)
			}
			a.unit(func(tx *store.Tx) error { return a.appoint(tx, "ada", 1, 0) })
			a.step("ada 1 05:06 #1", w)
			a.now = a.now.Add(time.Minute)
			a.run = func(*store.Tx, *Entry) error {
				a.unit(func(tx *store.Tx) error { return a.appoint(tx, "ada", 3, time.Hour) })
				return nil
			}
			a.step("ada 2 05:07 #1", w)
			a.run = nil
			a.now = a.now.Add(time.Hour)
			a.step("ada 3 06:07 #1", w)
			done, err := w.List(t.Context(), Filter{State: StateDone}, 10)
			if err != nil || len(done) == 1 != (keep > 0) {
				t.Errorf("done are %d, %v", len(done), err)
			}
		})
	}
}

// TestAppointmentBound: there are only so many, but one is replaced and made for
// one that is over.
func TestAppointmentBound(t *testing.T) {
	a := newAgenda(t, bolt(t))
	a.unit(func(tx *store.Tx) error {
		for i := range most {
			if err := a.appoint(tx, fmt.Sprint(i), 1, time.Duration(i)*time.Hour); err != nil {
				return err
			}
		}
		if err := a.appoint(tx, "more", 1, 0); !errors.Is(err, ErrFull) {
			t.Errorf("one more: %v", err)
		}
		return a.appoint(tx, "0", 2, 0)
	})
	a.step("0 2 05:06 #1", a.worker(""))
	a.unit(func(tx *store.Tx) error { return a.appoint(tx, "more", 1, time.Hour) })
}

// TestAppointmentsShared: of two processes on PostgreSQL one keeps an
// appointment. While the next one is far, none has the lease.
func TestAppointmentsShared(t *testing.T) {
	s, err := pgstore.Open(t.Context(), pgstore.Config{URL: pgtest.Start(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	a := newAgenda(t, open(t, s))
	one, two := a.worker("one"), a.worker("two")
	a.unit(func(tx *store.Tx) error {
		return errors.Join(a.appoint(tx, "ada", 1, time.Hour), a.appoint(tx, "bob", 1, time.Hour+4*time.Second))
	})
	one.swept, two.swept = a.now.Add(2*time.Hour), a.now.Add(2*time.Hour) // nothing is to be swept
	a.step("", one, two)
	if _, err := a.data.Get(t.Context(), LeaseModel, leaseID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the lease: %v", err)
	}
	a.now = a.now.Add(time.Hour)
	a.step("ada 1 06:06 #1", one, two)
	a.now = a.now.Add(4 * time.Second)
	a.step("bob 1 06:06 #1", two, one)
	a.step("", one, two)
}
