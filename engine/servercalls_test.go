package engine_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/secret"
)

const (
	deploymentKey = "ahsk_QZxT5yK2nV8bR4mW7cJ1pL9sD3fG6hA0eU5iO2tYqEw8"
	narrowKey     = "ahsk_1ZxT5yK2nV8bR4mW7cJ1pL9sD3fG6hA0eU5iO2tYqEw8"
	endedKey      = "ahsk_2ZxT5yK2nV8bR4mW7cJ1pL9sD3fG6hA0eU5iO2tYqEw8"
	unknownKey    = "ahsk_3ZxT5yK2nV8bR4mW7cJ1pL9sD3fG6hA0eU5iO2tYqEw8"
)

// serverCalls is a tenant with service keys, and another that has none of
// them.
func serverCalls(extra string) string {
	return `
tenants:
  - id: main
    baseURL: http://main.example
    trustedOrigins: [https://app.example]
    cors: true
    passwords: {algorithm: argon2id}
    session: {cookieCache: {enabled: true}}
` + extra + `
    serviceKeys:
      - {id: deployment, keyHash: ` + secret.HashServiceKey(deploymentKey) + `, scopes: ["*"]}
      - {id: narrow, key: ` + narrowKey + `, scopes: [/server/get-user, /list-sessions], rateLimit: {window: 1m, max: 20}}
      - {id: ended, key: ` + endedKey + `, scopes: ["*"], expires: 2020-01-01}
    plugins:
      - id: email-password
        config: {deniedPasswordWords: [acme]}
      - id: account
        config: {deleteUser: {enabled: true}}
      - id: two-factor
        config: {skipVerificationOnEnable: true, otpOptions: {sendOTP: true}}
      - id: one-time-token
        config: {setOttHeaderOnNewSession: true}
      - id: bearer
      - id: multi-session
      - id: server
      - id: convex
        config: {algorithm: ES256, tokenScopes: [/get-session, /change-password, /server/*, /list-sessions, /sign-out]}
      - id: cross-domain
        config: {siteURLs: ["https://app.example"]}
  - id: other
    baseURL: http://other.example
    passwords: {algorithm: argon2id}
    plugins:
      - id: email-password
      - id: server
      - id: convex
        config: {algorithm: ES256, issuer: "http://main.example", tokenScopes: [/get-session]}
`
}

func needServer(t *testing.T) {
	needPlugins(t, "email-password", "account", "two-factor", "one-time-token", "bearer", "multi-session", "server", "convex", "cross-domain")
}

// call makes a server call; session is "SESSION USER", ids both, or "".
func (s *server) call(key, session, method, path, body string) answer {
	s.t.Helper()
	h := http.Header{"Authorization": {"Bearer " + key}}
	if id, user, ok := strings.Cut(session, " "); ok {
		h.Set("Authhost-Session", id)
		h.Set("Authhost-User", user)
	}
	return s.do(request{method: method, path: "/api/auth" + path, body: body, header: h, origin: "-"})
}

// silent fails if an answer hands anything to a client that it could go on
// with.
func (a answer) silent(t *testing.T, tokens ...string) answer {
	t.Helper()
	for _, name := range []string{"Set-Cookie", "Set-Better-Auth-Cookie", "Set-Auth-Token", "Set-Ott", "Access-Control-Allow-Origin"} {
		if v := a.header.Values(name); len(v) > 0 {
			t.Errorf("%s: %v", name, v)
		}
	}
	for _, token := range tokens {
		if token != "" && strings.Contains(a.text, token) {
			t.Errorf("the answer has a session's token: %s", a.text)
		}
	}
	return a
}

