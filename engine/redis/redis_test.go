package redis_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/redis"
	"github.com/authhost/authhost/internal/redistest"
)

func open(t *testing.T, s *redistest.Server) *redis.Client {
	t.Helper()
	c, err := redis.Open(redis.Config{URL: s.URL, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestOpen(t *testing.T) {
	for _, url := range []string{"", "localhost:6379", "http://localhost", "redis://localhost:x"} {
		if _, err := redis.Open(redis.Config{URL: url}); err == nil {
			t.Errorf("%q is taken", url)
		}
	}
}

func TestCounter(t *testing.T) {
	client := open(t, redistest.Start(t))
	hit := func(c *redis.Counter, key string, max int64) (bool, time.Duration) {
		ok, retry, err := c.Hit(t.Context(), key, time.Hour, max)
		if err != nil {
			t.Fatal(err)
		}
		return ok, retry
	}
	for _, rolling := range []bool{false, true} {
		c := client.Counter("a", rolling)
		key := map[bool]string{true: "rolling", false: "fixed"}[rolling]
		for i := range 3 {
			if ok, _ := hit(c, key, 3); !ok {
				t.Fatalf("hit %d is refused", i+1)
			}
		}
		ok, retry := hit(c, key, 3)
		if ok || retry > time.Hour || retry < time.Hour-time.Minute {
			t.Errorf("the fourth: %v, again after %v", ok, retry)
		}
		if ok, _ := hit(c, key+"2", 3); !ok {
			t.Error("another key is refused")
		}
		if ok, _ := hit(client.Counter("b", rolling), key, 3); !ok {
			t.Error("another tenant is refused")
		}
	}
	// All clients count together.
	other := open(t, redistest.Start(t))
	var allowed atomic.Int64
	var wait sync.WaitGroup
	for i := range 100 {
		c := client
		if i%2 == 0 {
			c = other
		}
		wait.Go(func() {
			if ok, _, err := c.Counter("race", true).Hit(t.Context(), "k", time.Hour, 7); err == nil && ok {
				allowed.Add(1)
			}
		})
	}
	wait.Wait()
	if n := allowed.Load(); n != 14 { // two servers, seven each
		t.Errorf("%d of 100 at once were let through", n)
	}
}

func TestWindowEnds(t *testing.T) {
	c := open(t, redistest.Start(t)).Counter("a", true)
	if ok, _, err := c.Hit(t.Context(), "k", 20*time.Millisecond, 1); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 10_000 {
		ok, retry, err := c.Hit(t.Context(), "k", 20*time.Millisecond, 1)
		if err != nil || retry > 20*time.Millisecond {
			t.Fatal(retry, err)
		}
		if ok {
			return
		}
	}
	t.Error("the window does not end")
}

func TestSessions(t *testing.T) {
	server := redistest.Start(t)
	client := open(t, server)
	s, ctx := client.Sessions("a"), t.Context()
	save := func(version int64, next uint64, value string, want bool) {
		t.Helper()
		if saved, err := s.Save(ctx, "token", "ada", version, next, []byte(value), time.Hour); err != nil || saved != want {
			t.Fatalf("saved: %v, %v", saved, err)
		}
	}
	load := func(value string, version uint64) {
		t.Helper()
		got, v, found, err := s.Load(ctx, "token")
		if err != nil || found != (value != "") || string(got) != value || v != version {
			t.Fatalf("got %q, version %d, found %v, %v", got, v, found, err)
		}
	}
	load("", 0)
	save(3, 4, "none is there", false)
	save(0, 1, "one", true)
	save(0, 1, "again", false)
	load("one", 1)
	save(1, 2, "two words", true)
	save(1, 2, "late", false)
	load("two words", 2)
	save(redis.AnyVersion, 9, "nine", true)
	load("nine", 9)
	if _, _, found, err := client.Sessions("b").Load(ctx, "token"); found || err != nil {
		t.Error("another tenant has it", err)
	}
	if _, err := s.Save(ctx, "brief", "ada", 0, 1, []byte("x"), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if tokens, err := s.OfUser(ctx, "ada"); err != nil || len(tokens) == 0 || len(tokens) > 2 {
		t.Errorf("sessions of ada: %v, %v", tokens, err)
	}
	b := client.Sessions("b")
	if _, err := b.Save(ctx, "token", "ada", 0, 1, []byte("x"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := client.Forget(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	if _, _, found, _ := b.Load(ctx, "token"); found {
		t.Error("not forgotten")
	}
	load("nine", 9)
	for range 2 {
		if err := s.Drop(ctx, "token", "ada"); err != nil {
			t.Fatal(err)
		}
	}
	load("", 0)
	save(9, 10, "it ended meanwhile", false)
	server.Stop()
	if _, _, _, err := s.Load(ctx, "token"); err == nil {
		t.Error("no error without a server")
	}
}
