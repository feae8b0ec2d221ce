package ratelimit_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

func newStored(t *testing.T) (*ratelimit.Stored, *time.Time) {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	data, err := s.Open(t.Context(), "main", store.Schema{Models: []store.Model{ratelimit.Schema()}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	return &ratelimit.Stored{Store: data, Now: func() time.Time { return now }}, &now
}

func TestStored(t *testing.T) {
	s, now := newStored(t)
	hit := func(key string, want bool, again time.Duration) {
		t.Helper()
		ok, retry, err := s.Hit(t.Context(), ratelimit.Key{Name: key}, 10*time.Second, 3)
		if err != nil || ok != want || retry != again {
			t.Fatalf("allowed %v, again after %v, %v", ok, retry, err)
		}
	}
	hit("k", true, 0)
	hit("k", true, 0)
	*now = now.Add(4 * time.Second)
	hit("k", true, 0)
	hit("k", false, 10*time.Second) // since the last that was counted
	hit("other", true, 0)
	*now = now.Add(9 * time.Second)
	hit("k", false, time.Second)
	*now = now.Add(time.Second)
	hit("k", true, 0)
	hit("k", true, 0)
	*now = now.Add(10 * time.Second)
	for range 3 {
		hit("k", true, 0)
	}
	hit("k", false, 10*time.Second)
}

// TestStoredTogether: however many ask at once, no more than the limit pass.
func TestStoredTogether(t *testing.T) {
	s, _ := newStored(t)
	var allowed atomic.Int64
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() {
			ok, _, err := s.Hit(t.Context(), ratelimit.Key{Name: "k"}, time.Hour, 7)
			if err != nil {
				t.Error(err)
			}
			if ok {
				allowed.Add(1)
			}
		})
	}
	wait.Wait()
	if n := allowed.Load(); n != 7 {
		t.Errorf("%d of 100 passed, want 7", n)
	}
}

// TestStoredSweeps: windows that have ended do not stay for ever.
func TestStoredSweeps(t *testing.T) {
	s, now := newStored(t)
	for i := range 100 {
		if _, _, err := s.Hit(t.Context(), key("", strconv.Itoa(i)), time.Second, 1); err != nil {
			t.Fatal(err)
		}
	}
	*now = now.Add(time.Second)
	for i := range 10 {
		if _, _, err := s.Hit(t.Context(), key("", "later"+strconv.Itoa(i)), time.Minute, 1); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Store.List(t.Context(), store.Query{Model: ratelimit.Model})
	if err != nil || len(page.Records) != 10 {
		t.Errorf("%d counts are left, %v", len(page.Records), err)
	}
}

// broken is a counter that lets everything pass, or fails if it is told to.
type broken struct {
	err   error
	calls int
}

func (b *broken) Forget(context.Context, string) error {
	b.calls++
	return b.err
}

func (b *broken) Hit(context.Context, ratelimit.Key, time.Duration, int64) (bool, time.Duration, error) {
	b.calls++
	return b.err == nil, 0, b.err
}

// TestForget: after it a key has all its tries again, in every counter.
func TestForget(t *testing.T) {
	stored, _ := newStored(t)
	for name, c := range map[string]ratelimit.Counter{
		"memory": &ratelimit.Memory{}, "stored": stored,
		"fallback": &ratelimit.Fallback{First: &ratelimit.Memory{}, Second: &ratelimit.Memory{}},
		"broken":   &ratelimit.Fallback{First: &broken{err: errors.New("down")}, Second: &ratelimit.Memory{}},
	} {
		hit := func(key string, want bool) {
			t.Helper()
			if ok, _, err := c.Hit(t.Context(), ratelimit.Key{Name: key}, time.Hour, 1); err != nil || ok != want {
				t.Errorf("%s: allowed %v, %v", name, ok, err)
			}
		}
		hit("a", true)
		hit("b", true)
		hit("a", false)
		for range 2 {
			if err := c.Forget(t.Context(), "a"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		hit("a", true)
		hit("b", false)
	}
}

func TestFallback(t *testing.T) {
	now := time.Unix(1000, 0)
	clock := func() time.Time { return now }
	first := &broken{}
	told := 0
	f := &ratelimit.Fallback{First: first, Second: &ratelimit.Memory{Now: clock}, Now: clock, Failed: func(error) { told++ }}
	hit := func(want bool) {
		t.Helper()
		ok, _, err := f.Hit(t.Context(), ratelimit.Key{Name: "k"}, time.Hour, 2)
		if err != nil || ok != want {
			t.Fatalf("allowed %v, %v", ok, err)
		}
	}
	hit(true)
	first.err = errors.New("down")
	hit(true) // of the second's two
	hit(true)
	hit(false)
	if first.calls != 2 || told != 1 {
		t.Errorf("%d calls while it was down, told %d times", first.calls-1, told)
	}
	now = now.Add(ratelimit.DefaultPause)
	hit(false)
	if first.calls != 3 || told != 2 {
		t.Errorf("not asked again: %d calls, told %d times", first.calls, told)
	}
	now, first.err = now.Add(ratelimit.DefaultPause), nil
	hit(true)
	if first.calls != 4 {
		t.Errorf("%d calls", first.calls)
	}
}
