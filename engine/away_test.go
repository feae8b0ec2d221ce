package engine_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authhost/authhost/internal/pgtest"
)

// probe asks the admin listener whether the server is ready.
func (s *server) probe() (status int, text string) {
	s.t.Helper()
	resp, err := http.Get(s.admin + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// readyWithin waits until /readyz has a status, and returns what it says.
func (s *server) readyWithin(limit time.Duration, want int) string {
	s.t.Helper()
	for end := time.Now().Add(limit); ; {
		status, text := s.probe()
		if status == want {
			return text
		}
		if time.Now().After(end) {
			s.t.Fatalf("/readyz says %d %s after %v, want %d", status, text, limit, want)
		}
	}
}

// TestPostgreSQLAway takes the database away, by silence and by broken
// connections, under a hundred clients on two connections: all of them are told
// to try later, at once when the server has noticed, and it says so.
func TestPostgreSQLAway(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for connections to be given up; SHORT= runs it")
	}
	needPlugins(t, "email-password", "convex")
	address := pgtest.Start(t)
	proxy := pgtest.StartProxy(t, address)
	store := "store: {driver: postgres, postgres: {url: '" + proxy.URL(address) + "', maxConns: 2, timeout: 1s}}"
	s := serve(t, storeConfig(oneTenant, store))
	cookie := s.signUp("", "ada@example.com").want(t, 200, "").cookie()
	var cut atomic.Bool
	proxy.Decide(func(pgtest.Message) bool { return !cut.Load() })
	for _, way := range []struct {
		name        string
		away, again func()
	}{
		{"silent", proxy.Stall, proxy.Resume},
		{"cut", func() { cut.Store(true) }, func() { cut.Store(false) }},
	} {
		t.Run(way.name, func(t *testing.T) {
			way.away()
			ask := func() time.Duration {
				var slowest atomic.Int64
				parallel(100, func(i int) {
					start := time.Now()
					a := s.session("", cookie)
					if i%4 == 0 {
						a = s.signIn("", "ada@example.com", password)
					}
					if a.want(t, 503, "SERVICE_UNAVAILABLE"); a.header.Get("Retry-After") == "" {
						t.Error("no Retry-After")
					}
					for took := int64(time.Since(start)); ; {
						if old := slowest.Load(); took <= old || slowest.CompareAndSwap(old, took) {
							return
						}
					}
				})
				return time.Duration(slowest.Load())
			}
			if took := ask(); took > 20*time.Second {
				t.Errorf("a client waited for %v", took)
			}
			if text := s.readyWithin(20*time.Second, 503); !strings.Contains(text, "postgresql has not answered since 20") {
				t.Errorf("/readyz: %s", text)
			}
			if !strings.Contains(s.scrape(t), "authhost_store_up 0") {
				t.Error("the metrics do not say that the store is away")
			}
			start := time.Now()
			if s.session("", cookie).want(t, 503, ""); time.Since(start) > time.Second {
				t.Errorf("refused after %v", time.Since(start))
			}
			way.again()
			if text := s.readyWithin(30*time.Second, 200); text != "ok\n" {
				t.Errorf("/readyz: %s", text)
			}
			if a := s.session("", cookie).want(t, 200, ""); a.get("user.email") != "ada@example.com" {
				t.Errorf("afterwards: %s", a.text)
			}
		})
	}
}
