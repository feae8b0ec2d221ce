package capability_test

import (
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func capability(name string) pluginapi.Capability { return pluginapi.Capability{Name: name} }

func identityOf(read, write string) pluginapi.Capability {
	return pluginapi.Capability{Name: pluginapi.CapIdentity, Read: strings.Fields(read), Write: strings.Fields(write)}
}

// guest is a plugin with one endpoint.
func guest(id string, capabilities []pluginapi.Capability, steps ...w.Step) *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID: id, Capabilities: capabilities,
		Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/" + id}},
	}).Permit("tokens", "requests", "responses", "subjects").Handler(1, steps...)
}

// call is a host call that leaves its status and result in the answer, under
// a name.
func call(name, capability, function, args string) w.Step {
	return func(g *w.Guest) []byte {
		var code []byte
		for _, step := range []w.Step{
			w.Call(capability, function, args), w.Report("response.body." + name + ".status"), w.Copy("response.body."+name+".result", "result"),
		} {
			code = append(code, step(g)...)
		}
		return code
	}
}

// run runs the endpoint of a realm's nth plugin and returns its answer.
func run(t *testing.T, r *realmtest.Realm, n int) document.Value {
	t.Helper()
	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/" + r.Set.Plugins()[n].ID, IP: "203.0.113.7", UserAgent: "test"})
	return runOn(t, r, ex, n)
}

func runOn(t *testing.T, r *realmtest.Realm, ex *dispatch.Exchange, n int) document.Value {
	t.Helper()
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[n]); err != nil {
		t.Fatal(err)
	}
	return ex.Response.Body
}

// statusOf returns the status of a call.
func statusOf(t *testing.T, answer document.Value, name string) pluginapi.Status {
	t.Helper()
	n, ok := answer.Get(name).Get("status").Int()
	if !ok {
		t.Fatalf("no status of %s in %s", name, answer.JSON())
	}
	return pluginapi.Status(n)
}

func want(t *testing.T, answer document.Value, name string, status pluginapi.Status) document.Value {
	t.Helper()
	if got := statusOf(t, answer, name); got != status {
		t.Errorf("%s: got %s, want %s: %s", name, got, status, answer.Get(name).Get("result").JSON())
	}
	return answer.Get(name).Get("result")
}

// addUser stores a user with a password and a linked account whose secrets
// start with "secret-".
func addUser(t *testing.T, r *realmtest.Realm, id string) {
	t.Helper()
	object := func(pairs ...string) *document.Object {
		o := document.NewObject(len(pairs)).Set("createdAt", document.Time(realmtest.Start)).Set("updatedAt", document.Time(realmtest.Start))
		for i := 0; i < len(pairs); i += 2 {
			o.Set(pairs[i], document.Text(pairs[i+1]))
		}
		return o
	}
	err := r.Store.Apply(t.Context(), []store.Op{
		{Kind: store.Insert, Model: "user", ID: id, Fields: object("name", id, "email", id+"@example.com").Set("emailVerified", document.Boolean(false))},
		{Kind: store.Insert, Model: "account", ID: id + "-credential", Fields: object("userId", id, "accountId", id, "providerId", "credential", "password", "test-hash:secret-password")},
		{Kind: store.Insert, Model: "account", ID: id + "-github", Fields: object("userId", id, "accountId", "gh-"+id, "providerId", "github",
			"accessToken", "secret-access", "refreshToken", "secret-refresh", "idToken", "secret-id", "scope", "read")},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestIdentityGrants(t *testing.T) {
	functions := map[string]string{
		"findUser": `{"id":"ada"}`, "draftUser": `{"user":{"email":"x@example.com"}}`, "verifyPassword": `{"userId":"ada","password":"x"}`,
		"findAccount": `{"userId":"ada","providerId":"github"}`, "listAccounts": `{"userId":"ada"}`,
		"createUser": `{"user":{"email":"new@example.com"}}`, "updateUser": `{"id":"ada","set":{"name":"x"}}`,
		"setPassword": `{"userId":"ada","password":"x"}`, "deleteAccount": `{"userId":"ada","providerId":"github"}`, "equalize": `{"password":"x"}`, "deleteUser": `{"id":"ada"}`,
	}
	tests := []struct {
		name        string
		read, write string
		granted     string
	}{
		{"read users", "user", "", "findUser draftUser equalize"},
		{"read accounts", "account", "", "findAccount listAccounts verifyPassword equalize"},
		{"write users", "", "user", "findUser draftUser createUser updateUser deleteUser equalize"},
		{"write accounts", "", "account", "findAccount listAccounts verifyPassword setPassword deleteAccount equalize"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for function, args := range functions {
				r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", []pluginapi.Capability{identityOf(tt.read, tt.write)}, call("c", "identity", function, args))}})
				addUser(t, r, "ada")
				expected := pluginapi.StatusDenied
				if strings.Contains(" "+tt.granted+" ", " "+function+" ") {
					expected = pluginapi.StatusOK
				}
				if got := statusOf(t, run(t, r, 0), "c"); got != expected {
					t.Errorf("%s: got %s, want %s", function, got, expected)
				}
			}
		})
	}
}

// TestCreateUserWithAccount: an account comes with the permission to write
// accounts alone.
func TestCreateUserWithAccount(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", []pluginapi.Capability{identityOf("", "user")},
		call("c", "identity", "createUser", `{"user":{"email":"new@example.com"},"account":{"providerId":"credential","password":"x"}}`))}})
	want(t, run(t, r, 0), "c", pluginapi.StatusDenied)
}

