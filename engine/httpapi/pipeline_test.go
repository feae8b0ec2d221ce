package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const base = "/api/auth"

// server is an API over a realm.
type server struct {
	*realmtest.Realm
	t   testing.TB
	api *httpapi.API
}

func newServer(t testing.TB, rc realmtest.Config, c httpapi.Config) *server {
	t.Helper()
	r := realmtest.New(t, rc)
	c.Realm, c.Plugins, c.Capabilities, c.Views, c.Observer = r.Realm, r.Set, r.Host, r.Views, r.Done
	c.Now, c.Logger = r.Clock.Now, r.Log.Logger()
	api, err := httpapi.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return &server{r, t, api}
}

// do sends a request; headers are pairs of name and value.
func (s *server) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost:3000"+path, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.7:1234"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	s.api.ServeHTTP(rec, r)
	return rec
}

// signIn stores a session of a new user and returns its cookie and record.
func (s *server) signIn(user string, p session.CreateParams) (string, *store.Record) {
	s.t.Helper()
	fields := document.NewObject(2).Set("name", document.Text(user)).Set("email", document.Text(user+"@example.com"))
	if _, err := s.Store.Get(s.t.Context(), "user", user); err != nil {
		if err := s.Store.Apply(s.t.Context(), []store.Op{{Kind: store.Insert, Model: "user", ID: user, Fields: fields}}); err != nil {
			s.t.Fatal(err)
		}
	}
	ex := s.Exchange(s.t, dispatch.Request{})
	var rec *store.Record
	p.UserID = user
	err := ex.Unit(s.t.Context(), func(ctx context.Context) (err error) {
		rec, err = s.Sessions.Create(ctx, ex.Tx(), ex, p, s.Clock.Now())
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	cookie := "better-auth.session_token=" + session.EncodeURIComponent(s.Secrets.Sign(rec.Str("token")))
	if p.Forget {
		cookie += "; better-auth.dont_remember=" + session.EncodeURIComponent(s.Secrets.Sign("true"))
	}
	return cookie, rec
}

func endpoint(number int32, method, path string) pluginapi.Handler {
	return pluginapi.Handler{Number: number, Kind: pluginapi.KindEndpoint, Method: method, Path: path}
}

func plugin(id string, handlers ...pluginapi.Handler) *w.Guest {
	return w.New(&pluginapi.Manifest{ID: id, Handlers: handlers, Capabilities: []pluginapi.Capability{
		{Name: pluginapi.CapIdentity, Read: []string{"user"}, Write: []string{"user"}}, {Name: pluginapi.CapSession},
	}})
}

func expect(t *testing.T, rec *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if got := strings.TrimSpace(rec.Body.String()); rec.Code != status || got != body {
		t.Errorf("got %d %s, want %d %s", rec.Code, got, status, body)
	}
}

// cookies lists the names of the cookies that an answer sets, expired ones
// with a dash.
func cookies(rec *httptest.ResponseRecorder) string {
	var names []string
	for _, c := range rec.Result().Cookies() {
		name := strings.TrimPrefix(c.Name, "better-auth.")
		if c.MaxAge < 0 {
			name = "-" + name
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

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
	g := plugin("strict", h, read, loose, fresh, optional)
	for n := range int32(5) {
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
		{"/strict?q=1&q=2", `{`, "text/plain", "x=y", "https://e.co", "x", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"/strict?q=1&q=2", `{`, "application/json", "x=y", "https://e.co", "x", 400, "BAD_REQUEST"},
		{"/strict?q=1&q=2", `{"callbackURL":"//e.co"}`, "application/json", "x=y", "https://e.co", "x", 403, "INVALID_ORIGIN"},
		{"/strict?q=1&q=2", `{"callbackURL":"//e.co"}`, "application/json", "x=y", "http://localhost:3000", "x", 403, "INVALID_CALLBACK_URL"},
		{"/strict?q=1&q=2", `{}`, "application/json", "x=y", "http://localhost:3000", "x", 400, "VALIDATION_ERROR"},
		{"/strict?q=1&q=2", `{"n":"x"}`, "application/json", "x=y", "http://localhost:3000", "x", 400, "VALIDATION_ERROR"},
		{"/strict?q=1", `{"n":"x"}`, "application/json", "x=y", "http://localhost:3000", "x", 401, "UNAUTHORIZED"},
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
	if got := s.Done.List(); len(got) != 1 {
		t.Errorf("handlers ran: %v", got)
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

func TestSessionRequirements(t *testing.T) {
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{strict()}}, httpapi.Config{})
	cookie, rec := s.signIn("ada", session.CreateParams{})
	origin := []string{"Origin", "http://localhost:3000", "Cookie"}
	post := func(path, cookie string) *httptest.ResponseRecorder {
		return s.do("POST", base+path, `{}`, append(origin, cookie)...)
	}
	expect(t, post("/fresh", cookie), 200, `{"user":"ada"}`)
	expect(t, s.do("GET", base+"/optional", "", "Cookie", cookie), 200, `{"user":"ada"}`)
	expect(t, s.do("GET", base+"/optional", ""), 200, ``)

	s.Clock.Advance(session.DefaultFreshAge)
	got := post("/fresh", cookie)
	expect(t, got, 403, `{"message":"Session is not fresh","code":"SESSION_NOT_FRESH"}`)
	if cookies(got) != "session_token" {
		t.Errorf("a session that is due was not extended: %s", cookies(got))
	}

	if err := s.Store.Apply(t.Context(), []store.Op{{Kind: store.Delete, Model: "session", ID: rec.ID}}); err != nil {
		t.Fatal(err)
	}
	got = post("/fresh", cookie)
	expect(t, got, 401, `{"message":"Unauthorized","code":"UNAUTHORIZED"}`)
	if cookies(got) != "-session_token -session_data -dont_remember" {
		t.Errorf("cookies %s", cookies(got))
	}
	got = s.do("GET", base+"/optional", "", "Cookie", cookie)
	expect(t, got, 200, ``)
	if cookies(got) != "-session_token -session_data -dont_remember" {
		t.Errorf("cookies %s", cookies(got))
	}
	got = post("/fresh", "better-auth.session_token=forged.x")
	expect(t, got, 401, `{"message":"Unauthorized","code":"UNAUTHORIZED"}`)
	if cookies(got) != "" {
		t.Errorf("cookies %s", cookies(got))
	}
}

// getSession returns the session of an answer.
func expiry(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	var answer struct {
		Session struct{ ExpiresAt string }
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Session.ExpiresAt
}

func TestGetSession(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name    string
		policy  session.Policy
		params  session.CreateParams
		age     time.Duration
		query   string
		live    bool
		renewed bool
		cookies string
	}{
		{name: "new", live: true},
		{name: "almost due", age: day - time.Second, live: true},
		{name: "due", age: day, live: true, renewed: true, cookies: "session_token"},
		{name: "due, but not wanted", age: day, query: "?disableRefresh=true", live: true},
		{name: "due, not to be remembered", age: day - time.Second, params: session.CreateParams{Forget: true}, live: true},
		{name: "due, never refreshed", age: day, policy: session.Policy{DisableRefresh: true}, live: true},
		{name: "at its end", age: 7 * day, cookies: "-session_token -session_data -dont_remember"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, realmtest.Config{Session: tt.policy}, httpapi.Config{})
			cookie, before := s.signIn("ada", tt.params)
			s.Clock.Advance(tt.age)
			rec := s.do("GET", base+"/get-session"+tt.query, "", "Cookie", cookie)
			if rec.Code != 200 || rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Pragma") != "no-cache" || cookies(rec) != tt.cookies {
				t.Errorf("got %d %v, cookies %q", rec.Code, rec.Header(), cookies(rec))
			}
			if !tt.live {
				expect(t, rec, 200, `null`)
				if _, err := s.Store.Get(t.Context(), "session", before.ID); err == nil {
					t.Error("the row is still there")
				}
				return
			}
			if renewed := expiry(t, rec) != before.Str("expiresAt"); renewed != tt.renewed {
				t.Errorf("renewed: %v", renewed)
			}
		})
	}
}

func TestDeferredRefresh(t *testing.T) {
	s := newServer(t, realmtest.Config{Session: session.Policy{DeferRefresh: true}}, httpapi.Config{})
	cookie, before := s.signIn("ada", session.CreateParams{})
	s.Clock.Advance(24 * time.Hour)
	rec := s.do("GET", base+"/get-session", "", "Cookie", cookie)
	if expiry(t, rec) != before.Str("expiresAt") || !strings.HasSuffix(rec.Body.String(), `"needsRefresh":true}`) || cookies(rec) != "" {
		t.Errorf("got %s, cookies %s", rec.Body, cookies(rec))
	}
	rec = s.do("POST", base+"/get-session", "", "Cookie", cookie, "Origin", "http://localhost:3000")
	if expiry(t, rec) == before.Str("expiresAt") || strings.Contains(rec.Body.String(), "needsRefresh") || cookies(rec) != "session_token" {
		t.Errorf("got %s, cookies %s", rec.Body, cookies(rec))
	}
}

// TestRefreshTogether: a client whose requests find its session due at the
// same moment stays signed in, whatever they conflict on.
func TestRefreshTogether(t *testing.T) {
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{strict()}}, httpapi.Config{})
	cookie, before := s.signIn("ada", session.CreateParams{})
	s.Clock.Advance(25 * time.Hour)
	const n = 40
	results := make([]*httptest.ResponseRecorder, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if i%2 == 0 {
				results[i] = s.do("GET", base+"/get-session", "", "Cookie", cookie)
			} else {
				results[i] = s.do("POST", base+"/strict", `{"n":"x"}`, "Cookie", cookie, "Origin", "http://localhost:3000")
			}
		})
	}
	wg.Wait()
	for i, rec := range results {
		if rec.Code != 200 || strings.Contains(cookies(rec), "-") || i%2 == 0 && rec.Body.String() == "null" {
			t.Errorf("got %d %s, cookies %s", rec.Code, rec.Body, cookies(rec))
		}
	}
	rec, err := s.Store.Get(t.Context(), "session", before.ID)
	if err != nil || rec.Str("expiresAt") == before.Str("expiresAt") {
		t.Errorf("not extended: %v", err)
	}
}

