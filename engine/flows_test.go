package engine_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const oneTenant = `
tenants:
  - id: main
    baseURL: http://main.example
    trustedOrigins: [https://app.example]
    cors: true
    passwords: {algorithm: argon2id}
    plugins:
      - id: email-password
        config: {sendResetPassword: true}
      - id: convex
        config: {algorithm: ES256}
`

func TestSignUpSignInSignOut(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serveWith(t, tenantsPasswords, oneTenant)
	up := s.signUp("", "Ada@Example.com").want(t, 200, "")
	if up.get("user.email") != "ada@example.com" || up.get("token") == "" || up.cookies["better-auth.session_token"] == "" {
		t.Fatalf("sign-up: %s", up.text)
	}
	if got := s.session("", up.cookie()); got.get("user.id") != up.get("user.id") || got.get("session.token") != up.get("token") {
		t.Errorf("session: %s", got.text)
	}
	s.signUp("", "ada@example.com").want(t, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
	s.signIn("", "ada@example.com", "wrong-password").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	s.signIn("", "eve@example.com", password).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	in := s.signIn("", "ADA@example.com", password).want(t, 200, "")
	if in.get("token") == up.get("token") {
		t.Error("two sign-ins have one session")
	}
	out := s.do(request{method: "POST", path: "/api/auth/sign-out", cookie: in.cookie(), body: `{}`}).want(t, 200, "")
	if !out.expired["better-auth.session_token"] || !out.expired["better-auth.convex_jwt"] {
		t.Errorf("sign-out expires %v", out.expired)
	}
	if got := s.session("", in.cookie()); got.text != "null" {
		t.Errorf("after sign-out: %s", got.text)
	}
	if got := s.session("", up.cookie()); got.text == "null" {
		t.Error("the other session ended")
	}
}

// claims decodes a token without looking at its signature.
func claims(t *testing.T, token string) (header, payload map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q", token)
	}
	for i, into := range []*map[string]any{&header, &payload} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return header, payload
}

func TestConvexToken(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, oneTenant)
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	s.do(request{method: "GET", path: "/api/auth/convex/token"}).want(t, 401, "UNAUTHORIZED")
	token := s.do(request{method: "GET", path: "/api/auth/convex/token", cookie: up.cookie()}).want(t, 200, "").get("token")
	header, payload := claims(t, token)
	jwks := s.do(request{method: "GET", path: "/api/auth/convex/jwks"}).want(t, 200, "")
	if jwks.header.Get("Content-Type") != "application/json" || !strings.Contains(jwks.text, `"kid":"`+header["kid"].(string)+`"`) || strings.Contains(jwks.text, `"d":`) {
		t.Errorf("jwks %s", jwks.text)
	}
	if payload["sub"] != up.get("user.id") || payload["aud"] != "convex" || payload["iss"] != "http://main.example" || payload["email"] != "ada@example.com" || header["alg"] != "ES256" {
		t.Errorf("token %v %v", header, payload)
	}
	if payload["exp"].(float64)-payload["iat"].(float64) != 900 {
		t.Errorf("lives from %v to %v", payload["iat"], payload["exp"])
	}
	if _, ok := payload["password"]; ok || strings.Contains(token, "secret") {
		t.Errorf("token %v", payload)
	}
}

// resetToken asks for a reset and reads its token from the mail.
func (s *server) resetToken(email string) string {
	s.t.Helper()
	before := len(s.outbox("main"))
	s.do(request{method: "POST", path: "/api/auth/request-password-reset", body: `{"email":"` + email + `","redirectTo":"/new"}`}).want(s.t, 200, "")
	mails := s.outbox("main")
	if len(mails) != before+1 {
		s.t.Fatalf("%d new mails", len(mails)-before)
	}
	m := mails[len(mails)-1]
	if m.To != email || m.Template != "reset-password" || !strings.HasPrefix(m.URL, "http://main.example/api/auth/reset-password/"+m.Token) {
		s.t.Errorf("mail %+v", m)
	}
	return m.Token
}

func (s *server) reset(token, password string) answer {
	s.t.Helper()
	return s.do(request{method: "POST", path: "/api/auth/reset-password", body: `{"token":"` + token + `","newPassword":"` + password + `"}`})
}

func TestResetPassword(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, oneTenant)
	s.signUp("", "ada@example.com").want(t, 200, "")
	token := s.resetToken("ada@example.com")
	s.reset(token, "short").want(t, 400, "PASSWORD_TOO_SHORT")
	s.reset(token, "another-horse-2").want(t, 200, "")
	s.reset(token, "another-horse-3").want(t, 400, "INVALID_TOKEN")
	s.signIn("", "ada@example.com", password).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	s.signIn("", "ada@example.com", "another-horse-2").want(t, 200, "")

	late := s.resetToken("ada@example.com")
	s.clock.Advance(time.Hour)
	s.reset(late, "another-horse-4").want(t, 400, "INVALID_TOKEN")

	known := s.do(request{method: "POST", path: "/api/auth/request-password-reset", body: `{"email":"ada@example.com"}`})
	unknown := s.do(request{method: "POST", path: "/api/auth/request-password-reset", body: `{"email":"eve@example.com"}`})
	if known.status != unknown.status || known.text != unknown.text {
		t.Errorf("known %d %s, unknown %d %s", known.status, known.text, unknown.status, unknown.text)
	}
}

