package postbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// outcomes counts what a queue observes.
type outcomes struct {
	mu sync.Mutex
	m  map[string]int
}

func (o *outcomes) add(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.m == nil {
		o.m = map[string]int{}
	}
	o.m[name]++
}

func (o *outcomes) check(t *testing.T, want map[string]int) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if diff := cmp.Diff(want, o.m); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

var errTemporary = errors.New("451 try again later")

func TestQueueRetries(t *testing.T) {
	for name, c := range map[string]struct {
		fails  []error
		pauses []time.Duration
		want   map[string]int
	}{
		"at once":          {nil, nil, map[string]int{OutcomeSent: 1}},
		"third time":       {[]error{errTemporary, errTemporary}, []time.Duration{time.Second, 5 * time.Second}, map[string]int{OutcomeSent: 1}},
		"given up":         {[]error{errTemporary, errTemporary, errTemporary, errTemporary}, []time.Duration{time.Second, 5 * time.Second, 25 * time.Second}, map[string]int{OutcomeFailed: 1}},
		"refused for good": {[]error{Final(errors.New("550 no such user"))}, nil, map[string]int{OutcomeFailed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sender, seen := &flaky{fails: c.fails}, &outcomes{}
				done := make(chan struct{})
				q := NewQueue(Config[string]{Send: sender.send, Observe: func(outcome string) {
					seen.add(outcome)
					close(done)
				}})
				if err := q.Put(t.Context(), "hello"); err != nil {
					t.Fatal(err)
				}
				<-done
				if err := q.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				seen.check(t, c.want)
				var pauses []time.Duration
				for i := 1; i < len(sender.times); i++ {
					pauses = append(pauses, sender.times[i].Sub(sender.times[i-1]))
				}
				if diff := cmp.Diff(c.pauses, pauses); diff != "" {
					t.Errorf("pauses (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender, seen := &flaky{block: make(chan struct{})}, &outcomes{}
		q := NewQueue(Config[string]{Send: sender.send, Workers: 2, Size: 3, Observe: seen.add})
		for range 5 {
			if err := q.Put(t.Context(), "hello"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if q.Len() != 3 {
			t.Errorf("%d wait", q.Len())
		}
		if err := q.Put(t.Context(), "hello"); !errors.Is(err, ErrFull) {
			t.Errorf("sixth message: %v", err)
		}
		close(sender.block)
		if err := q.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen.check(t, map[string]int{OutcomeSent: 5, OutcomeRefused: 1})
		if err := q.Put(t.Context(), "hello"); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

// A tenant that sends without end neither fills the queue nor is served first:
// there is room for another, whose message is next.
func TestQueueIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []string
		next := make(chan struct{})
		q := NewQueue(Config[string]{
			Workers: 1, Size: 8, Tenant: func(m string) string { return m[:1] },
			Send: func(_ context.Context, m string) error {
				<-next
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, m)
				return nil
			},
		})
		var refused error
		for range 20 {
			if err := q.Put(t.Context(), "a"); err != nil {
				refused = err
			}
			synctest.Wait()
		}
		if !errors.Is(refused, ErrShare) || !errors.Is(refused, ErrFull) || q.Len() != 6 {
			t.Errorf("%d wait, %v", q.Len(), refused)
		}
		for _, m := range []string{"b1", "b2"} {
			if err := q.Put(t.Context(), m); err != nil {
				t.Errorf("%s: %v", m, err)
			}
		}
		close(next)
		if err := q.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []string{"a", "a", "b1", "a", "b2", "a", "a", "a", "a"}; !slices.Equal(sent, want) {
			t.Errorf("sent %v, want %v", sent, want)
		}
	})
}

func TestQueueCloseDoesNotPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender, seen := &flaky{fails: []error{errTemporary, errTemporary}}, &outcomes{}
		q := NewQueue(Config[string]{Send: sender.send, Backoff: time.Hour, Observe: seen.add})
		if err := q.Put(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		start := time.Now()
		if err := q.Close(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		seen.check(t, map[string]int{OutcomeSent: 1})
	})
}

func TestQueueCloseIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender, seen := &flaky{block: make(chan struct{})}, &outcomes{}
		q := NewQueue(Config[string]{Send: sender.send, Workers: 1, Observe: seen.add})
		for range 3 {
			if err := q.Put(t.Context(), "hello"); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := q.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		seen.check(t, map[string]int{OutcomeFailed: 3})
	})
}

func TestQueueRefusesAtOnce(t *testing.T) {
	q := NewQueue(Config[string]{Send: new(flaky).send})
	defer q.Close(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Put(ctx, "hello"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestGivenUp: who asked is told of a message that was not sent, and why.
func TestGivenUp(t *testing.T) {
	var told string
	q := NewQueue(Config[string]{
		Send:    (&flaky{fails: []error{Final(errTemporary)}}).send,
		GivenUp: func(m string, attempts int, err error) { told = fmt.Sprint(m, attempts, err) },
	})
	if err := q.Put(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(t.Context()); err != nil || told != "hello1 451 try again later" {
		t.Errorf("told %q, %v", told, err)
	}
}

// Senders and Close may race; nothing panics and nothing is lost unseen.
func TestQueueCloseDuringSend(t *testing.T) {
	seen := &outcomes{}
	q := NewQueue(Config[string]{Send: new(flaky).send, Size: 5000, Observe: seen.add})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				err := q.Put(t.Context(), "hello")
				if err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	if err := q.Close(t.Context()); err != nil {
		t.Error(err)
	}
	wg.Wait()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if total := seen.m[OutcomeSent] + seen.m[OutcomeRefused]; total != 1600 {
		t.Errorf("%d of 1600 messages accounted for", total)
	}
}

// flaky sends, and fails as often as it is told.
type flaky struct {
	mu    sync.Mutex
	fails []error
	times []time.Time
	block chan struct{}
}

func (f *flaky) send(ctx context.Context, _ string) error {
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.times = append(f.times, time.Now())
	if len(f.times) <= len(f.fails) {
		return f.fails[len(f.times)-1]
	}
	return nil
}