func TestServerEndpoints(t *testing.T) {
	needServer(t)
	s := serve(t, serverCalls(""))
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	id, token := up.get("user.id"), up.get("token")
	ada := `{"userId":"` + id + `"}`
	post := func(path, body string) answer {
		t.Helper()
		return s.call(deploymentKey, "", "POST", path, body).silent(t, token)
	}

	got := post("/server/get-user", ada).want(t, 200, "")
	if got.get("user.email") != "ada@example.com" || strings.Contains(got.text, "password\"") || !strings.Contains(got.text, `"providerId":"credential"`) {
		t.Errorf("get-user: %s", got.text)
	}
	post("/server/get-user", `{"email":"ADA@example.com"}`).want(t, 200, "")
	post("/server/get-user", `{"userId":"nobody"}`).want(t, 404, "USER_NOT_FOUND")
	post("/server/get-user", `{}`).want(t, 400, "VALIDATION_ERROR")

	post("/server/update-user", `{"userId":"`+id+`","user":{"name":"Countess","id":"evil","createdAt":"2000-01-01T00:00:00.000Z","twoFactorEnabled":true,"role":"admin","__proto__":{"x":1}}}`)
	got = post("/server/update-user", `{"userId":"`+id+`","user":{"name":"Countess","emailVerified":true,"id":"evil"}}`).want(t, 200, "")
	if got.get("user.name") != "Countess" || got.get("user.id") != id || got.get("user.emailVerified") != "true" || got.get("user.twoFactorEnabled") == "true" {
		t.Errorf("update-user: %s", got.text)
	}
	if got = post("/server/update-user", `{"userId":"`+id+`","user":{"email":"Countess@example.com"}}`).want(t, 200, ""); got.get("user.email") != "countess@example.com" || got.get("user.emailVerified") != "false" {
		t.Errorf("a new address: %s", got.text)
	}
	s.signUp("", "eve@example.com").want(t, 200, "")
	post("/server/update-user", `{"userId":"`+id+`","user":{"email":"eve@example.com"}}`).want(t, 409, "USER_ALREADY_EXISTS")
	post("/server/update-user", `{"userId":"`+id+`","user":{}}`).want(t, 400, "")

	got = post("/server/list-sessions", ada).want(t, 200, "")
	if n := strings.Count(got.text, `"expiresAt"`); n != 1 {
		t.Errorf("%d sessions: %s", n, got.text)
	}
	session := s.session("", up.cookie()).get("session.id")
	post("/server/revoke-session", `{"userId":"`+s.signIn("", "eve@example.com", password).get("user.id")+`","sessionId":"`+session+`"}`).want(t, 404, "SESSION_NOT_FOUND")
	if s.do(request{method: "GET", path: "/api/auth/list-sessions", cookie: up.cookie()}).status != 200 {
		t.Error("another user's session was ended")
	}
	post("/server/revoke-session", `{"userId":"`+id+`","sessionId":"`+session+`"}`).want(t, 200, "")
	s.do(request{method: "GET", path: "/api/auth/list-sessions", cookie: up.cookie()}).want(t, 401, "UNAUTHORIZED")

	post("/server/set-password", `{"userId":"`+id+`","newPassword":"short"}`).want(t, 400, "PASSWORD_TOO_SHORT")
	post("/server/set-password", `{"userId":"`+id+`","newPassword":"my-ACME-login"}`).want(t, 400, "PASSWORD_NOT_ALLOWED")
	in := s.signIn("", "countess@example.com", password).want(t, 200, "")
	post("/server/set-password", `{"userId":"`+id+`","newPassword":"another-horse-2"}`).want(t, 200, "")
	s.do(request{method: "GET", path: "/api/auth/list-sessions", cookie: in.cookie()}).want(t, 401, "UNAUTHORIZED")
	in = s.signIn("", "countess@example.com", "another-horse-2").want(t, 200, "")
	if got := post("/server/revoke-sessions", ada).want(t, 200, ""); got.get("count") != "1" {
		t.Errorf("revoke-sessions: %s", got.text)
	}
	s.do(request{method: "GET", path: "/api/auth/list-sessions", cookie: in.cookie()}).want(t, 401, "UNAUTHORIZED")

	post("/server/delete-user", ada).want(t, 200, "")
	post("/server/delete-user", ada).want(t, 404, "USER_NOT_FOUND")
	post("/server/revoke-sessions", ada).want(t, 404, "USER_NOT_FOUND")
}