// TestHostPoisoning: what a client says of the host does not get into mails.
func TestHostPoisoning(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, oneTenant)
	evil := http.Header{"X-Forwarded-Host": {"e.co"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"host=e.co;proto=https"}, "X-Host": {"e.co"}}
	s.do(request{method: "POST", host: "e.co", origin: "http://main.example", path: "/api/auth/sign-up/email", header: evil,
		body: `{"name":"A","email":"ada@example.com","password":"` + password + `"}`}).want(t, 200, "") // alone on its listener, it takes any host
	s.do(request{method: "POST", host: "e.co", origin: "http://main.example", path: "/api/auth/request-password-reset", header: evil, body: `{"email":"ada@example.com"}`}).want(t, 200, "")
	for _, m := range s.outbox("main") {
		if !strings.HasPrefix(m.URL, "http://main.example/") || strings.Contains(m.URL, "e.co") {
			t.Errorf("mail %+v", m)
		}
	}
	for _, target := range []string{"//e.co", `/\\e.co`, "/%2f%2fe.co", "https:e.co", "https://main.example@e.co", "javascript:alert(1)", "https://app.example.e.co"} {
		s.do(request{method: "POST", path: "/api/auth/request-password-reset", body: `{"email":"ada@example.com","redirectTo":"` + target + `"}`}).want(t, 403, "INVALID_REDIRECT_URL")
	}
	if n := len(s.outbox("main")); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// parallel runs f n times at once.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	wg.Wait()
}

// TestSingleUse: of 50 parallel uses of one reset token exactly one succeeds,
// and its password is the one that works.
func TestSingleUse(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, oneTenant)
	s.signUp("", "ada@example.com").want(t, 200, "")
	token := s.resetToken("ada@example.com")
	const n = 50
	answers := make([]answer, n)
	name := func(i int) string { return "horse-number-" + string(rune('A'+i%26)) + string(rune('A'+i/26)) }
	parallel(n, func(i int) { answers[i] = s.reset(token, name(i)) })
	won := -1
	for i, a := range answers {
		switch {
		case a.status == 200 && won < 0:
			won = i
		case a.status == 200:
			t.Errorf("%d and %d succeeded", won, i)
		case a.status == 400 && a.get("code") == "INVALID_TOKEN", a.status == 503:
		default:
			t.Errorf("%d: %d %s", i, a.status, a.text)
		}
	}
	if won < 0 {
		t.Fatal("nobody succeeded")
	}
	s.signIn("", "ada@example.com", name(won)).want(t, 200, "")
}

// TestSignUpRace: of parallel sign-ups with one address exactly one makes an
// account.
func TestSignUpRace(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, oneTenant)
	const n = 20
	answers := make([]answer, n)
	parallel(n, func(i int) {
		email := "ada@example.com"
		if i%2 == 0 {
			email = "ADA@Example.com"
		}
		answers[i] = s.signUp("", email)
	})
	won := 0
	for i, a := range answers {
		switch {
		case a.status == 200:
			won++
		case a.status == 422 && a.get("code") == "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", a.status == 503:
			if len(a.cookies) > 0 {
				t.Errorf("%d: refused with cookies %v", i, a.cookies)
			}
		default:
			t.Errorf("%d: %d %s", i, a.status, a.text)
		}
	}
	if won != 1 {
		t.Errorf("%d accounts", won)
	}
	s.signIn("", "ada@example.com", password).want(t, 200, "")
}

func TestRefresh(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, oneTenant)
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	first := s.session("", up.cookie())
	if len(first.cookies) > 1 || first.cookies["better-auth.session_token"] != "" {
		t.Errorf("a young session is sent again: %v", first.cookies)
	}
	s.clock.Advance(24 * time.Hour)
	second := s.session("", up.cookie())
	if second.get("session.expiresAt") == first.get("session.expiresAt") || second.get("session.token") != first.get("session.token") || second.cookies["better-auth.session_token"] == "" {
		t.Errorf("a day old: %s, cookies %v", second.text, second.cookies)
	}
	if third := s.session("", up.cookie()); third.get("session.expiresAt") != second.get("session.expiresAt") || third.cookies["better-auth.session_token"] != "" {
		t.Errorf("extended again: %s", third.text)
	}
	s.clock.Advance(7 * 24 * time.Hour)
	if gone := s.session("", up.cookie()); gone.text != "null" || !gone.expired["better-auth.session_token"] {
		t.Errorf("after a week: %s", gone.text)
	}
}

