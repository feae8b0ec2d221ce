package httpapi_test

import (
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// TestAnswersAreCopies: a hook that changes an answer changes no record that it
// was made of, neither for what runs after it in the request nor for others.
func TestAnswersAreCopies(t *testing.T) {
	meddler := w.New(&pluginapi.Manifest{ID: "meddler", Handlers: []pluginapi.Handler{
		{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestAfter, Match: &pluginapi.Match{Paths: []string{"/get-session"}}},
	}}).Permit("requests", "responses").Handler(1,
		w.Set("response.body.user.name", "Mallory"), w.Set("response.body.session.userId", "mallory"),
		w.Copy("response.body.seen", "session.user.name"), w.Copy("response.body.of", "session.session.userId"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{meddler}}, httpapi.Config{})
	cookie, rec := s.signIn("ada", session.CreateParams{})
	for range 2 {
		got := s.do("GET", base+"/get-session", "", "Cookie", cookie).Body.String()
		if !strings.Contains(got, `"name":"Mallory"`) || !strings.Contains(got, `"seen":"ada"`) || !strings.Contains(got, `"of":"ada"`) {
			t.Errorf("got %s", got)
		}
	}
	kept, err := s.Store.Get(t.Context(), "session", rec.ID)
	if err != nil || kept.Str("userId") != "ada" || kept.Str("token") == "" {
		t.Errorf("the session is %v, %v", kept, err)
	}
}
