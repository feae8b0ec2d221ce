package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
)

// nothing listens to no record events.
type nothing struct{}

func (nothing) Verdict(context.Context, string, *document.Object, *document.Object) error { return nil }
func (nothing) Happened(string, *store.Record, *document.Object)                          {}

// browser keeps cookies as a browser does.
type browser struct {
	api     http.Handler
	cookies map[string]string
}

// call sends a request and returns its answer's body, and the names of the
// cookies that it sets; "-" marks those that it takes away.
func (b *browser) call(t *testing.T, method, path, body string) (answer string, set []string) {
	t.Helper()
	r := httptest.NewRequest(method, "/api/auth"+path, strings.NewReader(body))
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "http://localhost:3000")
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		name := strings.TrimPrefix(c.Name, "better-auth.")
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			name = "-" + name
		} else {
			b.cookies[c.Name] = c.Value
		}
		set = append(set, name)
	}
	slices.Sort(set)
	return w.Body.String(), set
}

// signedIn returns a browser with a session, and the session.
func signedIn(t *testing.T, c realmtest.Config) (*realmtest.Realm, *browser, *store.Record) {
	t.Helper()
	r := realmtest.New(t, c)
	api, err := httpapi.New(httpapi.Config{Realm: r.Realm, Plugins: r.Set, Capabilities: r.Host, Views: r.Views, Logger: r.Log.Logger(), Now: r.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	tx := store.Begin(r.Store)
	fields := document.NewObject(2).Set("email", document.Text("ada@example.com")).Set("name", document.Text("Ada"))
	user, _, err := r.Identity.CreateUser(t.Context(), store.Work{Tx: tx, Hooks: nothing{}, Now: r.Clock.Now()}, identity.NewUser{Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	sess, err := r.Sessions.Create(t.Context(), store.Work{Tx: tx, Hooks: nothing{}, Now: r.Clock.Now()}, session.CreateParams{UserID: user.ID})
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	cookies := map[string]string{"better-auth.session_token": session.EncodeURIComponent(r.Secrets.Sign(sess.Str("token")))}
	return r, &browser{api: api, cookies: cookies}, sess
}

// TestCookieCache follows a session and its copy from the first reading to
// the end.
func TestCookieCache(t *testing.T) {
	for _, encoding := range []string{session.EncodingCompact, session.EncodingJWT, session.EncodingJWE} {
		t.Run(encoding, func(t *testing.T) {
			r, b, sess := signedIn(t, realmtest.Config{Cache: session.CacheConfig{MaxAge: time.Minute, Encoding: encoding}})
			step := func(name, method, path, body, wantBody string, wantSet ...string) {
				t.Helper()
				answer, set := b.call(t, method, path, body)
				if !strings.Contains(answer, wantBody) || !slices.Equal(set, wantSet) {
					t.Errorf("%s: %s sets %v, want %s and %v", name, answer, set, wantBody, wantSet)
				}
			}
			const ada, none = `"email":"ada@example.com"`, "null"
			step("from the store", "GET", "/get-session", "", ada, "session_data")
			step("from the copy", "GET", "/get-session", "", ada)
			step("asking the store", "GET", "/get-session?disableCookieCache=true", "", ada, "session_data")
			step("without anything written", "GET", "/get-session?disableCookieCache=true&disableRefresh=true", "", ada)
			r.Clock.Advance(61 * time.Second)
			step("the copy ended", "GET", "/get-session", "", ada, "session_data")
			step("a POST asks the store", "POST", "/revoke-other-sessions", "{}", "true", "session_data")
			copied := b.cookies["better-auth.session_data"]
			tx := store.Begin(r.Store)
			if err := r.Sessions.Delete(t.Context(), store.Work{Tx: tx, Hooks: nothing{}}, sess); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			step("revoked, but for the copy", "GET", "/get-session", "", ada)
			step("other endpoints ask the store", "POST", "/revoke-other-sessions", "{}", "UNAUTHORIZED", "-dont_remember", "-session_data", "-session_token")
			b.cookies["better-auth.session_data"] = copied
			step("a copy alone", "GET", "/get-session", "", none)
		})
	}
}

// TestRefreshCache: a copy that is about to end is replaced by one of what is
// stored by then, and before that it is read as it is.
func TestRefreshCache(t *testing.T) {
	for _, encoding := range []string{session.EncodingCompact, session.EncodingJWT, session.EncodingJWE} {
		t.Run(encoding, func(t *testing.T) {
			r, b, sess := signedIn(t, realmtest.Config{Cache: session.CacheConfig{MaxAge: time.Minute, Encoding: encoding, RenewAhead: 10 * time.Second}})
			read := func(name, query, want string, wantSet ...string) {
				t.Helper()
				if answer, set := b.call(t, "GET", "/get-session"+query, ""); !strings.Contains(answer, want) || !slices.Equal(set, wantSet) {
					t.Errorf("%s: %s sets %v, want %s and %v", name, answer, set, want, wantSet)
				}
			}
			const ada = `"email":"ada@example.com"`
			read("from the store", "", ada, "session_data")
			r.Clock.Advance(50 * time.Second)
			read("the copy has its time left", "", ada)
			r.Clock.Advance(time.Second)
			read("asking for no refresh", "?disableRefresh=true", ada)
			read("renewed", "", ada, "session_data", "session_token")
			r.Clock.Advance(50 * time.Second)
			read("from the new copy", "", ada)
			tx := store.Begin(r.Store)
			if err := r.Sessions.Delete(t.Context(), store.Work{Tx: tx, Hooks: nothing{}}, sess); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			read("revoked, but for the copy", "", ada)
			r.Clock.Advance(time.Second)
			read("no copy is made of what was revoked", "", "null", "-dont_remember", "-session_data", "-session_token")
		})
	}
}

// TestNoCopyOfEndedSession: who ends its own session gets no copy of it.
func TestNoCopyOfEndedSession(t *testing.T) {
	_, b, _ := signedIn(t, realmtest.Config{Cache: session.CacheConfig{MaxAge: time.Minute}})
	if _, set := b.call(t, "GET", "/get-session", ""); !slices.Equal(set, []string{"session_data"}) {
		t.Fatalf("set %v", set)
	}
	if _, set := b.call(t, "POST", "/revoke-sessions", "{}"); !slices.Equal(set, []string{"-session_data"}) {
		t.Errorf("set %v", set)
	}
}

// TestCopyHidesFields: what clients may not see is not in their copy.
func TestCopyHidesFields(t *testing.T) {
	_, b, _ := signedIn(t, realmtest.Config{Cache: session.CacheConfig{MaxAge: time.Minute}, Views: identity.Views{HiddenUser: []string{"email"}}})
	b.call(t, "GET", "/get-session", "")
	if answer, set := b.call(t, "GET", "/get-session", ""); len(set) > 0 || !strings.Contains(answer, `"name":"Ada"`) || strings.Contains(answer, "email\":\"ada") {
		t.Errorf("%s, set %v", answer, set)
	}
}
