package capability_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func keysOf(uses ...string) pluginapi.Capability {
	return pluginapi.Capability{Name: pluginapi.CapKeys, Keys: uses}
}

func TestKeysVerify(t *testing.T) {
	g := guest("signer", []pluginapi.Capability{keysOf("a", "b")},
		w.Call("keys", "sign", `{"use":"a","alg":"ES256","claims":{"sub":"ada"},"expiresIn":60}`), w.Must(),
		w.Copy("response.body.token", "result.token"),
		w.Copy("args.token", "response.body.token"), w.Set("args.use", "a"), w.Set("args.alg", "ES256"), call("good", "keys", "verify", ""),
		w.Copy("args.token", "response.body.token"), w.Set("args.use", "a"), call("algorithm", "keys", "verify", ""),
		w.Copy("args.token", "response.body.token"), w.Set("args.use", "b"), w.Set("args.alg", "ES256"), call("use", "keys", "verify", ""),
		w.Copy("args.token", "response.body.token"), w.Set("args.use", "c"), w.Set("args.alg", "ES256"), call("foreign", "keys", "verify", ""),
		call("nothing", "keys", "verify", `{"use":"a","alg":"ES256"}`),
		call("garbage", "keys", "verify", `{"use":"a","alg":"ES256","token":"a.b.c"}`),
		call("long", "keys", "sign", `{"use":"a","alg":"ES256","claims":{},"expiresIn":604801}`),
	)
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	answer := run(t, r, 0)
	for name, want := range map[string]pluginapi.Status{
		"good": pluginapi.StatusOK, "algorithm": pluginapi.StatusInvalid, "use": pluginapi.StatusInvalid, "foreign": pluginapi.StatusDenied,
		"nothing": pluginapi.StatusInvalid, "garbage": pluginapi.StatusInvalid, "long": pluginapi.StatusInvalid,
	} {
		if got := statusOf(t, answer, name); got != want {
			t.Errorf("%s: %s, want %s: %s", name, got, want, answer.Get(name).JSON())
		}
	}
	if sub := answer.Get("good").Get("result").Get("claims").Get("sub").Str(); sub != "ada" {
		t.Errorf("claims %s", answer.Get("good").JSON())
	}

	late := guest("late", []pluginapi.Capability{keysOf("a")},
		w.Copy("args.token", "request.body.token"), w.Set("args.use", "a"), w.Set("args.alg", "ES256"), call("late", "keys", "verify", ""))
	r = realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, late}})
	token := run(t, r, 0).Get("token")
	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/late"})
	ex.Request.Body = document.Obj(document.NewObject(1).Set("token", token))
	ex.Now = ex.Now.Add(time.Minute)
	if got := runOn(t, r, ex, 1).Get("late"); got.Get("result").Get("code").Str() != "expired" {
		t.Errorf("after its time: %s", got.JSON())
	}
}

// What a withdrawn key has signed is not handed out again.
func TestReuseEndsWithTheKey(t *testing.T) {
	g := guest("signer", []pluginapi.Capability{keysOf("a")},
		w.Call("keys", "sign", `{"use":"a","alg":"ES256","claims":{"sub":"ada"},"expiresIn":60,"reuse":10,"id":true}`), w.Must(),
		w.Copy("response.body", "result"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	first, again := run(t, r, 0), run(t, r, 0)
	if first.Get("token").Str() != again.Get("token").Str() {
		t.Error("a token was not reused")
	}
	if err := r.Host.Keys.Retire(t.Context(), "a", first.Get("kid").Str()); err != nil {
		t.Fatal(err)
	}
	if now := run(t, r, 0); now.Get("kid").Str() == first.Get("kid").Str() || now.Get("token").Str() == first.Get("token").Str() {
		t.Error("a token of a withdrawn key was handed out")
	}
}

// A hook may add claims, and change none that the signer reserves.
func TestReservedClaims(t *testing.T) {
	for claim, ok := range map[string]bool{"role": true, "sub": false, "aud": false} {
		hook := w.New(&pluginapi.Manifest{ID: "hook", Handlers: []pluginapi.Handler{{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventTokenClaims}}}).Permit("claims").
			Handler(2, w.Set("claims."+claim, "evil"))
		g := guest("signer", []pluginapi.Capability{keysOf("a")},
			call("sign", "keys", "sign", `{"use":"a","alg":"ES256","claims":{"sub":"ada"},"expiresIn":60,"reserved":["sub","aud"]}`))
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
		answer := run(t, r, 0)
		if got := statusOf(t, answer, "sign") == pluginapi.StatusOK; got != ok || strings.Contains(string(answer.JSON()), "evil") {
			t.Errorf("claim %s: %s", claim, answer.JSON())
		}
	}
}

// TestSubject: without the permission "subjects" a token is about the user of
// the session.
func TestSubject(t *testing.T) {
	sign := func(claims string) string { return `{"use":"a","alg":"ES256","expiresIn":60,"claims":` + claims + `}` }
	g := w.New(&pluginapi.Manifest{
		ID: "signer", Capabilities: []pluginapi.Capability{keysOf("a")},
		Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/signer"}},
	}).Handler(1,
		call("own", "keys", "sign", sign(`{"sub":"ada"}`)), call("other", "keys", "sign", sign(`{"sub":"bob"}`)),
		call("nobody", "keys", "sign", sign(`{}`)), call("number", "keys", "sign", sign(`{"sub":7}`)), call("empty", "keys", "sign", sign(`{"sub":""}`)),
		call("field", "keys", "sign", sign(`{"sub":"app|7"}`)))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Fields: []store.Model{{Name: "user", Fields: []store.Field{{Name: "appId", Type: store.String}}}}})
	addUser(t, r, "ada")
	appID := document.NewObject(1).Set("appId", document.Text("app|7"))
	if err := r.Store.Apply(t.Context(), []store.Op{{Kind: store.Update, Model: "user", ID: "ada", Fields: appID}}); err != nil {
		t.Fatal(err)
	}
	session := signIn(t, r, "ada")
	statuses := func(signedIn bool, subjects ...string) string {
		r.Set.Plugins()[0].Subjects = subjects
		ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/signer"})
		if signedIn {
			ex.Session.UseToken(session.Str("token"), false)
		}
		answer, out := runOn(t, r, ex, 0), []string{}
		for _, name := range []string{"own", "other", "nobody", "number", "empty", "field"} {
			if statusOf(t, answer, name) == pluginapi.StatusOK {
				out = append(out, name)
			}
		}
		return strings.Join(out, " ")
	}
	if got := statuses(true); got != "own" {
		t.Errorf("with a session: %s", got)
	}
	if got := statuses(true, "appId", "missing"); got != "own field" {
		t.Errorf("with a field that names users: %s", got)
	}
	if got := statuses(false, "appId"); got != "" {
		t.Errorf("without a session: %s", got)
	}
	if !strings.Contains(r.Log.String(), "permission=subjects") {
		t.Errorf("the log has %s", r.Log)
	}
}
