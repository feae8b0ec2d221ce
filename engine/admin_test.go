package engine_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/admin"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// asksAdmin makes a request to the admin listener as it is, without the token
// that other tests have.
func (s *server) asksAdmin(url, method, path, host string, header http.Header) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Host = host
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// everyAdminPath is what the admin listener has in development, with the status
// of a request that is let through; secret ones ask for the token.
var everyAdminPath = []struct {
	method, path string
	status       int
	secret       bool
}{
	{"GET", "/livez", 200, false},
	{"GET", "/readyz", 200, false},
	{"GET", "/metrics", 200, false},
	{"GET", "/keys?tenant=none", 404, true},
	{"GET", "/keys/export?tenant=none", 404, true},
	{"POST", "/keys/rotate?tenant=none", 404, true},
	{"POST", "/keys/withdraw?tenant=none", 404, true},
	{"GET", "/outbox?tenant=none", 404, true},
	{"POST", "/outbox/replay?tenant=none", 404, true},
	{"POST", "/backup?tenant=none", 409, true},
	{"POST", "/rollback", 409, true},
	{"GET", "/dev/outbox", 200, true},
	{"GET", "/dev/mails", 200, true},
	{"GET", "/dev/mails/1", 404, true},
	{"DELETE", "/dev/outbox", 204, true},
	{"GET", "/dev/routes?tenant=main", 200, true},
	{"POST", "/dev/reset?tenant=main", 204, true},
	{"POST", "/dev/schedule?tenant=none", 404, true},
	{"GET", "/no-such-path", 404, true},
}

// TestAdminListener: a page in an operator's browser gets nothing from the
// admin listener, by whatever name it reaches it; and what is secret or changes
// something needs the token.
func TestAdminListener(t *testing.T) {
	s := serve(t, "\n  admin: admin.internal:8081\n  adminHosts: [Authhost]\ntenants:\n  - {id: main, baseURL: \"http://main.example\"}\n")
	bare := httptest.NewServer(s.Admin())
	defer bare.Close()
	token := http.Header{"Authorization": {"Bearer " + s.AdminToken()}}
	with := func(name, value string) http.Header {
		h := token.Clone()
		h.Set(name, value)
		return h
	}
	for _, p := range everyAdminPath {
		for _, tt := range []struct {
			name, host string
			header     http.Header
			status     int
		}{
			{"the operator", "", token, p.status},
			{"a name that resolves here", "evil.example:8081", token, 403},
			{"another name for this host", "localhost.evil.example", token, 403},
			{"an address in another form", "0x7f.1", token, 403},
			{"the name of the configuration", "ADMIN.internal:8081", token, p.status},
			{"a listed name", "authhost.:8081", token, p.status},
			{"localhost", "localhost:8081", token, p.status},
			{"IPv6", "[::1]:8081", token, p.status},
			{"another site", "", with("Sec-Fetch-Site", "cross-site"), 403},
			{"another origin of the site", "", with("Sec-Fetch-Site", "same-site"), 403},
			{"what a person opens", "", with("Sec-Fetch-Site", "none"), p.status},
			{"another origin", "", with("Origin", "https://evil.example"), 403},
			{"no origin", "", with("Origin", "null"), 403},
			{"an empty origin", "", with("Origin", ""), 403},
			{"its own origin", "127.0.0.1:8081", with("Origin", "http://127.0.0.1:8081"), 403},
		} {
			if status, text := s.asksAdmin(bare.URL, p.method, p.path, tt.host, tt.header); status != tt.status {
				t.Errorf("%s %s by %s: %d %s, want %d", p.method, p.path, tt.name, status, text, tt.status)
			}
		}
		for name, authorization := range map[string]string{
			"no token": "", "an empty one": "Bearer ", "a wrong one": "Bearer " + strings.Repeat("x", 43), "part of it": "Bearer " + s.AdminToken()[:42],
			"another scheme": "Token " + s.AdminToken(), "a wrong password": "Basic YXV0aGhvc3Q6eA==",
		} {
			want := p.status
			if p.secret {
				want = http.StatusUnauthorized
			}
			if status, text := s.asksAdmin(bare.URL, p.method, p.path, "", http.Header{"Authorization": {authorization}}); status != want {
				t.Errorf("%s %s with %s: %d %s, want %d", p.method, p.path, name, status, text, want)
			}
		}
	}
	req := httptest.NewRequest("GET", "http://127.0.0.1/dev/mails", nil)
	req.SetBasicAuth("authhost", s.AdminToken())
	out := httptest.NewRecorder()
	if s.Admin().ServeHTTP(out, req); out.Code != 200 {
		t.Errorf("the token as a password: %d %s", out.Code, out.Body)
	}
}