// To everybody without a key, endpoints for servers are not there.
func TestServerEndpointsAreNotThere(t *testing.T) {
	needServer(t)
	s := serve(t, serverCalls(""))
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	jwt := s.do(request{method: "GET", path: "/api/auth/convex/token", cookie: up.cookie()}).want(t, 200, "").get("token")
	absent := s.do(request{method: "POST", path: "/api/auth/no-such-endpoint", body: `{}`})
	for _, path := range []string{"/server/get-user", "/server/delete-user", "/server/set-password", "/two-factor/view-backup-codes"} {
		for name, authorization := range map[string]string{
			"nothing": "", "garbage": "Bearer x", "a session token": "Bearer " + up.get("token"), "a token for Convex": "Bearer " + jwt,
			"a key that is none": "Bearer " + unknownKey, "an expired key": "Bearer " + endedKey, "half a key": "Bearer " + deploymentKey[:30],
			"a key and more": "Bearer " + deploymentKey + "x", "another scheme": "Basic " + deploymentKey, "the key's hash": "Bearer ahsk_" + secret.HashServiceKey(deploymentKey),
		} {
			for _, cookie := range []string{"", up.cookie()} {
				h := http.Header{"Authhost-Session": {"x"}}
				if authorization != "" {
					h.Set("Authorization", authorization)
				}
				got := s.do(request{method: "POST", path: "/api/auth" + path, body: `{"userId":"` + up.get("user.id") + `"}`, cookie: cookie, header: h})
				if got.status != absent.status || got.text != absent.text || len(got.cookies) > 0 {
					t.Errorf("%s with %s: %d %q %v", path, name, got.status, got.text, got.cookies)
				}
			}
		}
		s.do(request{method: "GET", path: "/api/auth" + path, header: http.Header{"Authorization": {"Bearer " + deploymentKey}}}).want(t, 404, "")
	}
	// A key of one tenant is nothing at another.
	h := http.Header{"Authorization": {"Bearer " + deploymentKey}}
	s.do(request{method: "POST", host: "other.example", path: "/api/auth/server/get-user", body: `{"userId":"x"}`, header: h, origin: "-"}).want(t, 404, "")
	s.do(request{method: "GET", host: "other.example", path: "/api/auth/get-session", header: h}).want(t, 401, "INVALID_SERVICE_KEY")
}

