package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const base = "/api/auth"

func TestRoutes(t *testing.T) {
	s := newServer(t, realmtest.Config{}, httpapi.Config{DisabledPaths: []string{"/list-sessions"}})
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", base + "/ok", 200, `{"ok":true}`},
		{"GET", base + "/get-session", 200, `null`},
		{"POST", base + "/get-session", 405, `{"message":"POST method requires deferSessionRefresh to be enabled in session config","code":"METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED"}`},
		{"GET", base + "/list-sessions", 404, `Not Found`},
		{"GET", base + "/list-sessions/", 404, `Not Found`},
		{"HEAD", base + "/ok", 404, ``},
		{"OPTIONS", base + "/ok", 404, ``},
		{"PUT", base + "/ok", 404, ``},
		{"POST", base + "/ok", 404, ``},
		{"GET", base + "/OK", 404, ``},
		{"GET", base + "/ok/", 404, ``},
		{"GET", base + "//ok", 404, ``},
		{"GET", "/" + base + "/ok", 404, ``},
		{"GET", base + "/x/../ok", 404, ``},
		{"GET", base + "/./ok", 404, ``},
		{"GET", base + "/%6fk", 404, ``},
		{"GET", "/api%2fauth/ok", 404, ``},
		{"GET", base + "/ok;x", 404, ``},
		{"GET", base + "/ok%00", 404, ``},
		{"GET", base + "/unknown", 404, ``},
		{"GET", base, 404, ``},
		{"GET", "/", 404, ``},
		{"GET", "/ok", 404, ``},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			rec := s.do(tt.method, tt.path, "")
			expect(t, rec, tt.status, tt.body)
			if tt.body == "" && rec.Header().Get("Content-Type") != "" {
				t.Errorf("Content-Type %q", rec.Header().Get("Content-Type"))
			}
		})
	}
}

