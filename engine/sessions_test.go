package engine_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/audit"
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

// auditLog is what the audit log has of an action.
func (s *server) auditLog(action string) (entries []audit.Event) {
	s.t.Helper()
	log, err := os.ReadFile(filepath.Join(s.dir, "audit.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		var e audit.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			s.t.Fatalf("%v: %s", err, line)
		}
		if e.Action == action {
			entries = append(entries, e)
		}
	}
	return entries
}

// impersonation is a tenant in which a plugin lets users act as others, who have
// a second factor.
const impersonation = `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    session: {updateAge: 1ms}
    plugins:
      - {id: email-password}
      - {id: two-factor, config: {policy: all, skipVerificationOnEnable: true}}
      - {id: jwt, config: {claims: {templates: {act: "{{session.impersonatedBy}}"}}}}
      - {id: admin, module: DIR/admin.wasm, grants: [session, impersonation]}
`

// TestImpersonation: a user acts as another for an hour at most, the session,
// tokens and the audit log say so, and the user's own session comes back.
func TestImpersonation(t *testing.T) {
	needPlugins(t, "email-password", "two-factor", "jwt")
	s := serve(t, impersonation, sessionPlugin("admin", nil, "create", "restore").Permit("impersonation"))
	eve := s.signUp("", "eve@example.com")
	enabled := s.do(request{method: "POST", path: "/api/auth/two-factor/enable", cookie: eve.cookie(), body: `{"password":"` + password + `"}`})
	enabled.want(t, http.StatusOK, "")
	root := s.signUp("", "root@example.com")
	become := map[string]any{"userId": eve.get("user.id"), "actor": root.get("user.id")}

	acts := s.asks(root.cookie(), "/admin/create", become, pluginapi.StatusOK)
	got := s.session("", acts.cookie())
	if got.get("session.impersonatedBy") != root.get("user.id") || got.get("user.email") != "eve@example.com" {
		t.Fatalf("the session is %s", got.text)
	}
	token := s.do(request{method: "GET", path: "/api/auth/token", cookie: acts.cookie()}).get("token")
	if _, payload := claims(t, token); payload["act"] != root.get("user.id") || payload["sub"] != eve.get("user.id") {
		t.Errorf("the token says %v", payload)
	}

	// Renewed by whom it may, it stays what it is, and its end where it is.
	expires := got.get("session.expiresAt")
	s.clock.Advance(time.Minute)
	changed := s.do(request{method: "POST", path: "/api/auth/change-password", cookie: acts.cookie(),
		body: `{"currentPassword":"` + password + `","newPassword":"correct-horse-2","revokeOtherSessions":true}`})
	changed.want(t, http.StatusOK, "")
	for name, value := range changed.cookies {
		acts.cookies[name] = value
	}
	if got := s.session("", acts.cookie()); got.get("session.impersonatedBy") != root.get("user.id") || got.get("session.expiresAt") != expires {
		t.Errorf("after a change of the password the session is %s", got.text)
	}
	for _, action := range []string{"session.created", "session.deleted", "account.updated"} {
		entries := s.auditLog(action)
		if len(entries) == 0 {
			t.Fatalf("the audit log has no %s", action)
		}
		if last := entries[len(entries)-1]; last.Actor != eve.get("user.id") || last.ImpersonatedBy != root.get("user.id") {
			t.Errorf("the audit log has %+v", last)
		}
	}

	// The session of the user who acts comes back, and the other one has ended.
	back := s.asks(acts.cookie(), "/admin/restore", map[string]any{}, pluginapi.StatusOK)
	if own := s.session("", back.cookie()); own.get("session.id") != back.get("result.session.id") || own.get("user.email") != "root@example.com" || own.get("session.impersonatedBy") != "" {
		t.Errorf("afterwards the session is %s", own.text)
	}
	if !back.expired["better-auth.admin_session"] || !back.expired["better-auth.dont_remember"] {
		t.Errorf("what is left of it: %v", back.header.Values("Set-Cookie"))
	}
	if got := s.session("", acts.cookie()); got.text != "null" {
		t.Errorf("the impersonated session is %s", got.text)
	}
	s.asks(acts.cookie(), "/admin/restore", map[string]any{}, pluginapi.StatusInvalid)
}