func TestServiceKeyActsInASession(t *testing.T) {
	needServer(t)
	s := serve(t, serverCalls(""))
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	eve := s.signUp("", "eve@example.com").want(t, 200, "")
	token, id := up.get("token"), s.session("", up.cookie()).get("session.id")
	session := id + " " + up.get("user.id")
	call := func(method, path, body string) answer {
		t.Helper()
		return s.call(deploymentKey, session, method, path, body).silent(t, token, eve.get("token"))
	}
	got := call("GET", "/get-session", "").want(t, 200, "")
	if got.get("user.email") != "ada@example.com" || got.get("session.id") != id || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("get-session: %s", got.text)
	}
	call("GET", "/list-sessions", "").want(t, 200, "")
	call("POST", "/update-user", `{"name":"Countess"}`).want(t, 200, "")
	call("POST", "/change-password", `{"currentPassword":"wrong","newPassword":"another-horse-2"}`).want(t, 400, "INVALID_PASSWORD")
	other := s.signIn("", "ada@example.com", password).want(t, 200, "")
	got = call("POST", "/change-password", `{"currentPassword":"`+password+`","newPassword":"another-horse-2","revokeOtherSessions":true}`).want(t, 200, "")
	if got.get("token") != "" {
		t.Errorf("change-password gives a session: %s", got.text)
	}
	s.do(request{method: "GET", path: "/api/auth/list-sessions", cookie: other.cookie()}).want(t, 401, "UNAUTHORIZED")
	call("GET", "/get-session", "").want(t, 200, "") // the session that the server acts in stays

	// What would hand a session over is refused.
	call("GET", "/one-time-token/generate", "").want(t, 403, "SERVER_CALL")
	call("POST", "/sign-in/email", `{"email":"ada@example.com","password":"another-horse-2"}`).want(t, 403, "SERVER_CALL")
	call("POST", "/sign-up/email", `{"name":"X","email":"x@example.com","password":"another-horse-2"}`).want(t, 403, "SERVER_CALL")
	if s.call(deploymentKey, "", "POST", "/server/get-user", `{"email":"x@example.com"}`).status != 404 {
		t.Error("a refused sign-up left a user")
	}

	// Cookies and the client's own headers count for nothing.
	h := http.Header{"Authorization": {"Bearer " + deploymentKey}, "Better-Auth-Cookie": {eve.cookie()}}
	got = s.do(request{method: "GET", path: "/api/auth/get-session", cookie: eve.cookie(), header: h}).silent(t, eve.get("token")).want(t, 200, "")
	if got.text != "null" {
		t.Errorf("a service key with a user's cookie: %s", got.text)
	}
	// Without a key, nobody looks at the header that names a session.
	got = s.do(request{method: "GET", path: "/api/auth/get-session", header: http.Header{"Authhost-Session": {id}, "Authhost-User": {up.get("user.id")}}})
	if got.text != "null" {
		t.Errorf("the header alone: %s", got.text)
	}
	for _, other := range []string{session + "x", "x" + session, token + " " + up.get("user.id"), id + " " + eve.get("user.id")} {
		s.call(deploymentKey, other, "GET", "/list-sessions", "").want(t, 401, "UNAUTHORIZED")
	}
	for _, bad := range []string{strings.Repeat("x", 65) + " x", "x " + strings.Repeat("x", 65), id + " ", " " + up.get("user.id")} {
		s.call(deploymentKey, bad, "GET", "/list-sessions", "").want(t, 400, "INVALID_SESSION_ID")
	}

	// A second factor, which the server turns on with a mailed code.
	call("POST", "/two-factor/send-otp", `{}`).want(t, 200, "")
	mails := s.outbox("main")
	got = call("POST", "/two-factor/verify-otp", `{"code":"`+mails[len(mails)-1].OTP+`"}`).want(t, 200, "")
	if got.get("user.email") != "ada@example.com" || !strings.Contains(got.text, `"twoFactorEnabled":true`) {
		t.Errorf("verify-otp: %s", got.text)
	}

	// Backup codes, for a server to show.
	call("POST", "/two-factor/enable", `{"password":"another-horse-2"}`).want(t, 200, "")
	codes := s.call(deploymentKey, "", "POST", "/two-factor/view-backup-codes", `{"userId":"`+up.get("user.id")+`"}`).want(t, 200, "")
	if strings.Count(codes.text, "-") < 10 {
		t.Errorf("backup codes: %s", codes.text)
	}
	s.call(deploymentKey, "", "POST", "/two-factor/view-backup-codes", `{"userId":"`+eve.get("user.id")+`"}`).want(t, 400, "BACKUP_CODES_NOT_ENABLED")

	// A session that has ended is no session for the server either.
	call("POST", "/sign-out", `{}`).want(t, 200, "")
	call("GET", "/list-sessions", "").want(t, 401, "UNAUTHORIZED")
}

