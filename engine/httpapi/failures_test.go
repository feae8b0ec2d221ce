package httpapi_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func TestErrorURL(t *testing.T) {
	for _, tt := range []struct{ errorURL, query, location string }{
		{"/oops", "?error=invalid_code", "/oops?error=invalid_code"},
		{"/oops", "", "/oops?error=UNKNOWN"},
		{"/oops", "?error=%3Csvg%20onload%3E", "/oops?error=UNKNOWN"},
		{"/oops", "?error=email_doesn%27t_match", "/oops?error=email_doesn%27t_match"},
		{"/oops", "?error=a&error=b", "/oops?error=a"},
		{"/oops", "?error=x&error_description=%3Cb%3E%0D%0AX:%20y", "/oops?error=x&error_description=%3Cb%3E%0D%0AX%3A+y"},
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
