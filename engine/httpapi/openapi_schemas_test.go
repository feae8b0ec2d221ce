package httpapi

import (
	"slices"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// TestAnswer: the schema of an answer stands beside what the operation says.
func TestAnswer(t *testing.T) {
	const status = `"content":{"application/json":{"schema":{"$ref":"Status"}}}`
	for _, tt := range []struct{ operation, response, want string }{
		{"", "", `{"description":"The answer"}`},
		{"", `{"$ref":"Status"}`, `{"description":"The answer",` + status + `}`},
		{`{"responses":{"200":{"description":"Done"}}}`, `{"$ref":"Status"}`, `{"description":"Done",` + status + `}`},
		{`{"responses":{"302":{"description":"To the app"}}}`, `{"$ref":"Status"}`, `{"description":"The answer",` + status + `}`},
		{`{"responses":{"302":{"description":"To the app"}}}`, "", ""},
	} {
		e := &endpoint{}
		for into, text := range map[*document.Value]string{&e.operation: tt.operation, &e.response: tt.response} {
			if text == "" {
				continue
			}
			v, err := document.Parse([]byte(text), 0)
			if err != nil {
				t.Fatal(err)
			}
			*into = v
		}
		got := ""
		if answer := responses(e).Get("200"); !answer.IsAbsent() {
			got = string(answer.JSON())
		}
		if got != tt.want {
			t.Errorf("%s and %s: %s, want %s", tt.operation, tt.response, got, tt.want)
		}
	}
}

// TestRefusals: each status has the errors that the manifest names, however
// much of code and message they have, and those of the host.
func TestRefusals(t *testing.T) {
	m, err := pluginapi.ParseManifest([]byte(`{
	  "id": "x", "version": "1.0.0", "abi": "1.1",
	  "errors": {"GONE": "It is gone", "BARE": {"code": "", "message": "No"}, "OFF": {"status": 404, "code": "", "message": ""}},
	  "handlers": [{"handler": "f", "kind": "endpoint", "method": "GET", "path": "/x", "errors": ["GONE", "BARE", "OFF"]}]
	}`))
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoint{session: pluginapi.SessionRequired}
	for _, name := range m.Handlers[0].Errors {
		refused, _ := m.Error(name)
		e.errors = append(e.errors, refused)
	}
	got := e.refusals()
	for status, want := range map[int][]string{
		400: {"GONE: It is gone", "No"},
		401: {"UNAUTHORIZED: there is no session"},
		404: {"Not Found"},
	} {
		if !slices.Equal(got[status], want) {
			t.Errorf("%d: %q, want %q", status, got[status], want)
		}
	}
}

// TestSessionSchema: it has what clients are shown of sessions, and not what
// bounds them.
func TestSessionSchema(t *testing.T) {
	a := &API{Config: Config{Realm: &dispatch.Realm{}}}
	properties := a.schemas().Get("Session").Get("properties").Object()
	for name, want := range map[string]bool{"token": true, "impersonatedBy": true, "virtual": true, "notAfter": false, "forgotten": false} {
		if properties.Has(name) != want {
			t.Errorf("%s: described %v", name, !want)
		}
	}
}
