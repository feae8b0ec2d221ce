package capability_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

var allIdentity = []pluginapi.Capability{identityOf("user account", "user account")}

// TestSecretsStayOnTheHost: nothing that a guest can read has a password's
// hash or a provider's tokens, neither results nor records of events.
func TestSecretsStayOnTheHost(t *testing.T) {
	events := []string{
		pluginapi.EventUserCreating, pluginapi.EventUserUpdating, pluginapi.EventUserDeleting,
		pluginapi.EventAccountCreating, pluginapi.EventAccountUpdating, pluginapi.EventAccountDeleting,
	}
	watcher := w.New(&pluginapi.Manifest{ID: "watcher"})
	for i, event := range events {
		n := int32(i + 1)
		watcher.Manifest().Handlers = append(watcher.Manifest().Handlers, pluginapi.Handler{Number: n, Kind: pluginapi.KindHook, Event: event})
		watcher.Handler(n, w.Copy("response.headers.x", "record"), w.Copy("args.record", "record"), w.Copy("args.previous", "previous"),
			w.Log(pluginapi.LevelInfo, "saw "+event))
	}
	plant := []w.Step{w.Set("record.password", "test-hash:planted"), w.Set("record.accessToken", "planted"), w.Set("record.userId", "bob")}
	for i, event := range []string{pluginapi.EventAccountCreating, pluginapi.EventAccountUpdating} {
		n := int32(len(events) + i + 1)
		watcher.Manifest().Handlers = append(watcher.Manifest().Handlers, pluginapi.Handler{Number: n, Kind: pluginapi.KindHook, Event: event})
		watcher.Handler(n, plant...)
	}
	g := guest("guest", []pluginapi.Capability{identityOf("", "user account tokens")},
		call("found", "identity", "findUser", `{"email":"ADA@example.com"}`),
		call("account", "identity", "findAccount", `{"userId":"ada","providerId":"credential"}`),
		call("github", "identity", "findAccount", `{"userId":"ada","providerId":"github"}`),
		call("accounts", "identity", "listAccounts", `{"userId":"ada"}`),
		call("created", "identity", "createUser", `{"user":{"email":"bob@example.com"},"account":{"providerId":"credential","password":"secret-bob"}}`),
		call("linked", "identity", "createUser", `{"user":{"email":"eve@example.com"},"account":{"providerId":"github","accountId":"gh-eve","accessToken":"secret-given","password":"secret-given"}}`),
		call("verified", "identity", "verifyPassword", `{"email":"ada@example.com","password":"secret-password"}`),
		call("changed", "identity", "setPassword", `{"userId":"ada","password":"secret-new"}`),
		call("unlinked", "identity", "deleteAccount", `{"userId":"ada","providerId":"github"}`),
		call("drafted", "identity", "draftUser", `{"user":{"email":"dan@example.com"}}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, watcher}})
	addUser(t, r, "ada")
	answer := run(t, r, 0)
	text := string(answer.JSON())
	for _, leak := range []string{"secret-", "test-hash", `"password"`, "accessToken", "refreshToken", "idToken"} {
		if strings.Contains(text, leak) {
			t.Errorf("the guest saw %s in %s", leak, text)
		}
	}
	for _, name := range []string{"found", "account", "github", "accounts", "created", "linked", "verified", "changed", "unlinked", "drafted"} {
		want(t, answer, name, pluginapi.StatusOK)
	}
	if got := answer.Get("account").Get("result").Get("hasPassword"); !got.Bool() {
		t.Error("hasPassword is missing")
	}
	if got := answer.Get("github").Get("result").Get("hasPassword"); got.IsAbsent() || got.Bool() {
		t.Error("hasPassword is wrong")
	}
	// What hooks plant does not reach an account either.
	page, err := r.Store.List(t.Context(), store.Query{Model: "account"})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range page.Records {
		text := string(document.Obj(rec.Fields).JSON())
		if strings.Contains(text, "planted") || rec.Str("userId") == "bob" {
			t.Errorf("planted: %s", text)
		}
		switch {
		case rec.ID == "ada-credential" && !strings.HasPrefix(rec.Str("password"), "test-hash:secret-new#"):
			t.Errorf("password is %s", rec.Str("password"))
		case rec.Str("accountId") == "gh-eve" && (opened(t, r, rec.Str("accessToken")) != "secret-given" || rec.Str("password") != ""):
			t.Errorf("linked account %s", text)
		}
	}
	for _, event := range []string{pluginapi.EventUserCreating, pluginapi.EventAccountCreating, pluginapi.EventAccountUpdating, pluginapi.EventAccountDeleting} {
		if !strings.Contains(r.Log.String(), "saw "+event) {
			t.Errorf("%s was not raised", event)
		}
	}
}

func TestVerifyPassword(t *testing.T) {
	tests := []struct {
		name, args string
		valid      bool
		status     pluginapi.Status
	}{
		{name: "right", args: `{"email":"ada@example.com","password":"secret-password"}`, valid: true},
		{name: "by id", args: `{"userId":"ada","password":"secret-password"}`, valid: true},
		{name: "other case of the address", args: `{"email":"ADA@EXAMPLE.COM","password":"secret-password"}`, valid: true},
		{name: "wrong", args: `{"email":"ada@example.com","password":"x"}`},
		{name: "empty", args: `{"email":"ada@example.com","password":""}`},
		{name: "none", args: `{"email":"ada@example.com"}`, status: pluginapi.StatusInvalid},
		{name: "no text", args: `{"email":"ada@example.com","password":5}`, status: pluginapi.StatusInvalid},
		{name: "the hash itself", args: `{"email":"ada@example.com","password":"test-hash:secret-password"}`},
		{name: "unknown user", args: `{"email":"nobody@example.com","password":"secret-password"}`},
		{name: "unknown id", args: `{"userId":"nobody","password":"secret-password"}`},
		{name: "user without a password", args: `{"userId":"bob","password":""}`},
		{name: "nobody named", args: `{"password":"x"}`, status: pluginapi.StatusInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", allIdentity, call("c", "identity", "verifyPassword", tt.args))}})
			addUser(t, r, "ada")
			fields := document.NewObject(2).Set("name", document.Text("bob")).Set("email", document.Text("bob@example.com"))
			if err := r.Store.Apply(t.Context(), []store.Op{{Kind: store.Insert, Model: "user", ID: "bob", Fields: fields}}); err != nil {
				t.Fatal(err)
			}
			got := want(t, run(t, r, 0), "c", tt.status)
			if got.Get("valid").Bool() != tt.valid || got.Get("user").IsAbsent() == tt.valid {
				t.Errorf("got %s", got.JSON())
			}
		})
	}
}

// TestOldPassword: a password that was right when it was checked, and is
// changed before the session is stored, wins no session.
func TestOldPassword(t *testing.T) {
	g := guest("guest", append([]pluginapi.Capability{capability(pluginapi.CapSession)}, allIdentity...))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	addUser(t, r, "ada")
	tx := store.Begin(r.Store)
	user, err := r.Identity.UserByID(t.Context(), tx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := r.Identity.VerifyPassword(t.Context(), tx, user, "secret-password", realmtest.Start); !ok || err != nil {
		t.Fatal(ok, err)
	}
	other := r.Exchange(t, dispatch.Request{})
	err = other.Unit(t.Context(), func(ctx context.Context) error {
		return r.Identity.SetPassword(ctx, store.Work{Tx: other.Tx(), Hooks: other, Now: realmtest.Start}, "ada", "secret-new")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("the old password's unit of work was committed")
	}
}

func TestCreateUser(t *testing.T) {
	g := guest("guest", allIdentity,
		call("first", "identity", "createUser", `{"user":{"name":"Ada","email":"Ada@Example.com","emailVerified":true,"id":"mine","createdAt":"2001-01-01T00:00:00.000Z","role":"own"},"input":{"role":"client","nick":"n","emailVerified":true,"unknown":1,"createdAt":"x"}}`),
		call("again", "identity", "createUser", `{"user":{"email":"ADA@example.com"}}`),
		call("none", "identity", "createUser", `{"user":{}}`),
		call("number", "identity", "createUser", `{"user":{"email":5}}`),
		call("input", "identity", "createUser", `{"user":{"email":"b@example.com"},"input":{"nick":"n","role":"admin","email":"c@example.com"}}`),
		call("unknown", "identity", "createUser", `{"user":{"email":"d@example.com","nonsense":1}}`))
	r := realmtest.New(t, realmtest.Config{
		Guests: []*w.Guest{g}, Input: []identity.Field{{Name: "nick"}},
		Fields: []store.Model{{Name: "user", Fields: []store.Field{{Name: "role", Type: store.String}, {Name: "nick", Type: store.String}}}},
	})
	answer := run(t, r, 0)
	user := want(t, answer, "first", pluginapi.StatusOK).Get("user")
	id := user.Get("id").Str()
	expected := `{"name":"Ada","email":"ada@example.com","emailVerified":true,"createdAt":"2026-03-04T05:06:07.000Z","role":"own","nick":"n","updatedAt":"2026-03-04T05:06:07.000Z","image":null,"id":"` + id + `"}`
	if want, err := document.Parse([]byte(expected), 0); err != nil || !user.Equal(want) || len(id) != 32 {
		t.Errorf("got  %s\nwant %s", user.JSON(), expected)
	}
	want(t, answer, "again", pluginapi.StatusConflict)
	want(t, answer, "none", pluginapi.StatusInvalid)
	want(t, answer, "number", pluginapi.StatusInvalid)
	if input := want(t, answer, "input", pluginapi.StatusOK).Get("user"); input.Get("nick").Str() != "n" || !input.Get("role").IsAbsent() || input.Get("email").Str() != "b@example.com" || input.Get("emailVerified").Bool() {
		t.Errorf("got %s", input.JSON())
	}
	want(t, answer, "unknown", pluginapi.StatusInvalid)
}

func TestUpdateUser(t *testing.T) {
	tests := []struct {
		name, args string
		status     pluginapi.Status
		result     string // part of it
	}{
		{"name", `{"id":"ada","set":{"name":"Augusta"}}`, pluginapi.StatusOK, `"name":"Augusta"`},
		{"address", `{"id":"ada","set":{"email":"New@Example.com"}}`, pluginapi.StatusOK, `"email":"new@example.com"`},
		{"address of somebody else", `{"id":"ada","set":{"email":"BOB@example.com"}}`, pluginapi.StatusConflict, ""},
		{"address that is a number", `{"id":"ada","set":{"email":5}}`, pluginapi.StatusInvalid, "not an address"},
		{"empty address", `{"id":"ada","set":{"email":""}}`, pluginapi.StatusInvalid, "not an address"},
		{"no address", `{"id":"ada","set":{"email":null}}`, pluginapi.StatusInvalid, "not an address"},
		{"id and birth", `{"id":"ada","set":{"id":"eve","createdAt":"2001-01-01T00:00:00.000Z","name":"x"}}`, pluginapi.StatusOK, `"id":"ada"`},
		{"nothing", `{"id":"ada","set":{}}`, pluginapi.StatusInvalid, "NO_FIELDS"},
		{"no set", `{"id":"ada"}`, pluginapi.StatusInvalid, "NO_FIELDS"},
		{"client's", `{"id":"ada","input":{"nick":"n"}}`, pluginapi.StatusOK, `"nick":"n"`},
		{"nobody", `{"id":"nobody","set":{"name":"x"}}`, pluginapi.StatusNotFound, ""},
		{"no id", `{"set":{"name":"x"}}`, pluginapi.StatusInvalid, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{
				Guests: []*w.Guest{guest("guest", allIdentity, call("c", "identity", "updateUser", tt.args))}, Input: []identity.Field{{Name: "nick"}},
				Fields: []store.Model{{Name: "user", Fields: []store.Field{{Name: "nick", Type: store.String}}}},
			})
			addUser(t, r, "ada")
			addUser(t, r, "bob")
			r.Clock.Advance(time.Hour)
			result := want(t, run(t, r, 0), "c", tt.status)
			if !strings.Contains(string(result.JSON()), tt.result) {
				t.Errorf("got %s, want %s", result.JSON(), tt.result)
			}
			if tt.status == pluginapi.StatusOK && result.Get("updatedAt").Str() != "2026-03-04T06:06:07.000Z" {
				t.Errorf("updatedAt %s", result.Get("updatedAt").Str())
			}
		})
	}
}

func TestHookCannotBreakTheAddress(t *testing.T) {
	hook := w.New(&pluginapi.Manifest{ID: "hook", Handlers: []pluginapi.Handler{
		{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventUserCreating}, {Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventUserUpdating},
	}}).Permit("fields").Handler(1, w.Set("record.email", "BOB@Example.com")).Handler(2, w.SetKind("record.email", pluginapi.KindNumber, "1"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", allIdentity,
		call("create", "identity", "createUser", `{"user":{"email":"new@example.com"}}`),
		call("update", "identity", "updateUser", `{"id":"ada","set":{"name":"x"}}`)), hook}})
	addUser(t, r, "ada")
	addUser(t, r, "bob")
	answer := run(t, r, 0)
	want(t, answer, "create", pluginapi.StatusConflict)
	want(t, answer, "update", pluginapi.StatusInvalid)
}

func TestDeleteUser(t *testing.T) {
	g := guest("guest", append([]pluginapi.Capability{capability(pluginapi.CapSession)}, allIdentity...),
		w.Call("session", "create", `{"userId":"ada"}`), w.Must(),
		call("delete", "identity", "deleteUser", `{"id":"ada"}`),
		call("again", "identity", "deleteUser", `{"id":"ada"}`),
		call("find", "identity", "findUser", `{"id":"ada"}`),
		call("accounts", "identity", "listAccounts", `{"userId":"ada"}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	addUser(t, r, "ada")
	addUser(t, r, "bob")
	answer := run(t, r, 0)
	want(t, answer, "delete", pluginapi.StatusOK)
	want(t, answer, "again", pluginapi.StatusNotFound)
	want(t, answer, "find", pluginapi.StatusNotFound)
	if got := string(want(t, answer, "accounts", pluginapi.StatusOK).JSON()); got != `{"accounts":[]}` {
		t.Errorf("got %s", got)
	}
	for model, left := range map[string]int{identity.User: 1, identity.Account: 2, "session": 0} {
		if page, err := r.Store.List(t.Context(), store.Query{Model: model}); err != nil || len(page.Records) != left {
			t.Errorf("%s: %d records, %v", model, len(page.Records), err)
		}
	}
}

// opened returns what was sealed.
func opened(t *testing.T, r *realmtest.Realm, sealed string) string {
	t.Helper()
	plain, err := r.Secrets.Open(sealed)
	if err != nil {
		t.Error(err)
	}
	return string(plain)
}

// TestPasswordPolicy: whatever makes a password a user's asks the plugins
// first, and a sign-up with a taken address does so too.
func TestPasswordPolicy(t *testing.T) {
	for function, args := range map[string]string{
		"createUser":  `{"user":{"email":"new@example.com"},"account":{"providerId":"credential","password":"secret-1"}}`,
		"draftUser":   `{"user":{"email":"ada@example.com"},"account":{"providerId":"credential","password":"secret-1"}}`,
		"setPassword": `{"userId":"ada","password":"secret-1"}`,
	} {
		t.Run(function, func(t *testing.T) {
			caller := guest("guest", allIdentity, call("c", "identity", function, args))
			policy := w.New(&pluginapi.Manifest{ID: "policy", Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventPasswordPolicy}}}).Permit("passwords")
			policy.Handler(1, w.Set("record.password", "another"), w.Set("error.code", "PASSWORD_COMPROMISED"), w.Copy("error.message", "record.password"), w.Return(pluginapi.Deny))
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{caller, policy}})
			addUser(t, r, "ada")
			result := want(t, run(t, r, 0), "c", pluginapi.StatusDenied)
			if result.Get("code").Str() != "PASSWORD_COMPROMISED" || result.Get("message").Str() != "secret-1" {
				t.Errorf("result %s", result.JSON())
			}
		})
	}
}
