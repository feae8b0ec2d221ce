package dispatch_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// family is a guest with a family of signed cookies.
func family(steps ...w.Step) *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID:           "guest",
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapSession}, {Name: pluginapi.CapIdentity, Write: []string{"user"}}, {Name: pluginapi.CapCookies}},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/guest"},
			on(2, pluginapi.EventResponseSession),
		},
		Cookies: []pluginapi.Cookie{{Name: "of_guest-*", Signed: true, MaxAge: 60}, {Name: "single"}},
	}).Permit("tokens").Handler(1, steps...)
}

func TestCookieFamily(t *testing.T) {
	g := family(
		w.Set("response.cookies.of_guest-a1", "v"), w.Must(),
		w.Set("response.cookies.of_guest-", "v"), w.Report("response.body.bare"),
		w.Set("response.cookies.other-a1", "v"), w.Report("response.body.other"),
		w.Copy("response.body.own", "request.cookies"), w.Copy("response.body.one", "request.cookies.of_guest-b2")).Handler(2)
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	signed := session.EncodeURIComponent(r.Secrets.Sign("b"))
	header := strings.Join([]string{
		"better-auth.of_guest-b2=" + signed, "better-auth.single=x", "better-auth.single=y", "better-auth.of_guest-c3=unsigned",
		"better-auth.foreign=1", "better-auth.session_token=t", "single=z", "nonsense",
	}, "; ")
	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest", Headers: http.Header{"Cookie": {header}}})
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
		t.Fatal(err)
	}
	if want := `{"bare":3,"other":3,"own":{"of_guest-b2":"b","single":"x"},"one":"b"}`; body(ex) != want {
		t.Errorf("got  %s\nwant %s", body(ex), want)
	}
	want := "better-auth.of_guest-a1=" + session.EncodeURIComponent(r.Secrets.Sign("v")) + "; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"
	if c := ex.Response.Cookies; len(c) != 1 || c[0].Line != want {
		t.Errorf("cookies %v, want %s", c, want)
	}
}

// TestSessionToken: the token that the answer hands out can be read, also when
// its cookie was detached, but not without the capability.
func TestSessionToken(t *testing.T) {
	signIn := []w.Step{w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must()}
	g := family(signIn...).Handler(2,
		w.Copy("response.headers.x-before", "response.sessionToken"), w.Call("cookies", "detach", `{}`), w.Must(),
		w.Copy("response.headers.x-after", "response.sessionToken"), w.Copy("response.headers.x-line", "result.lines.0"))
	blind := w.New(&pluginapi.Manifest{ID: "blind", Handlers: []pluginapi.Handler{on(1, pluginapi.EventResponseSession)}}).
		Handler(1, w.Copy("response.headers.x-blind", "response.sessionToken"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{blind, g}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := ex.After(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := ex.Response.Headers
	token, ok := r.Secrets.Verify(h.Get("X-Before"))
	if !ok || token == "" || h.Get("X-After") != h.Get("X-Before") || h.Get("X-Blind") != "" {
		t.Errorf("headers %v", h)
	}
	if len(ex.Response.Cookies) != 0 || !strings.HasPrefix(h.Get("X-Line"), "better-auth.session_token="+token) {
		t.Errorf("cookies %v, line %q", ex.Response.Cookies, h.Get("X-Line"))
	}
}

// TestInjectedCookies: they count like the request's own, which win where both
// have one name.
func TestInjectedCookies(t *testing.T) {
	g := family(w.Copy("response.body", "request.cookies.single")).Handler(2)
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	for _, tt := range []struct{ own, injected, want string }{
		{"", "better-auth.single=2", `"2"`},
		{"better-auth.single=1", "better-auth.single=2", `"1"`},
		{"other=1", "x=y; better-auth.single=2", `"2"`},
	} {
		headers := http.Header{}
		if tt.own != "" {
			headers.Set("Cookie", tt.own)
		}
		ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest", Headers: headers})
		ex.InjectCookies(tt.injected)
		if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
			t.Fatal(err)
		}
		if body(ex) != tt.want || headers.Get("Cookie") != tt.own {
			t.Errorf("%+v: got %s; the client's headers are %v", tt, body(ex), headers)
		}
	}
}

func TestCookieClashes(t *testing.T) {
	plugin := func(id, cookie string) *dispatch.Plugin {
		return &dispatch.Plugin{ID: id, Manifest: &pluginapi.Manifest{ID: id, Cookies: []pluginapi.Cookie{{Name: cookie}}}}
	}
	for _, tt := range []struct {
		a, b  string
		clash bool
	}{
		{"x", "x", true}, {"x-*", "x-*", true}, {"x-*", "x-1", true}, {"x-1", "x-*", true}, {"x-*", "x-y-*", true},
		{"x-*", "x-", false}, {"x", "y", false}, {"x-*", "y-*", false},
	} {
		_, err := dispatch.NewSet([]*dispatch.Plugin{plugin("a", tt.a), plugin("b", tt.b)})
		if (err != nil) != tt.clash {
			t.Errorf("%s and %s: %v", tt.a, tt.b, err)
		}
	}
}