func TestStorageGrants(t *testing.T) {
	functions := map[string]string{
		"get": `{"model":"MODEL","id":"x"}`, "find": `{"model":"MODEL","index":"name","value":"x"}`, "list": `{"model":"MODEL"}`,
		"insert": `{"model":"MODEL","record":{"name":"y"}}`, "update": `{"model":"MODEL","id":"x","set":{"name":"y"}}`, "delete": `{"model":"MODEL","id":"x"}`,
		"consume": `{"model":"MODEL","index":"name","value":"x"}`, "increment": `{"model":"MODEL","id":"x","field":"count"}`,
	}
	models := map[string]pluginapi.Model{}
	for _, name := range []string{"readable", "writable", "unlisted"} {
		models[name] = pluginapi.Model{Fields: map[string]pluginapi.Field{"name": {Type: "string", Index: true}, "count": {Type: "number"}}}
	}
	other := guest("other", nil)
	other.Manifest().Models = map[string]pluginapi.Model{"theirs": models["readable"]}
	for _, model := range []string{"readable", "writable", "unlisted", "theirs", "user", "session", "account", "verification", "jwks", "nothing", ""} {
		for function, args := range functions {
			t.Run(model+"/"+function, func(t *testing.T) {
				g := guest("guest", []pluginapi.Capability{{Name: pluginapi.CapStorage, Read: []string{"readable"}, Write: []string{"writable"}}},
					call("c", "storage", function, strings.ReplaceAll(args, "MODEL", model)))
				g.Manifest().Models = models
				r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, other}})
				got := statusOf(t, run(t, r, 0), "c")
				reads := function == "get" || function == "find" || function == "list"
				switch {
				case model == "":
					if got != pluginapi.StatusInvalid {
						t.Errorf("got %s", got)
					}
				case model == "writable" || model == "readable" && reads:
					if got != pluginapi.StatusOK && got != pluginapi.StatusNotFound {
						t.Errorf("got %s", got)
					}
				case got != pluginapi.StatusDenied:
					t.Errorf("got %s", got)
				}
			})
		}
	}
}

// TestStorageOverCore: not even a manifest that claims a core model reaches
// it.
func TestStorageOverCore(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{{Name: pluginapi.CapStorage, Write: []string{"note"}}}, call("c", "storage", "list", `{"model":"account"}`))
	g.Manifest().Models = map[string]pluginapi.Model{"note": {Fields: map[string]pluginapi.Field{"name": {Type: "string"}}}}
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	m := r.Set.Plugins()[0].Manifest
	m.Capabilities[0].Write = append(m.Capabilities[0].Write, "account")
	m.Models["account"] = m.Models["note"]
	want(t, run(t, r, 0), "c", pluginapi.StatusDenied)
}

func TestCryptoAndKeyGrants(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{{Name: pluginapi.CapCrypto, Purposes: []string{"mine"}}, {Name: pluginapi.CapKeys, Keys: []string{"mine"}}},
		call("signToken", "crypto", "signToken", `{"purpose":"email-verification","claims":{},"expiresIn":60}`),
		call("verifyToken", "crypto", "verifyToken", `{"purpose":"email-verification","token":"x"}`),
		call("seal", "crypto", "seal", `{"purpose":"authhost:signing-key","value":"x"}`),
		call("open", "crypto", "open", `{"purpose":"","sealed":"x"}`),
		call("hmac", "crypto", "hmac", `{"value":"x"}`),
		call("sign", "keys", "sign", `{"use":"convex","claims":{},"expiresIn":60}`),
		call("jwks", "keys", "jwks", `{"use":"convex"}`),
		call("granted", "crypto", "seal", `{"purpose":"mine","value":"x"}`),
		call("signed", "keys", "sign", `{"use":"mine","alg":"ES256","claims":{},"expiresIn":60}`),
		call("unknown", "keys", "sign", `{"use":"mine","alg":"HS256","claims":{},"expiresIn":60}`),
		call("none", "keys", "sign", `{"use":"mine","alg":"none","claims":{},"expiresIn":60}`),
		call("forever", "keys", "sign", `{"use":"mine","alg":"ES256","claims":{},"expiresIn":999999999}`),
		call("ever", "keys", "sign", `{"use":"mine","alg":"ES256","claims":{}}`))
	answer := run(t, realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}}), 0)
	for name, status := range map[string]pluginapi.Status{
		"signToken": pluginapi.StatusDenied, "verifyToken": pluginapi.StatusDenied, "seal": pluginapi.StatusDenied, "open": pluginapi.StatusInvalid, "hmac": pluginapi.StatusInvalid,
		"sign": pluginapi.StatusDenied, "jwks": pluginapi.StatusDenied, "granted": pluginapi.StatusOK, "signed": pluginapi.StatusOK,
		"unknown": pluginapi.StatusInvalid, "none": pluginapi.StatusInvalid, "forever": pluginapi.StatusInvalid, "ever": pluginapi.StatusInvalid,
	} {
		want(t, answer, name, status)
	}
}

func TestUnknownFunction(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{capability(pluginapi.CapRandom)}, call("c", "random", "dice", `{}`))
	want(t, run(t, realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}}), 0), "c", pluginapi.StatusUnsupported)
}

// TestUndeclaredCapability: a capability that the manifest leaves out is
// denied even to a module that imports it.
func TestUndeclaredCapability(t *testing.T) {
	g := guest("guest", []pluginapi.Capability{capability(pluginapi.CapRandom), capability(pluginapi.CapSession)},
		call("c", "session", "list", `{"userId":"ada"}`), call("d", "random", "uuid", `{}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	m := r.Set.Plugins()[0].Manifest
	m.Capabilities = m.Capabilities[:1]
	answer := run(t, r, 0)
	want(t, answer, "c", pluginapi.StatusDenied)
	want(t, answer, "d", pluginapi.StatusOK)
}