func TestRouteClashes(t *testing.T) {
	root := endpoint(1, "GET", base+"/x")
	root.Root = true
	for name, h := range map[string]pluginapi.Handler{
		"the engine's":             endpoint(1, "GET", "/get-session"),
		"the engine's, any method": endpoint(1, "POST", "/ok"),
		"below the base path":      root,
	} {
		t.Run(name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{plugin("greedy", h)}})
			_, err := httpapi.New(httpapi.Config{Realm: r.Realm, Plugins: r.Set, Capabilities: r.Host, Views: r.Views})
			if err == nil || !strings.Contains(err.Error(), `"greedy"`) || !strings.Contains(err.Error(), h.Path) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestNamesBeforeParameters: a parameter does not take another plugin's path,
// whichever plugin is configured first.
func TestNamesBeforeParameters(t *testing.T) {
	root := endpoint(3, "GET", "/:a/:b/:c")
	root.Root = true
	greedy := plugin("greedy", endpoint(1, "GET", "/:x"), endpoint(2, "GET", "/:x/b"), root)
	for n := range int32(3) {
		greedy.Handler(n+1, w.Set("response.body", "greedy"), w.Copy("response.headers.x-param", "request.params.x"))
	}
	modest := plugin("modest", endpoint(1, "GET", "/token"), endpoint(2, "GET", "/a/:y")).
		Handler(1, w.Set("response.body", "modest")).Handler(2, w.Set("response.body", "modest"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{greedy, modest}}, httpapi.Config{})
	for path, want := range map[string]string{
		"/token": `"modest"`, "/a/b": `"modest"`, "/other": `"greedy"`, "/c/b": `"greedy"`, "/ok": `{"ok":true}`,
	} {
		expect(t, s.do("GET", base+path, ""), 200, want)
	}
	for path, want := range map[string]string{"/a%2fb": "a/b", "/%ff": "�", "/a%00": "a\x00", "/..": ".."} {
		rec := s.do("GET", base+path, "")
		if path == "/a%00" { // no header can carry it
			want = ""
		}
		if got := rec.Header().Get("X-Param"); rec.Code != 200 || got != want {
			t.Errorf("%s: %d %q, want %q", path, rec.Code, got, want)
		}
	}
	expect(t, s.do("GET", "/x/y/z", ""), 200, `"greedy"`)
}

func strict() *w.Guest {
	h := endpoint(1, "POST", "/strict")
	h.Body = json.RawMessage(`{"type":"object","properties":{"n":{"type":"string"}},"required":["n"]}`)
	h.Query = json.RawMessage(`{"type":"object","properties":{"q":{"type":"string"}}}`)
	h.Session, h.CSRF = pluginapi.SessionRequired, "form"
	read := endpoint(2, "GET", "/read/:id")
	read.Query = json.RawMessage(`{"type":"object","properties":{"callbackURL":{"type":"string"}},"required":["callbackURL"]}`)
	loose := endpoint(3, "GET", "/loose")
	fresh := endpoint(4, "POST", "/fresh")
	fresh.Session = pluginapi.SessionFresh
	optional := endpoint(5, "GET", "/optional")
	optional.Session = pluginapi.SessionOptional
	open := endpoint(6, "POST", "/open")
	open.Body, open.Query, open.CSRF = h.Body, h.Query, h.CSRF
	g := plugin("strict", h, read, loose, fresh, optional, open)
	for n := range int32(6) {
		g.Handler(n+1, w.Copy("response.body.user", "session.user.name"))
	}
	return g
}

type refusing struct{}

func (refusing) Allow(context.Context, string, string, string) (bool, time.Duration, error) {
	return false, 1500 * time.Millisecond, nil
}

// TestOrderOfChecks walks one request through the checks: each time another
// fault is mended, the next one is told.
func TestOrderOfChecks(t *testing.T) {
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{strict()}}, httpapi.Config{})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	steps := []struct {
		path, body, contentType, cookie, origin, fetch string
		status                                         int
		code                                           string
	}{
		{"/nowhere", `{`, "text/plain", "x=y", "https://e.co", "x", 404, ""},
		{"/open?q=1&q=2", `{`, "text/plain", "x=y", "https://e.co", "x", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"/open?q=1&q=2", `{`, "application/json", "x=y", "https://e.co", "x", 400, "BAD_REQUEST"},
		{"/open?q=1&q=2", `{"callbackURL":"//e.co"}`, "application/json", "x=y", "https://e.co", "x", 403, "INVALID_ORIGIN"},
		{"/open?q=1&q=2", `{"callbackURL":"//e.co"}`, "application/json", "x=y", "http://localhost:3000", "x", 403, "INVALID_CALLBACK_URL"},
		{"/open?q=1&q=2", `{}`, "application/json", "x=y", "http://localhost:3000", "x", 400, "VALIDATION_ERROR"},
		{"/open?q=1&q=2", `{"n":"x"}`, "application/json", "x=y", "http://localhost:3000", "x", 400, "VALIDATION_ERROR"},
		{"/open?q=1", `{"n":"x"}`, "application/json", "x=y", "http://localhost:3000", "x", 200, ""},
		// Where a session is needed, nothing of the body is looked at before.
		{"/strict?q=1&q=2", `{`, "text/plain", "x=y", "https://e.co", "x", 403, "INVALID_ORIGIN"},
		{"/strict?q=1&q=2", `{`, "text/plain", "x=y", "http://localhost:3000", "x", 401, "UNAUTHORIZED"},
		{"/strict?q=1&q=2", `{`, "text/plain", cookie, "http://localhost:3000", "x", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"/strict?q=1&q=2", `{`, "application/json", cookie, "http://localhost:3000", "x", 400, "BAD_REQUEST"},
		{"/strict?q=1&q=2", `{"callbackURL":"//e.co"}`, "application/json", cookie, "http://localhost:3000", "x", 403, "INVALID_CALLBACK_URL"},
		{"/strict?q=1&q=2", `{}`, "application/json", cookie, "http://localhost:3000", "x", 400, "VALIDATION_ERROR"},
		{"/strict?q=1&q=2", `{"n":"x"}`, "application/json", cookie, "http://localhost:3000", "x", 400, "VALIDATION_ERROR"},
		{"/strict?q=1", `{"n":"x"}`, "application/json", cookie, "http://localhost:3000", "x", 200, ""},
	}
	for _, step := range steps {
		rec := s.do("POST", base+step.path, step.body, "Content-Type", step.contentType, "Cookie", step.cookie, "Origin", step.origin, "Sec-Fetch-Site", step.fetch)
		var answer struct{ Code string }
		_ = json.Unmarshal(rec.Body.Bytes(), &answer)
		if rec.Code != step.status || answer.Code != step.code {
			t.Errorf("%+v: got %d %s", step, rec.Code, rec.Body)
		}
	}
	if got := s.Done.List(); len(got) != 2 {
		t.Errorf("handlers ran: %v", got)
	}
}

