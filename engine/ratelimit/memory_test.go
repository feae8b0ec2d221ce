package ratelimit_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/ratelimit"
)

func TestMemoryWindow(t *testing.T) {
	now := time.Unix(1000, 0)
	m := &ratelimit.Memory{Now: func() time.Time { return now }}
	hit := func() (bool, time.Duration) {
		ok, retry, err := m.Hit(context.Background(), "k", 10*time.Second, 2)
		if err != nil {
			t.Fatal(err)
		}
		return ok, retry
	}
	for i, want := range []bool{true, true, false} {
		if ok, _ := hit(); ok != want {
			t.Fatalf("hit %d: allowed %v, want %v", i, ok, want)
		}
	}
	now = now.Add(4 * time.Second)
	if ok, retry := hit(); ok || retry != 6*time.Second {
		t.Fatalf("within the window: allowed %v, retry after %v", ok, retry)
	}
	now = now.Add(6 * time.Second)
	if ok, _ := hit(); !ok {
		t.Fatal("a new window must start when the old one ends")
	}
}

// TestRollingWindow: who goes on within the limit keeps the window open.
func TestRollingWindow(t *testing.T) {
	now := time.Unix(1000, 0)
	m := &ratelimit.Memory{Rolling: true, Now: func() time.Time { return now }}
	for i, step := range []struct {
		after, retry time.Duration
	}{{0, 0}, {8 * time.Second, 0}, {8 * time.Second, 2 * time.Second}, {2 * time.Second, 0}, {0, 0}, {0, 10 * time.Second}} {
		now = now.Add(step.after)
		ok, retry, _ := m.Hit(context.Background(), "k", 10*time.Second, 2)
		if ok != (step.retry == 0) || retry != step.retry {
			t.Fatalf("event %d: allowed %v, retry after %v, want %v", i, ok, retry, step.retry)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	now := time.Unix(1000, 0)
	m := &ratelimit.Memory{MaxKeys: 3, Now: func() time.Time { return now }}
	hit := func(key string) bool {
		ok, _, _ := m.Hit(context.Background(), key, time.Minute, 1)
		return ok
	}
	for i := range 3 {
		if !hit(strconv.Itoa(i)) {
			t.Fatalf("key %d refused", i)
		}
	}
	if hit("3") {
		t.Fatal("a key beyond the bound must be refused while every window is open")
	}
	if hit("0") {
		t.Fatal("flooding must not forget the count of an earlier key")
	}
	now = now.Add(time.Minute)
	if !hit("3") {
		t.Fatal("ended windows must make room")
	}
}

// TestMemoryRecovers: after it was full, and looked in vain for room, it
// looks again.
func TestMemoryRecovers(t *testing.T) {
	now := time.Unix(1000, 0)
	m := &ratelimit.Memory{MaxKeys: 1, Now: func() time.Time { return now }}
	hit := func(key string) bool {
		ok, _, _ := m.Hit(context.Background(), key, 500*time.Millisecond, 1)
		return ok
	}
	if !hit("a") || hit("b") {
		t.Fatal("the second key must be refused")
	}
	now = now.Add(time.Second)
	if !hit("b") {
		t.Fatal("there is room again")
	}
}

func TestMemoryConcurrentHits(t *testing.T) {
	var m ratelimit.Memory
	var wg sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for range 100 {
		wg.Go(func() {
			if ok, _, _ := m.Hit(context.Background(), "k", time.Hour, 7); ok {
				mu.Lock()
				allowed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if allowed != 7 {
		t.Fatalf("%d of 100 concurrent hits were allowed, want 7", allowed)
	}
}
