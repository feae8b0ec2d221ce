package capability_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const (
	newAda = `{"user":{"email":"ada@example.com","name":"Ada"},"account":{"providerId":"p","accountId":"7","accessToken":"at","refreshToken":"rt","idToken":"it","scope":"a,b"}}`
	ada    = `"providerId":"p","accountId":"7"`
)

func accountSteps() []w.Step {
	return []w.Step{
		call("create", "identity", "createUser", newAda),
		call("find", "identity", "findLinked", `{`+ada+`}`),
		call("tokens", "identity", "accountTokens", `{`+ada+`}`),
		call("update", "identity", "updateAccount", `{`+ada+`,"set":{"accessToken":"at2","userId":"eve","password":"x","accountId":"9","scope":"c"}}`),
		call("after", "identity", "accountTokens", `{`+ada+`}`),
		call("stored", "identity", "accountTokens", `{`+ada+`,"stored":true}`),
		call("nobody", "identity", "findLinked", `{"providerId":"p","accountId":"8"}`),
	}
}

// TestTokensAreSealed: what gives access is not to be read from the database,
// and what is there unsealed is read all the same.
func TestTokensAreSealed(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{identityOf("", "user account tokens")}, accountSteps()...)
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	answer := run(t, r, 0)
	for _, name := range []string{"create", "find", "tokens", "update", "after"} {
		want(t, answer, name, pluginapi.StatusOK)
	}
	want(t, answer, "nobody", pluginapi.StatusNotFound)
	if got := string(answer.Get("find").Get("result").Get("account").JSON()); strings.Contains(got, "Token") || !strings.Contains(got, `"hasPassword":false`) {
		t.Errorf("findLinked gives %s", got)
	}
	if got := string(answer.Get("tokens").Get("result").JSON()); got != `{"accessToken":"at","refreshToken":"rt","idToken":"it"}` {
		t.Errorf("got %s", got)
	}
	if got := string(answer.Get("after").Get("result").JSON()); got != `{"accessToken":"at2","refreshToken":"rt","idToken":"it"}` {
		t.Errorf("after the update: %s", got)
	}
	rec, err := r.Store.Find(t.Context(), "account", "providerId+accountId", document.Text("p"), document.Text("7"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"accessToken", "refreshToken"} {
		if !regexp.MustCompile(`^[0-9a-f]{80,}$`).MatchString(rec.Str(name)) {
			t.Errorf("%s is stored as %q", name, rec.Str(name))
		}
	}
	stored := answer.Get("stored").Get("result")
	if stored.Get("accessToken").Str() != rec.Str("accessToken") || stored.Get("refreshToken").Str() != rec.Str("refreshToken") || stored.Get("idToken").Str() != "it" {
		t.Errorf("as stored: %s", stored.JSON())
	}
	if rec.Str("scope") != "c" || rec.Str("password") != "" || rec.Str("userId") == "eve" {
		t.Errorf("the update reached %s", document.Obj(rec.Fields).JSON())
	}
}

// TestTokensNeedTheirGrant: a plugin that was granted accounts alone neither
// reads nor writes what gives access elsewhere.
func TestTokensNeedTheirGrant(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{identityOf("", "user account")}, append(accountSteps(),
		call("plain", "identity", "createUser", `{"user":{"email":"ada@example.com"},"account":{"providerId":"p","accountId":"7"}}`),
		call("write", "identity", "updateAccount", `{`+ada+`,"set":{"refreshToken":"x"}}`),
		call("read", "identity", "accountTokens", `{`+ada+`}`))...)
	answer := run(t, realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}}), 0)
	want(t, answer, "create", pluginapi.StatusDenied)
	want(t, answer, "plain", pluginapi.StatusOK)
	want(t, answer, "write", pluginapi.StatusDenied)
	want(t, answer, "read", pluginapi.StatusDenied)
}

// TestLinking: hooks see who is to be linked, and may refuse.
func TestLinking(t *testing.T) {
	linker := func(g *w.Guest) []byte {
		var code []byte
		for _, step := range []w.Step{
			w.Call("identity", "createUser", `{"user":{"email":"ada@example.com"}}`),
			w.Copy("args.userId", "result.user.id"), w.SetJSON("args.account", `{`+ada+`,"accessToken":"at"}`), w.SetJSON("args.profile", `{"email":"a@b.co","userId":"eve"}`),
			w.SetJSON("args.implicit", "true"),
			w.Call("identity", "linkAccount", ""), w.Report("response.body.status"), w.Copy("response.body.result", "result"),
		} {
			code = append(code, step(g)...)
		}
		return code
	}
	for _, veto := range []bool{false, true} {
		hook := w.New(&pluginapi.Manifest{ID: "hook", Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventIdentityLinking}}})
		steps := []w.Step{}
		if veto {
			steps = append(steps, w.Deny("403", "NOT_HERE", "No"))
		}
		hook.Handler(1, steps...)
		g := guest("guest", []pluginapi.Capability{identityOf("", "user account tokens")}, linker)
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
		answer := run(t, r, 0)
		n, _ := answer.Get("status").Int()
		switch status := pluginapi.Status(n); {
		case !veto && status != pluginapi.StatusOK, veto && (status != pluginapi.StatusDenied || answer.Get("result").Get("code").Str() != "NOT_HERE"):
			t.Errorf("veto %v: %s", veto, answer.JSON())
		}
		if _, err := r.Store.Find(t.Context(), "account", "providerId+accountId", document.Text("p"), document.Text("7")); (err == nil) == veto {
			t.Errorf("veto %v: the account: %v", veto, err)
		}
	}
}
