package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// keeper is a plugin with the model "note".
func keeper(id string) *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID:           id,
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapStorage, Write: []string{"note"}}},
		Models:       map[string]pluginapi.Model{"note": {Fields: map[string]pluginapi.Field{"text": {Type: "string"}}}},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/keep"},
			{Number: 2, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/kept"},
		},
	}).Handler(1,
		w.SetJSON("args", `{"model":"note","record":{"text":"of the first"}}`), w.Call("storage", "insert", ""), w.Must(),
	).Handler(2,
		w.SetJSON("args", `{"model":"note"}`), w.Call("storage", "list", ""), w.Must(), w.Copy("response.body.notes", "result.records"),
	)
}

// TestModelsHaveOwners removes a plugin and adds another with a model of the same
// name: it does not get the records. The first one does, when it comes back.
func TestModelsHaveOwners(t *testing.T) {
	dir := t.TempDir()
	writeGuest(t, dir, keeper("first"))
	writeGuest(t, dir, keeper("second"))
	with := func(id string) string {
		return "\ntenants:\n  - {id: main, baseURL: \"http://main.example\", plugins: [{id: " + id + ", module: DIR/" + id + ".wasm, grants: [storage]}]}\n"
	}
	s, stop := startIn(t, dir, with("first"))
	s.do(request{method: "POST", path: "/api/auth/keep", body: `{}`}).want(t, 200, "")
	stop()
	e, err := engine.New(t.Context(), parseConfig(t, dir, with("second")), options(&realmtest.Log{}, time.Now))
	if err == nil {
		_ = e.Close(t.Context())
		t.Fatal("a plugin got the model of another")
	}
	for _, part := range []string{"test.yaml:", "note", `"first"`, `"second"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	s, stop = startIn(t, dir, with("first"))
	defer stop()
	if got := s.do(request{method: "GET", path: "/api/auth/kept"}).want(t, 200, ""); !strings.Contains(got.text, "of the first") {
		t.Errorf("the records of a plugin that came back: %s", got.text)
	}
}

// tagger is a plugin that adds the field "tag" to users, sets it and shows it.
func tagger(id string) *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID: id, Version: "1.0.0", ABI: "1.1",
		Fields:   map[string]map[string]pluginapi.Field{"user": {"tag": {Type: "string", Input: new(bool)}}},
		Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventUserCreating}},
	}).Handler(1, w.Set("record.tag", "of "+id))
}

// TestFieldsHaveOwners: what TestModelsHaveOwners says of models holds for the
// fields that plugins add to users.
func TestFieldsHaveOwners(t *testing.T) {
	needPlugins(t, "email-password")
	dir := t.TempDir()
	for _, id := range []string{"first", "second"} {
		writeGuest(t, dir, tagger(id))
	}
	with := func(ids ...string) string {
		text := "\ntenants:\n  - id: main\n    baseURL: http://main.example\n    passwords: {algorithm: argon2id}\n    plugins:\n      - {id: email-password}\n"
		for _, id := range ids {
			text += "      - {id: " + id + ", module: DIR/" + id + ".wasm, grants: []}\n"
		}
		return text
	}
	s, stop := startIn(t, dir, with("first"))
	body := `{"name":"Ada","email":"ada@example.com","password":"` + password + `"}`
	if got := s.do(request{method: "POST", path: "/api/auth/sign-up/email", body: body}).want(t, 200, "").get("user.tag"); got != "of first" {
		t.Errorf("the tag is %q", got)
	}
	stop()
	e, err := engine.New(t.Context(), parseConfig(t, dir, with("second")), options(&realmtest.Log{}, time.Now))
	if err == nil {
		_ = e.Close(t.Context())
		t.Fatal("a plugin got the field of another")
	}
	for _, part := range []string{"test.yaml:", "user.tag", `"first"`, `"second"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	_, stop = startIn(t, dir, with("first", "second")) // which the operator sees
	stop()
	_, stop = startIn(t, dir, with("second"))
	stop()
}
