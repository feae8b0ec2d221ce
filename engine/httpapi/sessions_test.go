package httpapi_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

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
		{name: "due, not to be remembered", age: day - time.Second, params: session.CreateParams{DontRemember: true}, live: true},
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

// TestAnswerIsNotTheSession: a hook that changes the answer about a session
// does not change what the session is to the hooks after it, and what a server
// call does not show is still there.
func TestAnswerIsNotTheSession(t *testing.T) {
	hook := func(number int32) pluginapi.Handler {
		return pluginapi.Handler{Number: number, Kind: pluginapi.KindHook, Event: pluginapi.EventResponseSession}
	}
	g := plugin("guest", hook(1), hook(2)).
		Handler(1, w.Copy("response.headers.x-before", "session.user.name"), w.Set("response.body.user.name", "eve"), w.Set("response.body.session.userId", "eve")).
		Handler(2, w.Copy("response.headers.x-name", "session.user.name"), w.Copy("response.headers.x-user", "session.session.userId"), w.Copy("response.headers.x-body", "response.body.user.name"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{g}}, httpapi.Config{})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	rec := s.do("GET", base+"/get-session", "", "Cookie", cookie)
	for name, want := range map[string]string{"X-Before": "ada", "X-Name": "ada", "X-User": "ada", "X-Body": "eve"} {
		if got := rec.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(rec.Body.String(), `"name":"eve"`) {
		t.Errorf("the answer is %s", rec.Body)
	}
}