func TestSessionEndpoints(t *testing.T) {
	s := newServer(t, realmtest.Config{}, httpapi.Config{})
	ada, first := s.signIn("ada", session.CreateParams{})
	s.Clock.Advance(time.Second)
	_, second := s.signIn("ada", session.CreateParams{})
	bob, theirs := s.signIn("bob", session.CreateParams{})
	origin := "http://localhost:3000"
	tokens := func(cookie string) string {
		var list []struct{ Token string }
		if err := json.Unmarshal(s.do("GET", base+"/list-sessions", "", "Cookie", cookie).Body.Bytes(), &list); err != nil {
			return err.Error()
		}
		var out []string
		for _, l := range list {
			out = append(out, l.Token)
		}
		return strings.Join(out, " ")
	}
	post := func(path, body, cookie string) *httptest.ResponseRecorder {
		return s.do("POST", base+path, body, "Cookie", cookie, "Origin", origin)
	}
	if got := tokens(ada); got != first.Str("token")+" "+second.Str("token") {
		t.Errorf("list %s", got)
	}
	expect(t, s.do("GET", base+"/list-sessions", ""), 401, `{"message":"Unauthorized","code":"UNAUTHORIZED"}`)
	expect(t, post("/revoke-session", `{"token":"`+theirs.Str("token")+`"}`, ada), 200, `{"status":true}`)
	expect(t, post("/revoke-session", `{"token":"nope"}`, ada), 200, `{"status":true}`)
	expect(t, post("/revoke-session", `{"token":5}`, ada), 400, `{"message":"[body.token] Invalid input: expected string, received number","code":"VALIDATION_ERROR"}`)
	if tokens(bob) != theirs.Str("token") {
		t.Error("another user's session was revoked")
	}
	expect(t, post("/revoke-session", `{"token":"`+second.Str("token")+`"}`, ada), 200, `{"status":true}`)
	if tokens(ada) != first.Str("token") {
		t.Error("the session was not revoked")
	}
	ada2, second := s.signIn("ada", session.CreateParams{})
	expect(t, post("/revoke-other-sessions", `{}`, ada2), 200, `{"status":true}`)
	if tokens(ada2) != second.Str("token") {
		t.Errorf("left %s", tokens(ada2))
	}
	expect(t, post("/revoke-sessions", `{}`, ada2), 200, `{"status":true}`)
	expect(t, s.do("GET", base+"/get-session", "", "Cookie", ada2), 200, `null`)

	rec := s.do("POST", base+"/sign-out", `{}`, "Cookie", bob)
	expect(t, rec, 403, `{"message":"Missing or null Origin","code":"MISSING_OR_NULL_ORIGIN"}`)
	rec = post("/sign-out", `{}`, bob)
	expect(t, rec, 200, `{"success":true}`)
	if cookies(rec) != "-session_token -session_data -dont_remember" {
		t.Errorf("cookies %s", cookies(rec))
	}
	expect(t, s.do("GET", base+"/get-session", "", "Cookie", bob), 200, `null`)
	expect(t, post("/sign-out", `{}`, bob), 200, `{"success":true}`)
}

