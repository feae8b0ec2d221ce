package engine_test

import (
	"strings"
	"testing"
)

// TestLargeCopies: the copy of a session in cookies is in parts where one cookie
// does not hold it, and left out where several would be too large for the next
// request. Either way the log and the metrics say so.
func TestLargeCopies(t *testing.T) {
	needPlugins(t, "email-password")
	for _, encoding := range []string{"compact", "jwt", "jwe"} {
		s := serve(t, `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    user: {maxNameLength: 16384}
    session: {cookieCache: {enabled: true, strategy: `+encoding+`}}
    plugins: [{id: email-password}]
`)
		up := func(address string, length int) answer {
			t.Helper()
			body := `{"name":"` + strings.Repeat("x", length) + `","email":"` + address + `@example.com","password":"` + password + `"}`
			return s.do(request{method: "POST", path: "/api/auth/sign-up/email", body: body}).want(t, 200, "")
		}
		for _, tt := range []struct {
			name    string
			length  int
			cookie  string // one that is set, "" for none
			outcome string
		}{
			{"small", 100, "session_data", ""},
			{"medium", 6000, "session_data.1", "sent"},
			{"large", 16000, "", "refused"},
		} {
			a := up(tt.name, tt.length)
			if tt.cookie != "" && a.cookies["better-auth."+tt.cookie] == "" {
				t.Errorf("%s, %s: no cookie %s", encoding, tt.name, tt.cookie)
			}
			if tt.cookie == "" && (a.cookies["better-auth.session_data"] != "" || a.cookies["better-auth.session_data.0"] != "") {
				t.Errorf("%s, %s: there is a copy", encoding, tt.name)
			}
			if got := s.session("", a.cookie()); got.get("user.email") != tt.name+"@example.com" {
				t.Errorf("%s, %s: the session is %d bytes, %d", encoding, tt.name, len(got.text), got.status)
			}
			if metric := `authhost_large_answers_total{outcome="` + tt.outcome + `",plugin="engine",tenant="main"}`; tt.outcome != "" && !strings.Contains(s.scrape(t), metric) {
				t.Errorf("%s, %s: no metric %s", encoding, tt.name, metric)
			}
		}
		if got := s.log.String(); !strings.Contains(got, "cookie session_data") {
			t.Errorf("%s: the log does not say so", encoding)
		}
	}
}
