package httpapi_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

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
		rec, err = s.Sessions.Create(ctx, store.Work{Tx: ex.Tx(), Hooks: ex, Now: s.Clock.Now()}, p)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	cookie := "better-auth.session_token=" + session.EncodeURIComponent(s.Secrets.Sign(rec.Str("token")))
	if p.DontRemember {
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
	}}).Permit("requests", "responses")
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
