package engine_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// sessionPlugin is a plugin whose endpoints POST /FUNCTION call a function of
// the capability session with the request's body, and answer with its status
// and its result.
func sessionPlugin(id string, fields map[string]pluginapi.Field, functions ...string) *w.Guest {
	m := &pluginapi.Manifest{ID: id, Fields: map[string]map[string]pluginapi.Field{"session": fields}, Capabilities: []pluginapi.Capability{{Name: pluginapi.CapSession}}}
	for i, name := range functions {
		m.Handlers = append(m.Handlers, pluginapi.Handler{Number: int32(i + 1), Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/" + id + "/" + name})
	}
	g := w.New(m)
	for i, name := range functions {
		g.Handler(int32(i+1), w.Copy("args", "request.body"), w.Call(pluginapi.CapSession, name, ""), w.Report("response.body.status"), w.Copy("response.body.result", "result"))
	}
	return g
}

// asks calls an endpoint of a plugin of sessionPlugin's, and wants a status.
func (s *server) asks(cookie, path string, args map[string]any, want pluginapi.Status) answer {
	s.t.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		s.t.Fatal(err)
	}
	a := s.do(request{method: "POST", path: "/api/auth" + path, cookie: cookie, body: string(body)})
	if a.status != http.StatusOK || a.get("status") != string(rune('0'+want)) {
		s.t.Errorf("%s%s: %d %s, want %s", path, body, a.status, a.text, want)
	}
	return a
}

const sessionTenant = `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    session: {updateAge: 1ms}
    plugins:
      - {id: email-password}
      - {id: mine, module: DIR/mine.wasm, grants: [session]}
      - {id: theirs, module: DIR/theirs.wasm, grants: [session]}
`

// closed is a field that clients cannot set.
func closed() pluginapi.Field {
	no := false
	return pluginapi.Field{Type: "string", Input: &no}
}

// TestSessionsOfPlugins: a plugin begins sessions with a lifetime of their own,
// which use does not extend, and with fields that its manifest adds and nobody
// else's.
func TestSessionsOfPlugins(t *testing.T) {
	needPlugins(t, "email-password")
	preset := closed()
	preset.Default = json.RawMessage(`"free"`)
	s := serve(t, sessionTenant,
		sessionPlugin("mine", map[string]pluginapi.Field{"team": closed(), "plan": preset}, "create", "update"),
		sessionPlugin("theirs", map[string]pluginapi.Field{"role": closed()}, "create"))
	id := s.signUp("", "ada@example.com").get("user.id")

	short := s.asks("", "/mine/create", map[string]any{"userId": id, "expiresIn": 600, "fields": map[string]any{"team": "a"}}, pluginapi.StatusOK)
	if team, plan := short.get("result.session.team"), short.get("result.session.plan"); team != "a" || plan != "free" {
		t.Errorf("team %q, plan %q", team, plan)
	}
	if line := short.header.Get("Set-Cookie"); !strings.Contains(line, "Max-Age=600;") {
		t.Errorf("the cookie is %s", line)
	}
	for name, status := range map[string]pluginapi.Status{"role": pluginapi.StatusDenied, "userId": pluginapi.StatusDenied, "notAfter": pluginapi.StatusDenied} {
		a := s.asks("", "/mine/create", map[string]any{"userId": id, "fields": map[string]any{name: "x"}}, status)
		if !strings.Contains(a.get("result.message"), name) {
			t.Errorf("%s: the message is %q", name, a.get("result.message"))
		}
	}
	s.asks("", "/mine/create", map[string]any{"userId": id, "fields": map[string]any{"team": 1}}, pluginapi.StatusInvalid)

	expires := short.get("result.session.expiresAt")
	s.clock.Advance(9 * time.Minute)
	s.asks(short.cookie(), "/mine/update", map[string]any{"set": map[string]any{"team": "b"}}, pluginapi.StatusOK)
	if got := s.session("", short.cookie()); got.get("session.expiresAt") != expires || got.get("session.team") != "b" || len(got.cookies) > 0 {
		t.Errorf("used, the session is %s, with cookies %v; it ended at %s", got.text, got.cookies, expires)
	}
	s.clock.Advance(time.Minute)
	if got := s.session("", short.cookie()); got.text != "null" {
		t.Errorf("after its end the session is %s", got.text)
	}
}

// TestFieldsGoOver: who replaces a session, as two-factor does when it is turned
// on, leaves what other plugins keep in it, and what bounds it.
func TestFieldsGoOver(t *testing.T) {
	needPlugins(t, "email-password", "two-factor")
	s := serve(t, strings.Replace(sessionTenant, "{id: email-password}", "{id: email-password}\n      - {id: two-factor, config: {skipVerificationOnEnable: true}}", 1),
		sessionPlugin("mine", map[string]pluginapi.Field{"team": closed()}, "create"),
		sessionPlugin("theirs", map[string]pluginapi.Field{"role": closed()}, "update"))
	up := s.signUp("", "ada@example.com")
	own := s.asks("", "/mine/create", map[string]any{"userId": up.get("user.id"), "expiresIn": 600, "fields": map[string]any{"team": "a"}}, pluginapi.StatusOK)
	s.asks(own.cookie(), "/theirs/update", map[string]any{"set": map[string]any{"role": "admin"}}, pluginapi.StatusOK)
	s.clock.Advance(time.Minute)
	enabled := s.do(request{method: "POST", path: "/api/auth/two-factor/enable", cookie: own.cookie(), body: `{"password":"` + password + `"}`})
	if enabled.status != http.StatusOK || enabled.cookies["better-auth.session_token"] == "" {
		t.Fatalf("enable: %d %s", enabled.status, enabled.text)
	}
	got := s.session("", enabled.cookie())
	for path, want := range map[string]string{"team": "a", "role": "admin", "expiresAt": own.get("result.session.expiresAt")} {
		if have := got.get("session." + path); have != want {
			t.Errorf("after the renewal %s is %q, want %q", path, have, want)
		}
	}
	if got.get("session.id") == own.get("result.session.id") || s.session("", own.cookie()).text != "null" {
		t.Error("the session was not replaced")
	}
}
