package mail

import (
	"context"
	"errors"
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
		"refused for good": {[]error{&permanentError{errors.New("550 no such user")}}, nil, map[string]int{OutcomeFailed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sender, seen := &flaky{fails: c.fails}, &outcomes{}
				done := make(chan struct{})
				q := NewQueue(sender, QueueConfig{Observe: func(outcome string) {
					seen.add(outcome)
					close(done)
				}})
				if err := q.Send(t.Context(), Message{To: "a@example.com"}); err != nil {
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
		q := NewQueue(sender, QueueConfig{Workers: 2, Size: 3, Observe: seen.add})
		for range 5 {
			if err := q.Send(t.Context(), Message{To: "a@example.com"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if q.Len() != 3 {
			t.Errorf("%d wait", q.Len())
		}
		if err := q.Send(t.Context(), Message{To: "a@example.com"}); !errors.Is(err, ErrQueueFull) {
			t.Errorf("sixth message: %v", err)
		}
		close(sender.block)
		if err := q.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen.check(t, map[string]int{OutcomeSent: 5, OutcomeRefused: 1})
		if err := q.Send(t.Context(), Message{To: "a@example.com"}); !errors.Is(err, ErrQueueClosed) {
			t.Errorf("after Close: %v", err)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

func TestQueueCloseDoesNotPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender, seen := &flaky{fails: []error{errTemporary, errTemporary}}, &outcomes{}
		q := NewQueue(sender, QueueConfig{Backoff: time.Hour, Observe: seen.add})
		if err := q.Send(t.Context(), Message{To: "a@example.com"}); err != nil {
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
		q := NewQueue(sender, QueueConfig{Workers: 1, Observe: seen.add})
		for range 3 {
			if err := q.Send(t.Context(), Message{To: "a@example.com"}); err != nil {
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
	q := NewQueue(&flaky{}, QueueConfig{})
	defer q.Close(t.Context())
	if err := q.Send(t.Context(), Message{To: "a@example.com, b@example.com"}); !errors.Is(err, ErrAddress) {
		t.Errorf("two addresses: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Send(ctx, Message{To: "a@example.com"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Senders and Close may race; nothing panics and nothing is lost unseen.
func TestQueueCloseDuringSend(t *testing.T) {
	seen := &outcomes{}
	q := NewQueue(&flaky{}, QueueConfig{Size: 5000, Observe: seen.add})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				err := q.Send(t.Context(), Message{To: "a@example.com"})
				if err != nil && !errors.Is(err, ErrQueueClosed) {
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

// What asks for a mail must not wait for its rendering.
func TestQueueRendersInTheBackground(t *testing.T) {
	box := NewOutbox(10)
	q := NewQueue(box, QueueConfig{Workers: 1})
	sender := q.Rendering(*renderer(t))
	if err := sender.Send(t.Context(), Message{To: "a@example.com", Plugin: "old", Template: "reset-password"}); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := box.List()
	if len(list) != 1 || list[0].Subject == "" || list[0].Text == "" || list[0].HTML == "" {
		t.Fatalf("not delivered as rendered: %+v", list)
	}
}