func TestServiceKeyRefusals(t *testing.T) {
	needServer(t)
	s := serve(t, serverCalls("    rateLimit: {enabled: true}\n"))
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	id := s.session("", up.cookie()).get("session.id")
	session := id + " " + up.get("user.id")
	s.call(narrowKey, session, "GET", "/list-sessions", "").want(t, 200, "")
	s.call(narrowKey, session, "GET", "/get-session", "").want(t, 403, "INSUFFICIENT_SCOPE")
	s.call(narrowKey, "", "POST", "/server/delete-user", `{"userId":"x"}`).want(t, 403, "INSUFFICIENT_SCOPE")
	s.call(unknownKey, session, "GET", "/get-session", "").want(t, 401, "INVALID_SERVICE_KEY")
	s.call(endedKey, session, "GET", "/get-session", "").want(t, 401, "INVALID_SERVICE_KEY")
	browser := s.do(request{method: "POST", path: "/api/auth/server/get-user", body: `{"userId":"x"}`, origin: "https://app.example", header: http.Header{"Authorization": {"Bearer " + deploymentKey}}})
	browser.silent(t).want(t, 403, "SERVICE_KEY_IN_BROWSER")
	if v := browser.header.Get("Access-Control-Allow-Credentials"); v != "" {
		t.Errorf("a service key gets CORS headers: %s", v)
	}

	// Calls are counted by key, and by the session that they act in; not by
	// address.
	for i := range 4 {
		got := s.call(deploymentKey, session, "POST", "/change-password", `{"currentPassword":"wrong","newPassword":"another-horse-2"}`)
		if want := map[bool]int{true: 400, false: 429}[i < 3]; got.status != want {
			t.Errorf("guess %d: %d %s", i, got.status, got.text)
		}
	}
	s.do(request{method: "POST", path: "/api/auth/change-password", cookie: up.cookie(), body: `{"currentPassword":"wrong","newPassword":"another-horse-2"}`}).want(t, 400, "INVALID_PASSWORD")
	limited := 0
	for range 30 {
		if s.call(narrowKey, "", "POST", "/server/get-user", `{"userId":"x"}`).status == 429 {
			limited++
		}
	}
	if limited == 0 || limited == 30 {
		t.Errorf("%d of 30 calls of the narrow key were refused", limited)
	}
	s.call(deploymentKey, "", "POST", "/server/get-user", `{"userId":"x"}`).want(t, 404, "USER_NOT_FOUND")

	// Every use is in the audit log with the id of the key, and no key is
	// anywhere.
	log, err := os.ReadFile(filepath.Join(s.dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"action":"service-key.used"`, `"key":"narrow"`, `"session":"` + id + `"`, `"reason":"scope"`, `"reason":"unknown"`, `"reason":"expired"`, `"reason":"browser"`,
	} {
		if !strings.Contains(string(log), want) {
			t.Errorf("the audit log has no %s", want)
		}
	}
	for _, key := range []string{deploymentKey, narrowKey, endedKey, unknownKey} {
		if strings.Contains(string(log), key) || strings.Contains(s.log.String(), key) {
			t.Errorf("a log has the key %s…", key[:6])
		}
	}
}

// A user's own token for Convex lets a server act in its session, where the
// operator says so.
func TestConvexTokenActsInItsSession(t *testing.T) {
	needServer(t)
	s := serve(t, serverCalls(""))
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	eve := s.signUp("", "eve@example.com").want(t, 200, "")
	token := s.do(request{method: "GET", path: "/api/auth/convex/token", cookie: up.cookie()}).want(t, 200, "").get("token")
	call := func(token, method, path, body string) answer {
		t.Helper()
		return s.do(request{method: method, path: "/api/auth" + path, body: body, origin: "-", header: http.Header{"Authorization": {"Bearer " + token}}}).silent(t, up.get("token"), eve.get("token"))
	}
	if got := call(token, "GET", "/get-session", "").want(t, 200, ""); got.get("user.email") != "ada@example.com" {
		t.Errorf("get-session: %s", got.text)
	}
	call(token, "GET", "/list-sessions", "").want(t, 200, "")
	call(token, "POST", "/change-password", `{"currentPassword":"`+password+`","newPassword":"another-horse-2","revokeOtherSessions":true}`).want(t, 200, "")
	call(token, "POST", "/update-user", `{"name":"X"}`).want(t, 401, "UNAUTHORIZED") // not in tokenScopes
	call(token, "GET", "/convex/token", "").want(t, 401, "UNAUTHORIZED")             // no token begets another
	call(token, "POST", "/server/get-user", `{"userId":"x"}`).want(t, 404, "")

	// With a cookie beside it, the token counts, and the cookie gets nothing.
	got := s.do(request{method: "GET", path: "/api/auth/get-session", cookie: eve.cookie(), header: http.Header{"Authorization": {"Bearer " + token}}})
	if got.get("user.email") != "ada@example.com" || len(got.cookies) > 0 {
		t.Errorf("token and cookie: %s %v", got.text, got.cookies)
	}
	h := http.Header{"Authorization": {"Bearer " + token}}
	if got := s.do(request{method: "GET", host: "other.example", path: "/api/auth/get-session", header: h}); got.text != "null" {
		t.Errorf("at another tenant of the same issuer: %s", got.text)
	}
	parts := strings.Split(token, ".")
	header := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, forged := range map[string]string{
		"no signature":   parts[0] + "." + parts[1] + ".",
		"none":           header(`{"alg":"none"}`) + "." + parts[1] + ".",
		"HS256":          header(`{"alg":"HS256","kid":"x"}`) + "." + parts[1] + "." + parts[2],
		"jwk":            header(`{"alg":"ES256","kid":"x","jwk":{}}`) + "." + parts[1] + "." + parts[2],
		"other claims":   parts[0] + "." + header(`{"iss":"http://main.example","aud":"convex","sub":"x","sessionId":"y","exp":99999999999}`) + "." + parts[2],
		"cut":            token[:len(token)-4],
		"many dots":      strings.Repeat(".", 1000),
		"somebody else?": parts[0] + "." + parts[1] + "." + header("signature"),
	} {
		h := http.Header{"Authorization": {"Bearer " + forged}}
		if got := s.do(request{method: "GET", path: "/api/auth/get-session", header: h}); got.status != 200 || got.text != "null" {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	s.clock.Advance(15 * time.Minute)
	if got := s.do(request{method: "GET", path: "/api/auth/get-session", header: h}); got.text != "null" {
		t.Errorf("after its time: %s", got.text)
	}
	s.clock.Advance(-15 * time.Minute)
	call(token, "POST", "/sign-out", `{}`).want(t, 200, "")
	call(token, "GET", "/list-sessions", "").want(t, 401, "UNAUTHORIZED")
	log, err := os.ReadFile(filepath.Join(s.dir, "audit.jsonl"))
	if err != nil || !strings.Contains(string(log), `"action":"convex.token-used"`) {
		t.Errorf("the audit log has no use of a token (%v)", err)
	}
}

func TestScopesNameEndpoints(t *testing.T) {
	needServer(t)
	text := strings.Replace(serverCalls(""), "[/server/get-user, /list-sessions]", "[/server/get-users]", 1)
	e, err := engine.New(t.Context(), parseConfig(t, t.TempDir(), text), options(io.Discard, nil))
	if err == nil {
		_ = e.Close(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), `no endpoint of tenant "main" matches "/server/get-users"`) {
		t.Errorf("got %v", err)
	}
}

// TestServersTokenSignsIn: a server hands a user in who has no session. The token
// is worth one sign-in, with the user's second factor.
func TestServersTokenSignsIn(t *testing.T) {
	needServer(t)
	s := serve(t, serverCalls(""))
	user := s.signUp("", "ada@example.com").want(t, 200, "").get("user.id")
	s.call(narrowKey, "", "POST", "/one-time-token/create", `{"userId":"`+user+`"}`).want(t, 403, "INSUFFICIENT_SCOPE")
	s.do(request{method: "POST", path: "/api/auth/one-time-token/create", body: `{"userId":"` + user + `"}`}).want(t, 404, "")
	token := s.call(deploymentKey, "", "POST", "/one-time-token/create", `{"userId":"`+user+`"}`).want(t, 200, "").get("token")
	verify := request{method: "POST", path: "/api/auth/one-time-token/verify", body: `{"token":"` + token + `"}`}
	in := s.do(verify).want(t, 200, "")
	if s.session("", in.cookie()).get("user.id") != user {
		t.Errorf("signed in: %s", in.text)
	}
	s.do(verify).want(t, 400, "")

	s.do(request{method: "POST", path: "/api/auth/two-factor/enable", cookie: in.cookie(), body: `{"password":"` + password + `"}`}).want(t, 200, "")
	token = s.call(deploymentKey, "", "POST", "/one-time-token/create", `{"userId":"`+user+`"}`).want(t, 200, "").get("token")
	half := s.do(request{method: "POST", path: "/api/auth/one-time-token/verify", body: `{"token":"` + token + `"}`}).want(t, 200, "")
	if half.get("twoFactorRedirect") != "true" || half.cookies["better-auth.session_token"] != "" {
		t.Errorf("with a second factor: %s %v", half.text, half.cookies)
	}
}