// TestImpersonationBounds: what was kept is of no use to anybody else, and acting
// ends when its time is over.
func TestImpersonationBounds(t *testing.T) {
	needPlugins(t, "email-password", "two-factor", "jwt")
	s := serve(t, impersonation, sessionPlugin("admin", nil, "create", "restore").Permit("impersonation"))
	eve, root := s.signUp("", "eve@example.com"), s.signUp("", "root@example.com")
	become := map[string]any{"userId": eve.get("user.id"), "actor": root.get("user.id")}

	s.asks(eve.cookie(), "/admin/create", become, pluginapi.StatusDenied)
	s.asks("", "/admin/create", become, pluginapi.StatusDenied)
	acts := s.asks(root.cookie(), "/admin/create", become, pluginapi.StatusOK)
	kept := "; better-auth.admin_session=" + acts.cookies["better-auth.admin_session"]
	delete(acts.cookies, "better-auth.admin_session")
	s.asks(acts.cookie(), "/admin/create", map[string]any{"userId": root.get("user.id"), "actor": eve.get("user.id")}, pluginapi.StatusDenied)
	s.asks(acts.cookie(), "/admin/restore", map[string]any{}, pluginapi.StatusNotFound)
	s.asks(acts.cookie()+kept+"x", "/admin/restore", map[string]any{}, pluginapi.StatusNotFound)
	s.asks(eve.cookie()+kept, "/admin/restore", map[string]any{}, pluginapi.StatusInvalid)
	s.asks(acts.cookie()+"; better-auth.admin_session="+eve.cookies["better-auth.session_token"], "/admin/restore", map[string]any{}, pluginapi.StatusNotFound)

	s.clock.Advance(59 * time.Minute)
	if got := s.session("", acts.cookie()); got.get("user.email") != "eve@example.com" || len(got.cookies) > 0 {
		t.Errorf("before its end the session is %s, with cookies %v", got.text, got.cookies)
	}
	s.clock.Advance(time.Minute)
	if got := s.session("", acts.cookie()+kept); got.text != "null" || !got.expired["better-auth.admin_session"] {
		t.Errorf("after its end the session is %s, and taken away is %v", got.text, got.expired)
	}

	// Who signs out while acting as another is signed out altogether.
	again := s.asks(root.cookie(), "/admin/create", become, pluginapi.StatusOK)
	out := s.do(request{method: "POST", path: "/api/auth/sign-out", cookie: again.cookie(), body: "{}"})
	if !out.expired["better-auth.session_token"] || !out.expired["better-auth.admin_session"] {
		t.Errorf("signed out, taken away is %v", out.expired)
	}
}