// TestBodyBySettings: what a body must have may depend on the plugin's settings,
// and is told before the session is looked at.
func TestBodyBySettings(t *testing.T) {
	h := endpoint(1, "POST", "/change")
	h.Body = json.RawMessage(`{"type":"object","properties":{"password":{"type":"string"},"n":{"type":"number"}},"required":["n"]}`)
	h.RequiredUnless = map[string][]string{"password": {"group.free", "free"}}
	h.Session = pluginapi.SessionRequired
	none := endpoint(2, "POST", "/send")
	none.Body = json.RawMessage(`{"type":"object","properties":{"b":{"type":"boolean"}}}`)
	none.BodyOptional = true
	const missing = `{"message":"[body.password] Invalid input: expected string, received undefined; [body.n] Invalid input: expected number, received undefined","code":"VALIDATION_ERROR"}`
	for settings, required := range map[string]bool{
		`{}`: true, `{"free":true}`: false, `{"free":false,"group":{}}`: true,
		`{"free":true,"group":{"free":false}}`: true, `{"group":{"free":true}}`: false, `{"free":"true"}`: true,
	} {
		g := plugin("p", h, none).Handler(1).Handler(2, w.Set("response.body", "sent"))
		s := newServer(t, realmtest.Config{Guests: []*w.Guest{g}, Settings: map[string]string{"p": settings}}, httpapi.Config{})
		cookie, _ := s.signIn("ada", session.CreateParams{})
		if required {
			expect(t, s.do("POST", base+"/change", `{}`, "Cookie", cookie, "Origin", "http://localhost:3000"), 400, missing)
		} else {
			expect(t, s.do("POST", base+"/change", `{"n":1}`, "Cookie", cookie, "Origin", "http://localhost:3000"), 200, "")
		}
		expect(t, s.do("POST", base+"/send", ``), 200, `"sent"`)
		expect(t, s.do("POST", base+"/send", `{}`), 200, `"sent"`)
		expect(t, s.do("POST", base+"/send", `null`), 400, `{"message":"[body] Invalid input: expected object, received null","code":"VALIDATION_ERROR"}`)
	}
}

func TestRateLimitComesFirst(t *testing.T) {
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{strict()}}, httpapi.Config{Limiter: refusing{}})
	rec := s.do("POST", base+"/strict", `{`, "Content-Type", "text/plain")
	if rec.Code != 429 || rec.Header().Get("X-Retry-After") != "2" || !strings.Contains(rec.Body.String(), "Too many requests. Please try again later.") {
		t.Errorf("got %d %v %s", rec.Code, rec.Header(), rec.Body)
	}
}

func TestFormCSRF(t *testing.T) {
	h := endpoint(1, "POST", "/login")
	h.CSRF = "form"
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{plugin("login", h).Handler(1, w.Set("response.body", "in"))}}, httpapi.Config{})
	expect(t, s.do("POST", base+"/login", `{}`, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"), 403,
		`{"message":"Cross-site navigation login blocked. This request appears to be a CSRF attack.","code":"CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"}`)
	expect(t, s.do("POST", base+"/login", `{}`, "Origin", "https://e.co"), 403, `{"message":"Invalid origin","code":"INVALID_ORIGIN"}`)
	expect(t, s.do("POST", base+"/login", `{}`, "Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:3000"), 200, `"in"`)
	expect(t, s.do("POST", base+"/login", `{}`), 200, `"in"`)
}

