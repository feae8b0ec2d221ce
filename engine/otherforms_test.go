package engine_test

import (
	"strings"
	"testing"
)

const twoForms = `
tenants:
  - id: main
    baseURL: http://auth.app.example
    passwords: {algorithm: argon2id}
    cookies: {domain: %s}
    plugins: [{id: email-password}]
`

// TestCookiesInTwoForms: after cookies.domain is set, taken away or changed, a
// browser has the cookie of before beside the present one, and sends it first.
// The live session is found whichever it is in, and the other form goes.
func TestCookiesInTwoForms(t *testing.T) {
	needPlugins(t, "email-password")
	for domain, other := range map[string]string{"app.example": "", `""`: "; Domain=app.example"} {
		s := serve(t, strings.Replace(twoForms, "%s", domain, 1))
		const host = "auth.app.example"
		s.signUp(host, "ada@example.com").want(t, 200, "")
		const name = "better-auth.session_token"
		dead, live := s.signIn(host, "ada@example.com", password).cookies[name], s.signIn(host, "ada@example.com", password).cookies[name]
		s.do(request{method: "POST", host: host, path: "/api/auth/sign-out", cookie: name + "=" + dead, body: `{}`}).want(t, 200, "")
		for _, cookie := range []string{name + "=" + dead + "; " + name + "=" + live, name + "=" + live + "; " + name + "=" + dead} {
			got := s.session(host, cookie)
			if got.get("user.email") != "ada@example.com" {
				t.Errorf("domain %s: session %s", domain, got.text)
			}
			var sent, taken bool
			for _, line := range got.header["Set-Cookie"] {
				present := strings.Contains(line, "; Domain=app.example")
				if other != "" {
					present = !strings.Contains(line, "; Domain=")
				}
				sent = sent || present && strings.HasPrefix(line, name+"="+live+";")
				taken = taken || !present && strings.HasPrefix(line, name+"=; Max-Age=0")
				if present && strings.Contains(line, "Max-Age=0") {
					t.Errorf("domain %s: takes the good one: %s", domain, line)
				}
			}
			if !sent || !taken {
				t.Errorf("domain %s: cookies %q", domain, got.header["Set-Cookie"])
			}
		}
		out := s.do(request{method: "POST", host: host, path: "/api/auth/sign-out", cookie: name + "=" + dead + "; " + name + "=" + live, body: `{}`}).want(t, 200, "")
		if n := strings.Count(strings.Join(out.header["Set-Cookie"], "\n"), name+"=; Max-Age=0"); n < 2 {
			t.Errorf("domain %s: signing out leaves one: %q", domain, out.header["Set-Cookie"])
		}
		if s.session(host, name+"="+live).text != "null" {
			t.Errorf("domain %s: the session lives on", domain)
		}
		if one := s.signIn(host, "ada@example.com", password); strings.Count(strings.Join(one.header["Set-Cookie"], "\n"), name+"=") != 1 {
			t.Errorf("a client with one form gets %q", one.header["Set-Cookie"])
		}
	}
}
