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
