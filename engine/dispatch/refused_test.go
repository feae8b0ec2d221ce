package dispatch_test

import (
	"testing"

	"github.com/authhost/authhost/engine/apierror"
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
		ex.Refused(t.Context(), apierror.New(418, "TEAPOT", "No coffee"))
		if len(ex.Response.Cookies) != 0 || ex.Response.Headers.Get("X-Cookie") != "x=1; Path=/" {
			t.Errorf("headers %v, cookies %v", ex.Response.Headers, ex.Response.Cookies)
		}
	}
}

// TestReworded: a hook says an error in other words; its status stays, and so
// does an error whose hook fails.
func TestReworded(t *testing.T) {
	hook := func(id string, steps ...w.Step) *w.Guest {
		return w.New(&pluginapi.Manifest{
			ID: id, ABI: "1.1", Permissions: []pluginapi.Permission{{Name: "responses"}},
			Handlers: []pluginapi.Handler{on(1, pluginapi.EventRequestRefused)},
		}).Handler(1, steps...)
	}
	for name, tt := range map[string]struct {
		guest *w.Guest
		want  apierror.Error
	}{
		"message": {hook("german", w.Set("error.message", "Kein Kaffee")), apierror.Error{Status: 418, Code: "TEAPOT", Message: "Kein Kaffee"}},
		"code":    {hook("coder", w.Copy("error.message", "error.code"), w.Set("error.code", "KANNE")), apierror.Error{Status: 418, Code: "KANNE", Message: "TEAPOT"}},
		"status":  {hook("forger", w.Set("error.status", "500")), apierror.Error{Status: 418, Code: "TEAPOT", Message: "No coffee"}},
		"trap":    {hook("broken", w.Trap()), apierror.Error{Status: 418, Code: "TEAPOT", Message: "No coffee"}},
	} {
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{tt.guest}})
		got := r.Exchange(t, post("/guest")).Refused(t.Context(), apierror.New(418, "TEAPOT", "No coffee"))
		if got.Status != tt.want.Status || got.Code != tt.want.Code || got.Message != tt.want.Message {
			t.Errorf("%s: got %v, want %v", name, got, &tt.want)
		}
	}
}
