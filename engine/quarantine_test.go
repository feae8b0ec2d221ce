package engine_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/internal/realmtest"
)

const twoTenants = `
  backupDir: DIR/backups
tenants:
  - {id: main, baseURL: "http://main.example", plugins: [{id: email-password}]}
  - {id: other, baseURL: "http://other.example", plugins: [{id: email-password}]}
`

// startIn starts a server on the data of an earlier one; stop ends it.
func startIn(t *testing.T, dir, text string) (s *server, stop func()) {
	t.Helper()
	return startAt(t, dir, text, time.Now())
}

// startAt is startIn at another time.
func startAt(t *testing.T, dir, text string, now time.Time) (s *server, stop func()) {
	t.Helper()
	s = &server{t: t, clock: realmtest.NewClock(now), log: &realmtest.Log{}, dir: dir}
	e, err := engine.New(t.Context(), parseConfig(t, dir, text), options(s.log, s.clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	s.Engine = e
	front, back := httptest.NewServer(e.Handler(e.Listeners()[0])), adminServer(e)
	s.url, s.admin = front.URL, back.URL
	return s, func() {
		front.Close()
		back.Close()
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// inQuarantine looks at a server whose tenant other is damaged.
func inQuarantine(t *testing.T, s *server) {
	t.Helper()
	for _, path := range []string{"/api/auth/get-session", "/api/auth/ok"} {
		got := s.do(request{method: "GET", host: "other.example", path: path}).want(t, 503, "SERVICE_UNAVAILABLE")
		if got.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		}
	}
	s.signIn("main.example", "ada@example.com", password).want(t, 200, "")
	if ready := s.adminGet(t, "/readyz"); !strings.Contains(ready, "tenant other") || strings.Contains(ready, "tenant main") {
		t.Errorf("/readyz: %s", ready)
	}
	if metrics := s.scrape(t); !strings.Contains(metrics, `authhost_store_quarantined{tenant="other"} 1`) {
		t.Error("the metrics do not name the tenant")
	}
	if log := s.log.String(); !strings.Contains(log, "tenant=other") || !strings.Contains(log, "authhost restore --tenant other") {
		t.Errorf("the log does not say what to do: %s", log)
	}
	made, err := s.Backup(t.Context(), "")
	if err != nil || len(made.Files) != 1 || made.Failed["other"] == "" {
		t.Errorf("a backup of all: %+v, %v", made, err)
	}
}

// TestQuarantine damages the file of one tenant: that tenant is refused, the other
// is served, before and after a restart.
func TestQuarantine(t *testing.T) {
	needPlugins(t, "email-password")
	for name, damage := range map[string]func(path string) error{
		"truncated": func(path string) error { return os.Truncate(path, 0) },
		"cut":       func(path string) error { return os.Truncate(path, 3*4096) },
		"overwritten": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			if _, err := f.WriteAt([]byte(strings.Repeat("\xff", 20*4096)), 0); err != nil {
				return err
			}
			return f.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "tenants", "tenant-other.db")
			s, stop := startIn(t, dir, twoTenants)
			s.signUp("main.example", "ada@example.com").want(t, 200, "")
			cookie := s.signUp("other.example", "ada@example.com").want(t, 200, "").cookie()
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the first may find the damage in the middle
				if got := s.do(request{method: "GET", host: "other.example", path: "/api/auth/get-session", cookie: cookie}); got.status != http.StatusServiceUnavailable {
					t.Errorf("in use: %d %s", got.status, got.text)
				}
			}
			inQuarantine(t, s)
			stop()
			s, stop = startIn(t, dir, twoTenants)
			defer stop()
			inQuarantine(t, s)
		})
	}
}
