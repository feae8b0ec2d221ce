package httpapi_test

import (
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// TestMethods: endpoints with other methods than GET and POST have bodies, and
// the same protection against other sites as POST.
func TestMethods(t *testing.T) {
	guest := plugin("records")
	for i, method := range []string{"PUT", "PATCH", "DELETE"} {
		e := endpoint(int32(i+1), method, "/records/:id")
		e.MediaTypes = []string{"application/json", "application/scim+json"}
		guest.Manifest().Handlers = append(guest.Manifest().Handlers, e)
		guest.Handler(e.Number, w.Copy("response.body.method", "request.method"), w.Copy("response.body.id", "request.params.id"), w.Copy("response.body.body", "request.body"))
	}
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{guest}}, httpapi.Config{CORS: true, TrustedOrigins: []string{"https://app.example"}})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	const path = "/api/auth/records/7"
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		want := `{"method":"` + method + `","id":"7","body":{"a":1}}`
		expect(t, s.do(method, path, `{"a":1}`), 200, want)
		expect(t, s.do(method, path, `{"a":1}`, "Content-Type", "application/scim+json"), 200, want)
		expect(t, s.do(method, path, `{"a":`), 400, `{"message":"Invalid JSON in request body","code":"BAD_REQUEST"}`)
		expect(t, s.do(method, path, "x", "Content-Type", "multipart/form-data"), 415,
			`{"message":"Content-Type \"multipart/form-data\" is not allowed. Allowed types: application/json, application/scim+json","code":"UNSUPPORTED_MEDIA_TYPE"}`)
		expect(t, s.do(method, path, `{}`, "Cookie", cookie, "Origin", "https://evil.example"), 403, `{"message":"Invalid origin","code":"INVALID_ORIGIN"}`)
	}
	expect(t, s.do("POST", path, `{}`), 404, "")
	preflight := s.do("OPTIONS", path, "", "Origin", "https://app.example", "Access-Control-Request-Method", "PUT")
	if got := preflight.Header().Get("Access-Control-Allow-Methods"); got != "GET, POST, PUT, PATCH, DELETE" {
		t.Errorf("a preflight request is answered with the methods %q", got)
	}
}

// TestPathsOfConfiguration: a hook matches the paths that its plugin's
// configuration lists, and nothing if there are none.
func TestPathsOfConfiguration(t *testing.T) {
	served := plugin("served", endpoint(1, "GET", "/a"), endpoint(2, "GET", "/b/c")).Handler(1).Handler(2)
	for config, want := range map[string]string{`{"watched":["/b/*"]}`: "/b/c", `{"watched":[]}`: "", `{}`: ""} {
		hook := pluginapi.Handler{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestAfter, Match: &pluginapi.Match{PathsFrom: "watched"}}
		watcher := plugin("watcher", hook).Handler(1, w.Copy("response.headers.x-watched", "request.path"))
		watcher.Manifest().ABI, watcher.Manifest().Permissions = "1.1", []pluginapi.Permission{{Name: "responses"}}
		s := newServer(t, realmtest.Config{Guests: []*w.Guest{served, watcher}, Settings: map[string]string{"watcher": config}}, httpapi.Config{})
		for _, path := range []string{"/a", "/b/c"} {
			got := s.do("GET", "/api/auth"+path, "").Header().Get("X-Watched")
			if (got != "") != (path == want) {
				t.Errorf("%s, %s: X-Watched is %q", config, path, got)
			}
		}
	}
}