func TestErrorPage(t *testing.T) {
	for _, tt := range []struct{ errorURL, query, location string }{
		{"", "?error=invalid_code", "/?error=invalid_code"},
		{"", "", "/?error=UNKNOWN"},
		{"", "?error=%3Csvg%20onload%3E", "/?error=UNKNOWN"},
		{"", "?error=email_doesn%27t_match", "/?error=email_doesn%27t_match"},
		{"", "?error=a&error=b", "/?error=a"},
		{"", "?error=x&error_description=%3Cb%3E%0D%0AX:%20y", "/?error=x&error_description=%3Cb%3E%0D%0AX%3A+y"},
		{"https://app.example/oops", "?error=x", "https://app.example/oops?error=x"},
		{"https://app.example/oops?a=b", "?error=x", "https://app.example/oops?a=b&error=x"},
	} {
		s := newServer(t, realmtest.Config{}, httpapi.Config{ErrorURL: tt.errorURL})
		rec := s.do("GET", base+"/error"+tt.query, "")
		if rec.Code != 302 || rec.Header().Get("Location") != tt.location || rec.Body.Len() != 0 {
			t.Errorf("%s: %d %s", tt.query, rec.Code, rec.Header().Get("Location"))
		}
	}
}

// TestAfterHookFails: an answer that does not get past the last hook is not
// handed out, and neither is the session in it.
func TestAfterHookFails(t *testing.T) {
	signIn := []w.Step{w.Call("identity", "createUser", `{"user":{"email":"ada@example.com"}}`), w.Must(), w.Copy("args.userId", "result.user.id"),
		w.Call("session", "create", ""), w.Must(), w.Copy("response.body.token", "result.session.token")}
	for name, end := range map[string]w.Step{"deny": w.Deny("403", "NO", "No"), "trap": w.Trap(), "failed": w.Return(pluginapi.Failed)} {
		for _, event := range []string{pluginapi.EventResponseSession, pluginapi.EventRequestAfter} {
			t.Run(name+" "+event, func(t *testing.T) {
				hook := plugin("hook", pluginapi.Handler{Number: 1, Kind: pluginapi.KindHook, Event: event}).Handler(1, end)
				g := plugin("guest", endpoint(1, "POST", "/in")).Handler(1, signIn...)
				s := newServer(t, realmtest.Config{Guests: []*w.Guest{g, hook}}, httpapi.Config{})
				rec := s.do("POST", base+"/in", `{}`)
				if rec.Code < 400 || cookies(rec) != "" || strings.Contains(rec.Body.String(), "token") {
					t.Errorf("got %d %s, cookies %s", rec.Code, rec.Body, cookies(rec))
				}
				if end := "skip"; name != "deny" {
					hook.Manifest().Handlers[0].Failure = end
					s := newServer(t, realmtest.Config{Guests: []*w.Guest{g, hook}}, httpapi.Config{})
					if rec := s.do("POST", base+"/in", `{}`); rec.Code != 200 || cookies(rec) != "session_token" {
						t.Errorf("skipped: got %d %s, cookies %s", rec.Code, rec.Body, cookies(rec))
					}
				}
			})
		}
	}
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

// panicking is a store whose reads panic, as a bug of the server would.
type panicking struct{ store.Tenant }

func (panicking) Find(context.Context, string, string, ...document.Value) (*store.Record, error) {
	panic("a bug, with the secret " + realmtest.Secret)
}

func TestPanic(t *testing.T) {
	s := newServer(t, realmtest.Config{}, httpapi.Config{})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	good := s.Realm.Sessions
	s.Realm.Realm.Sessions = session.New(session.Config{Secrets: s.Secrets, Store: panicking{s.Store}})
	rec := s.do("GET", base+"/get-session", "", "Cookie", cookie)
	expect(t, rec, 500, `{"message":"Internal server error","code":"INTERNAL_SERVER_ERROR"}`)
	if rec.Header().Get("Cache-Control") == "" && cookies(rec) != "" {
		t.Errorf("headers %v", rec.Header())
	}
	if !strings.Contains(s.Log.String(), "a bug") || !strings.Contains(s.Log.String(), "request failed") {
		t.Errorf("log %s", s.Log)
	}
	s.Realm.Realm.Sessions = good
	if rec := s.do("GET", base+"/get-session", "", "Cookie", cookie); rec.Code != 200 || rec.Body.String() == "null" {
		t.Errorf("then %d %s", rec.Code, rec.Body)
	}
}

// TestPanicInObserver: an answer that is on its way stays as it is.
func TestPanicInObserver(t *testing.T) {
	watcher := plugin("watcher", pluginapi.Handler{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventUserCreated}).Handler(1, w.Trap())
	g := plugin("guest", endpoint(1, "POST", "/up")).Handler(1, w.Call("identity", "createUser", `{"user":{"email":"ada@example.com"}}`), w.Must(), w.Set("response.body", "done"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{g, watcher}}, httpapi.Config{})
	rec := s.do("POST", base+"/up", `{}`)
	expect(t, rec, 200, `"done"`)
	if !rec.Flushed || rec.Header().Get("Content-Length") != "6" {
		t.Errorf("flushed: %v, headers %v", rec.Flushed, rec.Header())
	}
	if got := s.Done.List(); len(got) != 2 || got[1] != "watcher#1 trap" {
		t.Errorf("outcomes %v", got)
	}
}

// TestTimeout: a request that runs out of time is told to come back, and a
// client that went away is no fault of the server.
func TestTimeout(t *testing.T) {
	s := newServer(t, realmtest.Config{}, httpapi.Config{RequestTimeout: time.Nanosecond})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	rec := s.do("GET", base+"/get-session", "", "Cookie", cookie)
	if rec.Code != 503 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
	s = newServer(t, realmtest.Config{}, httpapi.Config{})
	cookie, _ = s.signIn("ada", session.CreateParams{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest("GET", base+"/get-session", nil).WithContext(ctx)
	r.Header.Set("Cookie", cookie)
	s.api.ServeHTTP(httptest.NewRecorder(), r)
	if strings.Contains(s.Log.String(), "request failed") {
		t.Errorf("log %s", s.Log)
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
