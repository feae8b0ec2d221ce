package dispatch_test

import (
	"slices"
	"testing"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func TestPendingSession(t *testing.T) {
	hook := everything("hook", on(2, pluginapi.EventSessionCreating), on(3, pluginapi.EventRequestAfter), on(4, pluginapi.EventResponseSession)).
		Handler(2,
			w.Copy("response.body.seen", "response.body"),
			w.Copy("response.body.reason", "event.reason"), w.Copy("response.body.plugin", "event.plugin"), w.Copy("response.body.rememberMe", "event.rememberMe"),
			w.SetKind("response.body.twoFactorRedirect", pluginapi.KindBool, "true"),
			w.Set("response.cookies.hook_signed", "challenge"),
			w.Call("storage", "insert", `{"model":"hookNote","record":{"name":"challenge"}}`), w.Must(),
			w.Return(pluginapi.Respond)).
		Handler(3, w.Set("response.headers.x-after", "ran"), w.Copy("response.headers.x-session", "session.user.id")).
		Handler(4, w.Set("response.headers.x-issued", "ran"))
	g := everything("guest").Handler(1,
		w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"),
		w.Copy("response.body.user", "result.user"), w.Set("response.headers.x-user", "ada"), w.Set("response.cookies.guest_plain", "c"),
		w.SetKind("args.rememberMe", pluginapi.KindBool, "false"), w.Set("args.reason", "sign-in"),
		w.Call("session", "create", ""), w.Must(),
		w.Copy("response.body.pending", "result.pending"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := ex.After(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := body(ex); got != `{"reason":"sign-in","plugin":"guest","rememberMe":false,"twoFactorRedirect":true}` {
		t.Errorf("answer %s", got)
	}
	h := ex.Response.Headers
	if h.Get("X-User") != "" || h.Get("X-Issued") != "" || h.Get("X-Session") != "" || h.Get("X-After") != "ran" {
		t.Errorf("headers %v", h)
	}
	for _, c := range ex.Response.Cookies {
		switch {
		case c.Name == "hook_signed" && c.Value == r.Secrets.Sign("challenge"), c.Name == "dont_remember", c.Value == "":
		default:
			t.Errorf("cookie %+v", c)
		}
	}
	if page, _ := r.Store.List(t.Context(), store.Query{Model: "session"}); len(page.Records) != 0 {
		t.Error("there is a session")
	}
	if page, _ := r.Store.List(t.Context(), store.Query{Model: "hookNote"}); len(page.Records) != 1 {
		t.Error("the challenge is not stored")
	}
}

// TestPendingAfterSession: a session that a handler got first is not handed
// out when a second one is held back.
func TestPendingAfterSession(t *testing.T) {
	hook := everything("hook", on(2, pluginapi.EventSessionCreating)).Handler(2,
		w.Call("storage", "insert", `{"model":"hookNote","record":{"name":"first"}}`),
		w.If(pluginapi.StatusOK, w.Return(pluginapi.Continue)),
		w.Set("response.body.held", "back"), w.Return(pluginapi.Respond))
	hook.Manifest().Handlers = append(hook.Manifest().Handlers, on(3, pluginapi.EventResponseSession))
	hook.Handler(3, w.Set("response.body.issued", "yes"))
	g := everything("guest").Handler(1,
		w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must(),
		w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must())
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := ex.After(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := body(ex); got != `{"held":"back"}` {
		t.Errorf("answer %s", got)
	}
	for _, c := range ex.Response.Cookies {
		if c.Value != "" {
			t.Errorf("cookie %+v", c)
		}
	}
}

func TestSessionPhases(t *testing.T) {
	watcher := everything("watcher", on(2, pluginapi.EventResponseSession)).Handler(2,
		w.Copy("response.headers.x-phase", "event.phase"), w.Copy("response.headers.x-reason", "event.reason"), w.Copy("response.headers.x-user", "session.user.name"))
	signIn := []w.Step{w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"), w.Set("args.reason", "test"), w.Call("session", "create", ""), w.Must()}
	tests := []struct {
		name                string
		steps               []w.Step
		phase, reason, user string
	}{
		{"nothing", nil, "", "", ""},
		{"issued", signIn, "issued", "test", "Ada"},
		{"ended", []w.Step{w.Call("session", "end", `{"reason":"bye"}`), w.Must()}, "ended", "bye", ""},
		{"issued after the end of another", append([]w.Step{w.Call("session", "end", `{}`), w.Must()}, signIn...), "issued", "test", "Ada"},
		{"ended after it was issued", append(slices.Clone(signIn), w.Call("session", "end", `{}`), w.Must()), "ended", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1, tt.steps...), watcher}})
			ex, err := runFirst(t, r)
			if err != nil {
				t.Fatal(err)
			}
			if err := ex.After(t.Context()); err != nil {
				t.Fatal(err)
			}
			h := ex.Response.Headers
			if h.Get("X-Phase") != tt.phase || h.Get("X-Reason") != tt.reason || h.Get("X-User") != tt.user {
				t.Errorf("headers %v", h)
			}
		})
	}
}
