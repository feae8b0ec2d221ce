package engine_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const manyTenants = `
tenants:
  - {id: main, baseURL: "http://main.example", passwords: {algorithm: argon2id}, plugins: [{id: email-password, config: {sendResetPassword: true}}, {id: convex, config: {algorithm: ES256}}]}
  - {id: other, baseURL: "http://other.example", passwords: {algorithm: argon2id}, plugins: [{id: email-password, config: {sendResetPassword: true}}, {id: convex, config: {algorithm: ES256}}]}
  - {id: acme, baseURL: "http://shared.example", pathPrefix: /t/acme, passwords: {algorithm: argon2id}, plugins: [{id: email-password}]}
  - {id: beta, baseURL: "http://shared.example", pathPrefix: /t/beta, passwords: {algorithm: argon2id}, plugins: [{id: email-password}]}
`

// TestTenantsAreApart: every credential of one tenant is worthless at another.
func TestTenantsAreApart(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, manyTenants)
	const a, b = "main.example", "other.example"
	up := s.signUp(a, "ada@example.com").want(t, 200, "")
	if got := s.session(b, up.cookie()); got.text != "null" {
		t.Errorf("a cookie of one tenant at the other: %s", got.text)
	}
	s.signIn(b, "ada@example.com", password).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	for _, bearer := range []string{up.get("token"), up.cookies["better-auth.session_token"]} {
		s.do(request{method: "GET", host: b, path: "/api/auth/convex/token", header: http.Header{"Authorization": {"Bearer " + bearer}}}).want(t, 401, "UNAUTHORIZED")
	}
	s.do(request{method: "POST", host: b, path: "/api/auth/revoke-sessions", body: `{}`, cookie: up.cookie()}).want(t, 401, "UNAUTHORIZED")
	// The same address is another user there.
	theirs := s.signUp(b, "ada@example.com").want(t, 200, "")
	if theirs.get("user.id") == up.get("user.id") {
		t.Error("one user in two tenants")
	}
	s.do(request{method: "POST", host: b, path: "/api/auth/revoke-session", body: `{"token":"` + up.get("token") + `"}`, cookie: theirs.cookie()}).want(t, 200, "")
	if got := s.session(a, up.cookie()); got.text == "null" {
		t.Error("one tenant revoked the other's session")
	}
	// A reset token works where it was asked for.
	s.do(request{method: "POST", host: a, path: "/api/auth/request-password-reset", body: `{"email":"ada@example.com"}`}).want(t, 200, "")
	token := s.outbox("main")[0].Token
	s.do(request{method: "POST", host: b, path: "/api/auth/reset-password", body: `{"token":"` + token + `","newPassword":"another-horse-2"}`}).want(t, 400, "INVALID_TOKEN")
	if len(s.outbox("other")) != 0 {
		t.Error("a mail of the other tenant")
	}
	// The other's pages are foreign.
	s.do(request{method: "POST", host: b, path: "/api/auth/sign-in/email", origin: "http://" + a, body: `{"email":"ada@example.com","password":"` + password + `"}`}).want(t, 403, "INVALID_ORIGIN")
	// Keys are each tenant's own.
	keys := func(host string) string {
		return s.do(request{method: "GET", host: host, path: "/api/auth/convex/jwks"}).want(t, 200, "").text
	}
	if keys(a) == keys(b) {
		t.Error("two tenants have one key")
	}
}

func TestPathPrefixes(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, manyTenants)
	at := func(prefix, path, body, cookie string) answer {
		method := "GET"
		if body != "" {
			method = "POST"
		}
		return s.do(request{method: method, host: "shared.example", path: prefix + "/api/auth" + path, body: body, cookie: cookie})
	}
	up := at("/t/acme", "/sign-up/email", `{"name":"A","email":"a@example.com","password":"`+password+`"}`, "").want(t, 200, "")
	if !strings.Contains(strings.Join(up.header.Values("Set-Cookie"), "\n"), "; Path=/t/acme;") {
		t.Errorf("cookies %v", up.header.Values("Set-Cookie"))
	}
	if got := at("/t/acme", "/get-session", "", up.cookie()); got.get("user.email") != "a@example.com" {
		t.Errorf("session %s", got.text)
	}
	if got := at("/t/beta", "/get-session", "", up.cookie()); got.text != "null" {
		t.Errorf("at another prefix: %s", got.text)
	}
	for _, path := range []string{"", "/t", "/t/acmex", "/T/acme", "/t/acme/..", "//t/acme", "/t%2facme", "/%74/acme"} {
		if got := at(path, "/ok", "", ""); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	for _, host := range []string{"unknown.example", "main.example.e.co", "", "shared.example:8080"} {
		if got := s.do(request{method: "GET", host: host, path: "/t/acme/api/auth/ok"}); host != "" && (got.status != 404 || got.text != "") {
			t.Errorf("host %q: %d %s", host, got.status, got.text)
		}
	}
	s.do(request{method: "GET", host: "SHARED.example:80", path: "/t/acme/api/auth/ok"}).want(t, 200, "")
}

func guestManifest(id string) *pluginapi.Manifest {
	return &pluginapi.Manifest{
		ID: id, Capabilities: []pluginapi.Capability{{Name: pluginapi.CapRandom}},
		Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/" + id}},
	}
}