// TestAdminToken: it is this user's alone and stays the same, and a file that
// others may read is none.
func TestAdminToken(t *testing.T) {
	dir := t.TempDir()
	cfg := parseConfig(t, dir, "tenants:\n  - {id: main, baseURL: \"http://main.example\"}\n")
	file := filepath.Join(dir, admin.TokenFile)
	start := func() (string, error) {
		e, err := engine.New(t.Context(), cfg, options(io.Discard, nil))
		if err != nil {
			return "", err
		}
		return e.AdminToken(), e.Close(context.Background())
	}
	first, err := start()
	if err != nil || len(first) < 40 {
		t.Fatalf("%q, %v", first, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if again, err := start(); again != first {
		t.Errorf("another token after a restart: %v", err)
	}
	for want, damage := range map[string]func() error{
		"others may read it (mode 0644)": func() error { return os.Chmod(file, 0o644) },
		"shorter than 32 characters":     func() error { return os.WriteFile(file, []byte("short\n"), 0o600) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, err := start(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("got %v, want %q and a remedy", err, want)
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOwnListeners: a range that plugins may call opens none of the server's
// own listeners to them, however these are bound and called.
func TestOwnListeners(t *testing.T) {
	caller := w.New(&pluginapi.Manifest{ID: "caller",
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapHTTP, Hosts: []string{"*"}}},
		Handlers:     []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/call"}},
	}).Handler(1, w.Copy("args", "request.body"), w.Call(pluginapi.CapHTTP, "request", ""), w.Report("response.body.status"))
	outside := httptest.NewServer(http.NotFoundHandler())
	defer outside.Close()
	for _, bind := range []string{"127.0.0.1:0", "localhost:0", ":0", "0.0.0.0:0", "[::]:0", "[::1]:0"} {
		t.Run(bind, func(t *testing.T) {
			s := serve(t, `
  listen: "`+bind+`"
  admin: "`+bind+`"
  drainTime: 0s
  egress: {allow: [127.0.0.0/8, "::/0", 0.0.0.0/0]}
tenants:
  - id: main
    baseURL: http://main.example
    plugins:
      - {id: caller, module: DIR/caller.wasm, grants: [http]}
`, caller)
			listeners, err := s.Listen()
			if err != nil {
				t.Skipf("this machine does not listen on %s: %v", bind, err)
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- s.Serve(ctx, listeners) }()
			defer func() {
				stop()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}()
			call := func(url string) string {
				return s.do(request{method: "POST", path: "/api/auth/call", body: `{"method":"GET","url":"` + url + `"}`}).want(t, 200, "").get("status")
			}
			if got := call(outside.URL); got != "0" {
				t.Fatalf("another server on this machine: status %s, want 0", got)
			}
			for _, b := range listeners {
				_, port, err := net.SplitHostPort(b.Addr)
				if err != nil {
					t.Fatal(err)
				}
				for _, host := range hostsOfThisMachine(t) {
					if answersAt(net.JoinHostPort(host, port)) && call("http://"+net.JoinHostPort(host, port)+"/livez") == "0" {
						t.Errorf("a plugin reaches the listener %s as %s", b.Addr, host)
					}
				}
			}
		})
	}
}

// hostsOfThisMachine are names and addresses that lead to this machine.
func hostsOfThisMachine(t *testing.T) []string {
	hosts := []string{"127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			hosts = append(hosts, n.IP.String())
		}
	}
	return hosts
}

func answersAt(address string) bool {
	c, err := net.Dial("tcp", address)
	return err == nil && c.Close() == nil
}
