package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/internal/realmtest"
	"github.com/authhost/authhost/internal/testcache"
	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/plugins"
)

// cacheDir is where the modules of all tests are compiled into.
var cacheDir string

func TestMain(m *testing.M) {
	var err error
	if cacheDir, err = testcache.Modules(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// needPlugins skips a test on a clone where the plugins are not built.
func needPlugins(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := plugins.Module(id); err != nil {
			t.Skipf("%v: run make plugins", err)
		}
	}
}

// server is an engine behind a socket of its own.
type server struct {
	*engine.Engine
	t     *testing.T
	url   string
	admin string
	clock *realmtest.Clock
	log   *realmtest.Log
	dir   string
}

// tryConfig reads a configuration. DIR in it stands for the data folder; what
// comes before "tenants:" belongs to the server section, or stands beside it.
func tryConfig(dir, text string) (*config.Config, error) {
	head, rest, _ := strings.Cut(strings.TrimLeft(text, "\n"), "tenants:")
	text = "server:\n  dataDir: " + dir + "\n  cacheDir: " + cacheDir + "\n  development: true\n" + head + "tenants:" + rest
	return config.Parse("test.yaml", []byte(strings.ReplaceAll(text, "DIR", dir)), func(string) (string, bool) { return "", false })
}

func parseConfig(t *testing.T, dir, text string) *config.Config {
	t.Helper()
	cfg, err := tryConfig(dir, text)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// options are those of most tests: hashing passwords costs them nothing.
func options(log io.Writer, now func() time.Time) engine.Options {
	o := engine.Options{BuiltIn: plugins.Module, Version: "test", CacheSecret: []byte(testcache.Secret), Now: now, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	o.BuiltIn = shared.module
	return o.WithPasswords(realmtest.Passwords{}).WithRuntime(shared.runtime)
}

// tenantsPasswords is for serveWith: passwords are hashed as the tenants say.
func tenantsPasswords(o *engine.Options) { *o = o.WithPasswords(nil) }

// serve starts a server; it ends with the test.
func serve(t *testing.T, text string, guests ...*wasmtest.Guest) *server {
	t.Helper()
	return serveWith(t, func(*engine.Options) {}, text, guests...)
}

// serveWith is serve with other options.
func serveWith(t *testing.T, change func(*engine.Options), text string, guests ...*wasmtest.Guest) *server {
	t.Helper()
	dir := t.TempDir()
	for _, g := range guests {
		writeGuest(t, dir, g)
	}
	cfg := parseConfig(t, dir, text)
	s := &server{t: t, clock: realmtest.NewClock(time.Now()), log: &realmtest.Log{}, dir: dir}
	o := options(s.log, s.clock.Now)
	change(&o)
	e, err := engine.New(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	s.Engine = e
	front, back := httptest.NewServer(e.Handler(e.Listeners()[0])), adminServer(e)
	s.url, s.admin = front.URL, back.URL
	t.Cleanup(func() {
		front.Close()
		back.Close()
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// adminServer serves the admin listener to one who has its token.
func adminServer(e *engine.Engine) *httptest.Server {
	admin := e.Admin()
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+e.AdminToken())
		admin.ServeHTTP(w, r)
	}))
}

func writeGuest(t *testing.T, dir string, g *wasmtest.Guest) {
	t.Helper()
	wasm, err := g.Module()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, g.Manifest().ID+".wasm"), wasm, 0o600); err != nil {
		t.Fatal(err)
	}
}

// request is one request of a test. Host and Origin default to those of the
// tenant "main".
type request struct {
	method, path, body string
	host, origin       string
	cookie             string
	header             http.Header
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	text    string
	cookies map[string]string // name and value as sent, without the expired ones
	expired map[string]bool
}

func (s *server) do(r request) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), r.method, s.url+r.path, strings.NewReader(r.body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Host = r.host
	if r.host == "" {
		req.Host = "main.example"
	}
	if r.body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.method == http.MethodPost && r.origin != "-" {
		req.Header.Set("Origin", "http://"+req.Host)
		if r.origin != "" {
			req.Header.Set("Origin", r.origin)
		}
	}
	if r.cookie != "" {
		req.Header.Set("Cookie", r.cookie)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		s.t.Error(err)
		return answer{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Error(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text), cookies: map[string]string{}, expired: map[string]bool{}}
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			a.expired[c.Name] = true
		} else {
			a.cookies[c.Name] = c.Value
		}
	}
	return a
}

// cookie is the Cookie header that sends back what the answer set.
func (a answer) cookie() string {
	var parts []string
	for name, value := range a.cookies {
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, "; ")
}

// get returns a member of the JSON answer by its path, "" if it is not there.
func (a answer) get(path string) string {
	var v any
	if json.Unmarshal([]byte(a.text), &v) != nil {
		return ""
	}
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[name]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (a answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	if a.status != status || code != "" && a.get("code") != code {
		t.Errorf("got %d %s, want %d %s", a.status, a.text, status, code)
	}
	return a
}

const password = "correct-horse-1"

func (s *server) signUp(host, email string) answer {
	s.t.Helper()
	return s.do(request{method: "POST", host: host, path: "/api/auth/sign-up/email", body: `{"name":"Ada","email":"` + email + `","password":"` + password + `"}`})
}

func (s *server) signIn(host, email, password string) answer {
	s.t.Helper()
	return s.do(request{method: "POST", host: host, path: "/api/auth/sign-in/email", body: `{"email":"` + email + `","password":"` + password + `"}`})
}

func (s *server) session(host, cookie string) answer {
	s.t.Helper()
	return s.do(request{method: "GET", host: host, path: "/api/auth/get-session", cookie: cookie})
}

// outbox lists the mails of a tenant.
func (s *server) outbox(tenant string) (list []struct{ To, URL, Token, OTP, Template string }) {
	s.t.Helper()
	resp, err := http.Get(s.admin + "/dev/outbox?tenant=" + tenant)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		s.t.Fatal(err)
	}
	return list
}
