package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// follower hooks response.session as handler 1, and whatever else it is given.
func follower(hook []w.Step, handlers ...pluginapi.Handler) *w.Guest {
	handlers = append(handlers, pluginapi.Handler{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventResponseSession})
	return w.New(&pluginapi.Manifest{
		ID: "follower", Handlers: handlers, Cookies: []pluginapi.Cookie{{Name: "seen", MaxAge: 60}},
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapKeys, Keys: []string{"test"}}, {Name: pluginapi.CapRandom}},
	}).Permit("requests", "responses", "claims", "subjects").Handler(1, hook...)
}

// sign signs a token about the session's user, and makes it a cookie.
var sign = []w.Step{
	w.Set("args.use", "test"), w.SetKind("args.expiresIn", pluginapi.KindNumber, "900"), w.SetKind("args.reuse", pluginapi.KindNumber, "600"),
	w.SetKind("args.id", pluginapi.KindBool, "true"), w.Copy("args.claims.sub", "session.user.id"), w.Copy("args.claims.name", "session.user.name"),
	w.Call("keys", "sign", ""), w.Must(), w.Copy("response.cookies.seen", "result.token"),
}

// ran counts the calls of a handler by their outcome.
func (s *server) ran(outcome string) int {
	n := 0
	for _, done := range s.Done.List() {
		if done == "follower#1 "+outcome {
			n++
		}
	}
	return n
}

// TestRepeatedHooks: a hook that was told of nothing but the session, the
// settings and the tenant is not run again for the same.
func TestRepeatedHooks(t *testing.T) {
	also := func(steps ...w.Step) []w.Step {
		return append([]w.Step{w.Copy("response.cookies.seen", "session.user.name")}, steps...)
	}
	for name, tt := range map[string]struct {
		hook     []w.Step
		repeated bool
	}{
		"cookies of the session": {also(), true},
		"settings and tenant":    {also(w.Get("config.x"), w.Get("tenant.issuer"), w.Get("event.phase")), true},
		"a token for reuse":      {sign, true},
		"the request":            {also(w.Get("request.headers.origin")), false},
		"its cookies":            {also(w.Copy("scratch.x", "request.cookies.seen")), false},
		"its body":               {also(w.Get("request.body")), false},
		"the answer":             {also(w.Get("response.body")), false},
		"the time":               {also(w.Get("now.ms")), false},
		"a header":               {also(w.Set("response.headers.x-seen", "1")), false},
		"the body":               {also(w.Set("response.body.seen", "1")), false},
		"a line of the log":      {also(w.Log(1, "seen")), false},
		"another host call":      {also(w.Call("random", "uuid", "{}")), false},
		"a token for once":       {append([]w.Step{w.Call("keys", "sign", `{"use":"test","expiresIn":60,"claims":{"sub":"ada"}}`)}, sign...), false},
		"a refused call":         {append([]w.Step{w.Call("keys", "sign", `{"use":"other","expiresIn":60,"reuse":1,"claims":{}}`)}, sign...), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, realmtest.Config{Guests: []*w.Guest{follower(tt.hook)}}, httpapi.Config{})
			cookie, _ := s.signIn("ada", session.CreateParams{})
			first := s.do("GET", base+"/get-session", "", "Cookie", cookie)
			again := s.do("GET", base+"/get-session", "", "Cookie", cookie)
			if got := s.ran("repeated") == 1; got != tt.repeated {
				t.Errorf("repeated: %v, handlers %v, log %s", got, s.Done.List(), s.Log)
			}
			if a, b := first.Header().Values("Set-Cookie"), again.Header().Values("Set-Cookie"); len(a) != 1 || len(b) != 1 || a[0] != b[0] {
				t.Errorf("cookies %q and %q", a, b)
			}
		})
	}
}

// TestRepeatedHooksEnd: whatever the hook was told of changes, it runs again.
func TestRepeatedHooksEnd(t *testing.T) {
	change := func(model, id, field string) func(*server) {
		return func(s *server) {
			op := store.Op{Kind: store.Update, Model: model, ID: id, Fields: document.NewObject(1).Set(field, document.Text("new"))}
			if err := s.Store.Apply(s.t.Context(), []store.Op{op}); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		policy session.Policy
		then   func(s *server, sess string)
		more   []string // headers
	}{
		"another user's name":    {then: func(s *server, _ string) { change("user", "ada", "name")(s) }},
		"another session":        {then: func(s *server, id string) { change("session", id, "userAgent")(s) }},
		"no longer fresh":        {policy: session.Policy{FreshAge: time.Minute}, then: func(s *server, _ string) { s.Clock.Advance(time.Minute) }},
		"the time of the token":  {then: func(s *server, _ string) { s.Clock.Advance(300*time.Second + time.Second) }},
		"a key that was retired": {then: func(s *server, _ string) { retire(s) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, realmtest.Config{Session: tt.policy, Guests: []*w.Guest{follower(sign)}}, httpapi.Config{})
			cookie, sess := s.signIn("ada", session.CreateParams{})
			for range 2 {
				s.do("GET", base+"/get-session", "", "Cookie", cookie)
			}
			tt.then(s, sess.ID)
			if rec := s.do("GET", base+"/get-session", "", "Cookie", cookie); len(rec.Header().Values("Set-Cookie")) != 1 {
				t.Errorf("cookies %v", rec.Header())
			}
			if s.ran("ok") != 2 || s.ran("repeated") != 1 {
				t.Errorf("handlers %v", s.Done.List())
			}
		})
	}
}

// retire takes the key that signs out of use.
func retire(s *server) {
	s.t.Helper()
	for _, old := range s.keys() {
		if _, err := s.Host.Keys.Rotate(s.t.Context(), "test", "RS256"); err != nil {
			s.t.Fatal(err)
		}
		if err := s.Host.Keys.Retire(s.t.Context(), "test", old.ID); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *server) keys() []keyring.Info {
	s.t.Helper()
	keys, err := s.Host.Keys.List(s.t.Context(), "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return keys
}

// TestRepeatedHooksApart: what one session's hook set is not set for another,
// and where a plugin adds claims to tokens, each is asked for anew.
func TestRepeatedHooksApart(t *testing.T) {
	claims := follower(sign, pluginapi.Handler{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventTokenClaims}).
		Handler(2, w.Set("claims.role", "admin"))
	for name, tt := range map[string]struct {
		guest    *w.Guest
		repeated int
	}{
		"by session":       {follower(sign), 2},
		"with more claims": {claims, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, realmtest.Config{Guests: []*w.Guest{tt.guest}}, httpapi.Config{})
			seen := map[string]string{}
			for _, user := range []string{"ada", "bob"} {
				cookie, _ := s.signIn(user, session.CreateParams{})
				for range 2 {
					rec := s.do("GET", base+"/get-session", "", "Cookie", cookie)
					token, _, _ := strings.Cut(rec.Header().Get("Set-Cookie"), ";")
					if other, taken := seen[token]; token == "" || taken && other != user {
						t.Errorf("%s got the token of %s: %q", user, other, token)
					}
					seen[token] = user
				}
			}
			if s.ran("repeated") != tt.repeated {
				t.Errorf("handlers %v", s.Done.List())
			}
		})
	}
}