func TestCORSAndOrigins(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, oneTenant)
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	for origin, allowed := range map[string]bool{"https://app.example": true, "https://e.co": false, "null": false, "https://app.example.e.co": false} {
		a := s.do(request{method: "GET", path: "/api/auth/get-session", cookie: up.cookie(), header: http.Header{"Origin": {origin}}})
		if got := a.header.Get("Access-Control-Allow-Origin"); (got == origin) != allowed || !allowed && got != "" {
			t.Errorf("%s: allowed %q", origin, got)
		}
		status, code := 200, ""
		if !allowed {
			status, code = 403, "INVALID_ORIGIN"
		}
		if origin == "null" {
			code = "MISSING_OR_NULL_ORIGIN"
		}
		s.do(request{method: "POST", path: "/api/auth/revoke-other-sessions", body: `{}`, cookie: up.cookie(), origin: origin}).want(t, status, code)
	}
	s.do(request{method: "POST", path: "/api/auth/sign-out", body: `{}`, cookie: up.cookie(), origin: "-"}).want(t, 403, "MISSING_OR_NULL_ORIGIN")
}

// TestMalformed: nothing that a client can send is a fault of the server.
func TestMalformed(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, oneTenant)
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	for _, r := range []request{
		{method: "POST", path: "/api/auth/sign-up/email", body: `{"name":"\u0000","email":"a@b.co","password":"\ud800aaaaaaaa"}`},
		{method: "POST", path: "/api/auth/sign-up/email", body: "{\"name\":\"\xff\",\"email\":\"b@b.co\",\"password\":\"aaaaaaaaaa\"}", header: header("User-Agent", "\xff\xfe")},
		{method: "POST", path: "/api/auth/sign-up/email", body: `{"name":"x","email":"c@b.co","password":"aaaaaaaaaa","__proto__":{"role":"admin"},"id":"mine","role":"admin","emailVerified":true}`},
		{method: "POST", path: "/api/auth/sign-in/email", body: `{"email":"a@b.co","password":"` + strings.Repeat("x", 900_000) + `"}`},
		{method: "POST", path: "/api/auth/reset-password", body: `{"token":"\u0000\uffff","newPassword":"aaaaaaaaaa"}`},
		{method: "GET", path: "/api/auth/reset-password/%ff%00?callbackURL=/x"},
		{method: "GET", path: "/api/auth/verify-email?token=" + strings.Repeat(".", 10_000)},
		{method: "GET", path: "/api/auth/verify-email?token=a&token=b"},
		{method: "GET", path: "/api/auth/get-session", cookie: strings.Repeat("a=b; ", 5000)},
		{method: "GET", path: "/api/auth/get-session", header: header("Authorization", "Bearer \xff.\xfe")},
		{method: "GET", path: "/api/auth/convex/token", header: header("Authorization", "Bearer "+strings.Repeat("a.", 5000))},
		{method: "GET", path: "/api/auth/get-session?" + strings.Repeat("a&", 20_000)},
	} {
		if a := s.do(r); a.status >= 500 || a.status == 0 {
			t.Errorf("%s %.60s: %d %s", r.method, r.path, a.status, a.text)
		}
	}
	if got := s.signIn("", "c@b.co", "aaaaaaaaaa").want(t, 200, ""); got.get("user.id") == "mine" || got.get("user.emailVerified") != "false" || strings.Contains(got.text, "admin") {
		t.Errorf("mass assignment: %s", got.text)
	}
	if strings.Contains(s.log.String(), "request failed") {
		t.Errorf("log: %s", s.log)
	}
}

// TestConvexCookieEndsWithItsSession: the token beside a session is taken away
// by whatever ends the session, and follows no session that was revoked.
func TestConvexCookieEndsWithItsSession(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	s := serve(t, strings.Replace(oneTenant, "passwords:", "session: {cookieCache: {enabled: true}}\n    passwords:", 1))
	const name = "better-auth.convex_jwt"
	s.signUp("", "ada@example.com").want(t, 200, "")
	post := func(cookie, path, body string) answer {
		t.Helper()
		return s.do(request{method: "POST", path: "/api/auth" + path, cookie: cookie, body: body}).want(t, 200, "")
	}
	one, two := s.signIn("", "ada@example.com", password), s.signIn("", "ada@example.com", password)
	if one.cookies[name] == "" {
		t.Fatalf("sign-in sets %v", one.cookies)
	}
	if got := post(one.cookie(), "/revoke-session", `{"token":"`+two.get("token")+`"}`); got.expired[name] {
		t.Error("revoking another session takes the cookie away")
	}
	// The copy of a revoked session is good for a while; a token is not made of it.
	if got := s.session("", two.cookie()); !got.expired[name] || got.cookies[name] != "" {
		t.Errorf("a revoked session: %v %v", got.cookies, got.expired)
	}
	if got := post(one.cookie(), "/revoke-session", `{"token":"`+one.get("token")+`"}`); !got.expired[name] {
		t.Error("/revoke-session leaves the token of its session")
	}
	three := s.signIn("", "ada@example.com", password)
	if got := post(three.cookie(), "/revoke-other-sessions", `{}`); got.expired[name] {
		t.Error("/revoke-other-sessions takes the cookie of this one away")
	}
	if got := post(three.cookie(), "/revoke-sessions", `{}`); !got.expired[name] {
		t.Error("/revoke-sessions leaves the token of its session")
	}
}