// TestHookCannotWaveThrough: a hook that rewrites headers does not change what
// the server decides by them.
func TestHookCannotWaveThrough(t *testing.T) {
	h := endpoint(1, "POST", "/login")
	h.CSRF = "form"
	hook := plugin("hook", h, pluginapi.Handler{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore}).
		Handler(1, w.Set("response.body", "in")).
		Handler(2, w.SetKind("request.headers.sec-fetch-site", pluginapi.KindNull, ""), w.Set("request.headers.origin", "http://localhost:3000"), w.Set("request.body.callbackURL", "//e.co"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{hook}}, httpapi.Config{})
	expect(t, s.do("POST", base+"/login", `{}`), 403, `{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`)
	s = newServer(t, realmtest.Config{Guests: []*w.Guest{hook}}, httpapi.Config{DisableOrigin: false, TrustedOrigins: []string{"https://e.co"}})
	expect(t, s.do("POST", base+"/login", `{}`, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"), 403, `{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`)
}

// TestCallbackAsSent: what a hook makes of a callback does not excuse what the
// client sent, and the hook does not see it.
func TestCallbackAsSent(t *testing.T) {
	hook := plugin("hook", endpoint(1, "POST", "/login"), pluginapi.Handler{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore}).
		Handler(1, w.Set("response.body", "in")).
		Handler(2, w.Set("request.body.callbackURL", "http://localhost:3000/x"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{hook}}, httpapi.Config{})
	expect(t, s.do("POST", base+"/login", `{"callbackURL":"/#x"}`), 403, `{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`)
	if got := s.Done.List(); len(got) != 0 {
		t.Errorf("handlers ran: %v", got)
	}
	expect(t, s.do("POST", base+"/login", `{"callbackURL":"/x"}`), 200, `"in"`)
	off := newServer(t, realmtest.Config{Guests: []*w.Guest{hook}}, httpapi.Config{DisableOrigin: true})
	expect(t, off.do("POST", base+"/login", `{"callbackURL":"/#x"}`), 200, `"in"`)
}

func TestQueryCallbacks(t *testing.T) {
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{strict()}}, httpapi.Config{})
	const refused = `{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`
	expect(t, s.do("GET", base+"/read/x?callbackURL=/ok", ""), 200, ``)
	expect(t, s.do("GET", base+"/read/x?callbackURL=//e.co", ""), 403, refused)
	expect(t, s.do("GET", base+"/read/x", ""), 400, `{"message":"[query.callbackURL] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}`)
	expect(t, s.do("GET", base+"/read/x?callbackURL=/a&callbackURL=//e.co", ""), 400, `{"message":"[query.callbackURL] Invalid input: expected string, received array","code":"VALIDATION_ERROR"}`)
	expect(t, s.do("GET", base+"/loose?callbackURL=//e.co", ""), 403, refused)
	expect(t, s.do("GET", base+"/get-session?callbackURL=//e.co", ""), 200, `null`)
	off := newServer(t, realmtest.Config{Guests: []*w.Guest{strict()}}, httpapi.Config{DisableOrigin: true})
	expect(t, off.do("GET", base+"/loose?callbackURL=//e.co", ""), 200, ``)
}

func TestBeforeHookAnswers(t *testing.T) {
	hook := plugin("hook", pluginapi.Handler{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore}).
		Handler(1, w.SetKind("response.status", pluginapi.KindNumber, "418"), w.Set("response.body.tea", "pot"), w.Return(pluginapi.Respond))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{hook, strict()}}, httpapi.Config{})
	expect(t, s.do("GET", base+"/ok", ""), 418, `{"tea":"pot"}`)
	expect(t, s.do("GET", base+"/nowhere", ""), 404, ``)
	if got := s.Done.List(); len(got) != 1 {
		t.Errorf("handlers ran: %v", got)
	}
}

func TestVaryAddsUp(t *testing.T) {
	g := plugin("guest", endpoint(1, "GET", "/x")).Handler(1, w.Set("response.headers.vary", "Cookie"), w.Set("response.body", "x"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{g}}, httpapi.Config{CORS: true})
	rec := s.do("GET", base+"/x", "", "Origin", "https://e.co")
	if got := strings.Join(rec.Header().Values("Vary"), ", "); got != "Origin, Cookie" {
		t.Errorf("Vary %q", got)
	}
	if rec.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("an evil origin is allowed")
	}
}

var _ http.Handler = (*httpapi.API)(nil)
