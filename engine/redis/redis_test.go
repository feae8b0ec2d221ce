package redis_test

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/redis"
	"github.com/authhost/authhost/internal/redistest"
)

func open(t *testing.T, mode, url string) *redis.Client {
	t.Helper()
	c, err := redis.Open(redis.Config{URL: url, Mode: mode, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestOpen(t *testing.T) {
	for _, c := range []redis.Config{
		{}, {URL: "localhost:6379"}, {URL: "http://localhost"}, {URL: "redis://localhost:x"}, {URL: "redis://localhost", Mode: "several"},
		{URL: "redis://localhost:26379", Mode: redis.ModeSentinel}, {URL: "unix:///x?master_name=x", Mode: redis.ModeSentinel},
		{URL: "redis://localhost?nonsense=1", Mode: redis.ModeCluster},
	} {
		if _, err := redis.Open(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// everywhere runs a test in each mode. stop ends all servers.
func everywhere(t *testing.T, test func(t *testing.T, client *redis.Client, stop func())) {
	t.Run("single", func(t *testing.T) {
		s := redistest.Start(t)
		test(t, open(t, redis.ModeSingle, s.URL), s.Stop)
	})
	t.Run("sentinel", func(t *testing.T) {
		g := redistest.StartGroup(t)
		test(t, open(t, redis.ModeSentinel, g.URL), func() { g.Replica.Stop(); g.Leader.Stop() })
	})
	t.Run("cluster", func(t *testing.T) {
		nodes := redistest.StartCluster(t, 3)
		test(t, open(t, redis.ModeCluster, nodes[1].URL), func() {
			for _, node := range nodes {
				node.Stop()
			}
		})
	})
}

// TestFailover: what was stored is there after the replica has taken over, on
// the connections of before.
func TestFailover(t *testing.T) {
	g := redistest.StartGroup(t)
	s := open(t, redis.ModeSentinel, g.URL).Sessions("a")
	ctx := t.Context()
	if saved, err := s.Save(ctx, "token", "ada", 0, 1, []byte("one"), time.Hour); !saved || err != nil {
		t.Fatal(saved, err)
	}
	g.Fail()
	var value []byte
	var found bool
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if value, _, found, err = s.Load(ctx, "token"); err == nil {
			break
		}
	}
	if err != nil || !found || string(value) != "one" {
		t.Fatalf("after the failover: %q, found %v, %v", value, found, err)
	}
	if saved, err := s.Save(ctx, "token", "ada", 1, 2, []byte("two"), time.Hour); !saved || err != nil {
		t.Error("the replica does not take a change:", saved, err)
	}
}

// TestTimeout: a command ends in time, though a server takes connections and
// never answers.
func TestTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for mode, url := range map[string]string{
		redis.ModeSingle: "redis://%s", redis.ModeSentinel: "redis://%s?master_name=main", redis.ModeCluster: "redis://%s?addr=%[1]s",
	} {
		c, err := redis.Open(redis.Config{URL: fmt.Sprintf(url, l.Addr()), Mode: mode, Timeout: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if err := c.Ping(t.Context()); err == nil {
			t.Errorf("%s: no error", mode)
		}
		// Far below what retries and redirections add up to.
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s: it took %v", mode, took)
		}
		_ = c.Close()
	}
}

func TestCounter(t *testing.T) { everywhere(t, testCounter) }

func testCounter(t *testing.T, client *redis.Client, _ func()) {
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
	other := open(t, redis.ModeSingle, redistest.Start(t).URL)
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
	c := open(t, redis.ModeSingle, redistest.Start(t).URL).Counter("a", true)
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

func TestSessions(t *testing.T) { everywhere(t, testSessions) }

func testSessions(t *testing.T, client *redis.Client, stop func()) {
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
	stop()
	if _, _, _, err := s.Load(ctx, "token"); err == nil {
		t.Error("no error without a server")
	}
}
