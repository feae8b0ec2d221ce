package engine_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBreachedPasswords: a mirror of the list on this host, and everywhere
// that a password becomes a user's. The hash of "password1" is E38AD and what
// the mirror answers.
func TestBreachedPasswords(t *testing.T) {
	needPlugins(t, "email-password", "have-i-been-pwned")
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if r.URL.Path == "/range/E38AD" {
			_, _ = io.WriteString(w, "214943DAAD1D64C102FAEC29DE4AFE9DA3D:2413945\r\n")
		} else {
			_, _ = io.WriteString(w, "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n")
		}
	}))
	defer mirror.Close()
	s := serve(t, strings.ReplaceAll(`
  egress: {allow: [127.0.0.1/32]}
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    plugins:
      - id: email-password
      - id: have-i-been-pwned
        config: {url: "MIRROR/range"}
`, "MIRROR", mirror.URL))
	post := func(path, body, cookie string) answer {
		return s.do(request{method: "POST", path: "/api/auth" + path, body: body, cookie: cookie})
	}
	post("/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"password1"}`, "").want(t, 400, "PASSWORD_COMPROMISED")
	cookie := s.signUp("", "ada@example.com").want(t, 200, "").cookie()
	change := `{"currentPassword":"` + password + `","newPassword":"NEW"}`
	post("/change-password", strings.Replace(change, "NEW", "password1", 1), cookie).want(t, 400, "PASSWORD_COMPROMISED")
	post("/change-password", strings.Replace(change, "NEW", "another-horse-1", 1), cookie).want(t, 200, "")
	mirror.Close()
	post("/sign-up/email", `{"name":"Eve","email":"eve@example.com","password":"another-horse-1"}`, "").want(t, 500, "PASSWORD_CHECK_FAILED")
	s.signIn("", "ada@example.com", "another-horse-1").want(t, 200, "")
}