// TestRefreshCacheIsConfigured: with refreshCache, a copy is renewed when a
// fifth of its life is left, or as long before its end as the tenant says.
func TestRefreshCacheIsConfigured(t *testing.T) {
	needPlugins(t, "email-password")
	const data = "better-auth.session_data"
	for setting, left := range map[string]time.Duration{"false": 0, "true": time.Minute, "{updateAge: 10s}": 10 * time.Second} {
		s := serve(t, strings.Replace(oneTenant, "passwords:", "session: {cookieCache: {enabled: true, refreshCache: "+setting+"}}\n    passwords:", 1))
		up := s.signUp("", "ada@example.com").want(t, 200, "")
		s.clock.Advance(5*time.Minute - left - time.Second)
		if got := s.session("", up.cookie()); got.cookies[data] != "" {
			t.Errorf("%s: renewed %v before its end", setting, left)
		}
		s.clock.Advance(2 * time.Second)
		if got := s.session("", up.cookie()); got.cookies[data] == "" || got.cookies[data] == up.cookies[data] {
			t.Errorf("%s: not renewed %v before its end", setting, left)
		}
	}
}

// TestCrossDomainOrder: of plugins before cross-domain the cookies move into its
// header, of those after it they stay cookies.
func TestCrossDomainOrder(t *testing.T) {
	needPlugins(t, "email-password", "convex", "cross-domain")
	const convex, cross = "      - id: convex\n        config: {algorithm: ES256}\n", "      - id: cross-domain\n        config: {siteURLs: [\"https://app.example\"]}\n"
	for order, moves := range map[string]bool{convex + cross: true, cross + convex: false} {
		s := serve(t, strings.Replace(oneTenant, convex, order, 1))
		up := s.do(request{method: "POST", path: "/api/auth/sign-up/email", origin: "https://app.example", header: http.Header{"Better-Auth-Cookie": {""}},
			body: `{"name":"Ada","email":"ada@example.com","password":"` + password + `"}`}).want(t, 200, "")
		header := up.header.Get("Set-Better-Auth-Cookie")
		if !strings.Contains(header, "better-auth.session_token=") || up.cookies["better-auth.session_token"] != "" {
			t.Errorf("the session's cookie: %q %v", header, up.cookies)
		}
		if got := strings.Contains(header, "better-auth.convex_jwt="); got != moves || (up.cookies["better-auth.convex_jwt"] != "") == moves {
			t.Errorf("convex first %t: %q %v", moves, header, up.cookies)
		}
	}
}

// TestSignOutNamesUser: a hook learns whose session a sign-out has ended, which
// no longer is there to be read, and may add to the answer.
func TestSignOutNamesUser(t *testing.T) {
	needPlugins(t, "email-password")
	hook := onEvent(pluginapi.EventResponseSession)
	hook.Match = &pluginapi.Match{Phases: []string{pluginapi.PhaseEnded}}
	g := w.New(&pluginapi.Manifest{ID: "watch", Handlers: []pluginapi.Handler{hook}}).Permit("responses").
		Handler(1, w.Copy("response.body.who", "event.userId"), w.Copy("response.body.session", "session.user.id"))
	s := serve(t, strings.Replace(oneTenant, "    plugins:\n", "    plugins:\n      - {id: watch, module: DIR/watch.wasm, grants: [responses]}\n", 1), g)
	in := s.signUp("", "ada@example.com").want(t, 200, "")
	for _, want := range []string{in.get("user.id"), ""} { // the second time there is nobody
		out := s.do(request{method: "POST", path: "/api/auth/sign-out", cookie: in.cookie(), body: `{}`}).want(t, 200, "")
		if out.get("who") != want || out.get("session") != "" {
			t.Errorf("signed out: %s, want %q", out.text, want)
		}
	}
	s.do(request{method: "POST", path: "/api/auth/sign-out", cookie: in.cookie(), body: `{"callbackURL":"https://evil.example/"}`}).want(t, 403, "INVALID_CALLBACK_URL")
}
