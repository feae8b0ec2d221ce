package dispatch_test

import (
	"testing"

	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func TestRefused(t *testing.T) {
	hooks := func(id string, steps ...w.Step) *w.Guest {
		return w.New(&pluginapi.Manifest{
			ID: id, Capabilities: []pluginapi.Capability{{Name: pluginapi.CapCookies}},
			Handlers: []pluginapi.Handler{on(1, pluginapi.EventRequestRefused)},
		}).Permit("responses").Handler(1, steps...)
	}
	mover := hooks("mover", w.Call("cookies", "detach", `{}`), w.Must(), w.Copy("response.headers.x-cookie", "result.lines.0"))
	broken := hooks("broken", w.Trap())
	endpoint := w.New(&pluginapi.Manifest{ID: "guest", Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/guest"}}}).
		Handler(1, w.Deny("418", "TEAPOT", "No coffee"))
	for _, guests := range [][]*w.Guest{{endpoint, mover}, {endpoint, mover, broken}} {
		r := realmtest.New(t, realmtest.Config{Guests: guests})
		ex := r.Exchange(t, post("/guest"))
		ex.Response.SetCookie(session.Cookie{Name: "x", Line: "x=1; Path=/"})
		if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err == nil {
			t.Fatal("the endpoint did not refuse")
		}
		ex.Refused(t.Context())
		if len(ex.Response.Cookies) != 0 || ex.Response.Headers.Get("X-Cookie") != "x=1; Path=/" {
			t.Errorf("headers %v, cookies %v", ex.Response.Headers, ex.Response.Cookies)
		}
	}
}
