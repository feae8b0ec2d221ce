package engine_test

import (
	"strings"
	"testing"
	"time"
)

// TestExpiredRecordsGo: an hour after they have expired, sessions and verifications
// are gone from the store, and what has not expired is there.
func TestExpiredRecordsGo(t *testing.T) {
	needPlugins(t, "email-password")
	dir := t.TempDir()
	const text = `
tenants:
  - {id: main, baseURL: "http://main.example", session: {expiresIn: 1d, freshAge: 1h, updateAge: 1h}, plugins: [{id: email-password, config: {sendResetPassword: true}}]}
`
	begin := time.Now()
	s, stop := startAt(t, dir, text, begin)
	s.signUp("main.example", "ada@example.com").want(t, 200, "")
	s.do(request{method: "POST", host: "main.example", path: "/api/auth/request-password-reset", body: `{"email":"ada@example.com"}`}).want(t, 200, "")
	stop()
	s, stop = startAt(t, dir, text, begin.Add(3*24*time.Hour))
	defer stop()
	s.signIn("main.example", "ada@example.com", password).want(t, 200, "")
	deadline := time.Now().Add(20 * time.Second)
	for metrics := ""; !strings.Contains(metrics, `authhost_swept_records_total{model="session",tenant="main"} 1`) || !strings.Contains(metrics, `{model="verification",tenant="main"}`); metrics = s.scrape(t) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing was deleted: %s", metrics)
		}
	}
}
