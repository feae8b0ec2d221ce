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