// keysPlugin is a plugin that makes API keys and lets requests act for their
// users. It keeps the digest of a key, not the key, by which it finds it.
func keysPlugin() *w.Guest {
	digest := []w.Step{w.Copy("args.value", "request.headers.x-api-key"), w.Call(pluginapi.CapCrypto, "digest", ""), w.Must(), w.Copy("scratch.digest", "result.digest")}
	m := &pluginapi.Manifest{
		ID:     "keys",
		Models: map[string]pluginapi.Model{"apiKey": {Fields: map[string]pluginapi.Field{"digest": {Type: "string", Unique: true}, "userId": {Type: "string", References: "user"}}}},
		Fields: map[string]map[string]pluginapi.Field{"session": {"keyName": closed()}},
		Capabilities: []pluginapi.Capability{
			{Name: pluginapi.CapSession}, {Name: pluginapi.CapCrypto, Purposes: []string{"key"}}, {Name: pluginapi.CapStorage, Write: []string{"apiKey"}}, {Name: pluginapi.CapAudit},
		},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/keys/create", Session: pluginapi.SessionRequired},
			{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore, Match: &pluginapi.Match{Headers: []string{"x-api-key"}}},
			{Number: 3, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/keys/used", Session: pluginapi.SessionRequired},
			{Number: 4, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/keys/fresh", Session: pluginapi.SessionFresh},
		},
	}
	return w.New(m).Permit("authorization", "authentication", "tokens").
		Handler(1, w.Copy("args.value", "request.body.key"), w.Call(pluginapi.CapCrypto, "digest", ""), w.Must(),
			w.Set("args.model", "apiKey"), w.Copy("args.record.digest", "result.digest"), w.Copy("args.record.userId", "session.user.id"),
			w.Call(pluginapi.CapStorage, "insert", ""), w.Must(), w.Copy("response.body.id", "result.id")).
		Handler(2, append(digest,
			w.Set("args.model", "apiKey"), w.Set("args.index", "digest"), w.Copy("args.value", "scratch.digest"), w.Call(pluginapi.CapStorage, "find", ""),
			w.If(pluginapi.StatusNotFound, w.Deny("401", "INVALID_API_KEY", "There is no such API key")), w.Must(),
			w.Copy("args.userId", "result.userId"), w.Copy("args.id", "result.id"), w.SetJSON("args.expiresIn", "600"), w.Set("args.fields.keyName", "ci"),
			w.Call(pluginapi.CapSession, "assume", ""), w.Must())...).
		Handler(3, w.Copy("response.body.session", "session.session"), w.Copy("response.body.fresh", "session.fresh"),
			w.Copy("args.userId", "session.user.id"), w.Set("args.action", "used"), w.Call(pluginapi.CapAudit, "record", ""), w.Must(),
			w.Copy("args.userId", "session.user.id"), w.Call(pluginapi.CapSession, "create", ""), w.Copy("response.body.create", "result.code"),
			w.Call(pluginapi.CapSession, "reissue", "{}"), w.Must(),
			w.Call(pluginapi.CapSession, "update", `{"set":{"keyName":"x"}}`), w.Copy("response.body.update", "result.code"),
			w.Call(pluginapi.CapSession, "end", "{}"), w.Copy("response.body.end", "result.code")).
		Handler(4, w.Set("response.body.fresh", "yes"))
}

// TestVirtualSession: a request with an API key acts for the key's user, in a
// session that is there for this request alone and says so, and comes to nothing
// that would outlive the request.
func TestVirtualSession(t *testing.T) {
	needPlugins(t, "email-password", "account")
	s := serve(t, `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    session: {updateAge: 1ms, freshAge: 0s, cookieCache: {enabled: true}}
    plugins:
      - {id: email-password}
      - {id: account}
      - {id: keys, module: DIR/keys.wasm, grants: [session, crypto, storage, audit, authorization, authentication, tokens]}
`, keysPlugin())
	ada, eve := s.signUp("", "ada@example.com"), s.signUp("", "eve@example.com")
	key := s.do(request{method: "POST", path: "/api/auth/keys/create", cookie: ada.cookie(), body: `{"key":"k3y-of-ada"}`}).get("id")
	call := func(method, path, body string) answer {
		t.Helper()
		a := s.do(request{method: method, path: "/api/auth" + path, cookie: eve.cookie(), body: body, header: http.Header{"X-Api-Key": {"k3y-of-ada"}}})
		if len(a.header.Values("Set-Cookie")) > 0 || strings.Contains(a.text, ada.get("token")) {
			t.Errorf("%s %s gives something away: %v %s", method, path, a.header, a.text)
		}
		return a
	}

	got := call("GET", "/get-session", "")
	for path, want := range map[string]string{
		"session.id": key, "session.virtual": "true", "session.keyName": "ci", "session.token": "", "session.userId": ada.get("user.id"),
		"session.expiresAt": s.clock.Now().Add(10 * time.Minute).UTC().Format("2006-01-02T15:04:05.000Z"), "user.email": "ada@example.com",
	} {
		if have := got.get(path); have != want {
			t.Errorf("%s is %q, want %q", path, have, want)
		}
	}
	used := call("POST", "/keys/used", "{}")
	for path, want := range map[string]string{
		"session.virtual": "true", "fresh": "false", "create": pluginapi.ServerCallCode, "update": pluginapi.VirtualSessionCode, "end": pluginapi.VirtualSessionCode,
	} {
		if have := used.get(path); have != want {
			t.Errorf("a plugin gets %s %q, want %q", path, have, want)
		}
	}
	call("POST", "/keys/fresh", "{}").want(t, http.StatusForbidden, "SESSION_NOT_FRESH")
	call("POST", "/sign-out", "{}").want(t, http.StatusForbidden, pluginapi.VirtualSessionCode)
	call("POST", "/update-user", `{"name":"Countess"}`).want(t, http.StatusOK, "")
	call("POST", "/revoke-session", `{"token":"`+eve.get("token")+`"}`).want(t, http.StatusOK, "")
	call("GET", "/list-sessions", "").want(t, http.StatusForbidden, "SESSION_NOT_FRESH")
	if log := s.auditLog("keys.used"); len(log) != 1 || log[0].Actor != ada.get("user.id") || log[0].AssumedBy != "keys" {
		t.Errorf("the audit log has %+v", log)
	}
	if log := s.auditLog("user.updated"); len(log) != 1 || log[0].AssumedBy != "keys" {
		t.Errorf("the audit log has %+v", log)
	}

	// Sessions that are stored go on, but for those that the user ends.
	for name, cookie := range map[string]string{"Countess": ada.cookie(), "Ada": eve.cookie()} {
		if own := s.do(request{method: "GET", path: "/api/auth/get-session?disableCookieCache=true", cookie: cookie}); own.get("user.name") != name || own.get("session.virtual") != "" {
			t.Errorf("the session of %s is %s", name, own.text)
		}
	}
	call("POST", "/revoke-other-sessions", "{}").want(t, http.StatusOK, "")
	if own := s.do(request{method: "GET", path: "/api/auth/get-session?disableCookieCache=true", cookie: ada.cookie()}); own.text != "null" {
		t.Errorf("after all were ended the session is %s", own.text)
	}
	if got := call("GET", "/get-session", ""); got.get("session.id") != key {
		t.Errorf("the key no longer works: %s", got.text)
	}
	wrong := s.do(request{method: "GET", path: "/api/auth/get-session", header: http.Header{"X-Api-Key": {"wrong"}}})
	wrong.want(t, http.StatusUnauthorized, "INVALID_API_KEY")
}
