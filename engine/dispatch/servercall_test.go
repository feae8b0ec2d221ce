package dispatch_test

import (
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
)

// TestServerCallHidesToken: what is shown of a session to who is no client of
// the user's has no token, and the session itself still has it.
func TestServerCallHidesToken(t *testing.T) {
	g := everything("guest").Handler(1, w.Copy("response.body", "session.session.token"), w.Copy("response.headers.x-id", "session.session.id"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	text := func(pairs ...string) *document.Object {
		o := document.NewObject(len(pairs) / 2)
		for i := 0; i < len(pairs); i += 2 {
			o.Set(pairs[i], document.Text(pairs[i+1]))
		}
		return o
	}
	err := r.Store.Apply(t.Context(), []store.Op{
		{Kind: store.Insert, Model: "user", ID: "u", Fields: text("name", "Ada", "email", "ada@example.com")},
		{Kind: store.Insert, Model: "session", ID: "s", Fields: text("token", "t", "userId", "u", "expiresAt", "2099-01-01T00:00:00.000Z")},
	})
	if err != nil {
		t.Fatal(err)
	}
	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest"})
	ex.Session.Serve("key", "s", "u")
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
		t.Fatal(err)
	}
	if !ex.Response.Body.IsAbsent() || ex.Response.Headers.Get("X-Id") != "s" {
		t.Errorf("the guest saw the token %s of session %q", ex.Response.Body.JSON(), ex.Response.Headers.Get("X-Id"))
	}
	if cur, err := ex.Session.Current(t.Context()); err != nil || cur.Session.Str("token") != "t" {
		t.Errorf("the session lost its token: %+v, %v", cur.Session, err)
	}
}