// TestUnwelcomeModules: what is wrong with a plugin is told when the server
// starts, with its place.
func TestUnwelcomeModules(t *testing.T) {
	clash := guestManifest("clash")
	clash.Handlers[0].Path = "/get-session"
	tests := []struct {
		name, plugins string
		want          string // parts of the error, separated by |
	}{
		{"not granted", `{id: good, module: DIR/good.wasm, grants: []}`, `good|random|not granted|test.yaml:`},
		{"grants left out", `{id: good, module: DIR/good.wasm}`, `good|no grants|test.yaml:`},
		{"other id", `{id: better, module: DIR/good.wasm, grants: [random]}`, `"good"|test.yaml:`},
		{"missing", `{id: good, module: DIR/none.wasm, grants: [random]}`, `good|none.wasm|test.yaml:`},
		{"no module", `{id: junk, module: DIR/junk.wasm, grants: [random]}`, `junk|test.yaml:`},
		{"not built in", `{id: nonsense}`, `nonsense|test.yaml:`},
		{"twice", `{id: good, module: DIR/good.wasm, grants: [random]}, {id: good, module: DIR/good.wasm, grants: [random]}`, `good`},
		{"the engine's route", `{id: clash, module: DIR/clash.wasm, grants: [random]}`, `clash|/get-session`},
		{"settings of a plugin without", `{id: good, module: DIR/good.wasm, grants: [random], config: {x: 1}}`, `good|settings|test.yaml:`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeGuest(t, dir, wasmtest.New(guestManifest("good")).Handler(1))
			writeGuest(t, dir, wasmtest.New(clash).Handler(1))
			if err := os.WriteFile(filepath.Join(dir, "junk.wasm"), []byte("\x00asm junk"), 0o600); err != nil {
				t.Fatal(err)
			}
			text := "tenants:\n  - id: main\n    baseURL: http://main.example\n    plugins: [" + tt.plugins + "]\n"
			cfg, err := tryConfig(dir, text)
			if err == nil {
				var e *engine.Engine
				if e, err = engine.New(t.Context(), cfg, options(io.Discard, nil)); err == nil {
					_ = e.Close(t.Context())
					t.Fatal("it starts")
				}
			}
			for part := range strings.SplitSeq(tt.want, "|") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %s", err, part)
				}
			}
		})
	}
}

// TestGuestFaults: a plugin's fault is its request's alone.
func TestGuestFaults(t *testing.T) {
	bad := guestManifest("bad")
	bad.Handlers[0].Path = "/bad/:how"
	g := wasmtest.New(bad).Handler(1, wasmtest.Copy("response.body.how", "request.params.how"), wasmtest.Trap())
	s := serve(t, `
  requestTimeout: 5s
limits: {fuel: 1000000}
tenants:
  - {id: main, baseURL: "http://main.example", plugins: [{id: bad, module: DIR/bad.wasm, grants: [random]}, {id: good, module: DIR/good.wasm, grants: [random]}, {id: spin, module: DIR/spin.wasm, grants: [random]}]}
`, g, wasmtest.New(guestManifest("good")).Handler(1, wasmtest.Set("response.body", "fine")),
		wasmtest.New(guestManifest("spin")).Handler(1, wasmtest.Forever()))
	parallel(10, func(i int) {
		for _, path := range []string{"/bad/x", "/spin"} {
			a := s.do(request{method: "GET", path: "/api/auth" + path})
			if a.status != 500 && a.status != 503 || a.get("how") != "" || strings.Contains(a.text, "trap") || strings.Contains(a.text, "wasm") {
				t.Errorf("%s: %d %s", path, a.status, a.text)
			}
		}
		if a := s.do(request{method: "GET", path: "/api/auth/good"}); a.status != 200 || a.text != `"fine"` {
			t.Errorf("good: %d %s", a.status, a.text)
		}
	})
	if audit, err := os.ReadFile(filepath.Join(s.dir, "audit.jsonl")); err != nil || !strings.Contains(string(audit), `"plugin":"bad"`) {
		t.Errorf("audit %s, %v", audit, err)
	}
}

// TestReload: a configuration is replaced and taken back under load, and no
// request is lost.
func TestReload(t *testing.T) {
	text := func(answer string) (string, *wasmtest.Guest) {
		return `
tenants:
  - {id: main, baseURL: "http://main.example", plugins: [{id: ` + answer + `, module: DIR/` + answer + `.wasm, grants: [random]}]}
`, wasmtest.New(guestManifest(answer)).Handler(1, wasmtest.Set("response.body", answer))
	}
	oldText, oldGuest := text("old")
	newText, newGuest := text("new")
	oldGuest.Manifest().Handlers[0].Path, newGuest.Manifest().Handlers[0].Path = "/x", "/x"
	s := serve(t, oldText, oldGuest, newGuest)
	next := parseConfig(t, s.dir, newText)

	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a := s.do(request{method: "GET", path: "/api/auth/x"}); a.status != 200 || a.text != `"old"` && a.text != `"new"` {
					t.Errorf("got %d %s", a.status, a.text)
					return
				}
			}
		})
	}
	now := func() string { return s.do(request{method: "GET", path: "/api/auth/x"}).text }
	for range 5 {
		if err := s.Reload(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if now() != `"new"` {
			t.Error("the new configuration is not in force")
		}
		if err := s.Rollback(); err != nil {
			t.Fatal(err)
		}
		if now() != `"old"` {
			t.Error("the old configuration is not back")
		}
	}
	close(stop)
	wg.Wait()
	if err := s.Rollback(); err == nil {
		t.Error("there was something to go back to")
	}
	broken := parseConfig(t, s.dir, strings.Replace(newText, "new.wasm", "none.wasm", 1))
	if err := s.Reload(t.Context(), broken); err == nil || now() != `"old"` {
		t.Errorf("a broken configuration: %v, %s", err, now())
	}
}
