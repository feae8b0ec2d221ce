package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// trials is a tenant with the example plugins trial and plan.
func trials(t *testing.T, store string) string {
	t.Helper()
	needPlugins(t, "email-password", "account", "convex")
	return fmt.Sprintf(`
%s
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    plugins:
      - {id: email-password, config: {emailVerification: {sendVerificationEmail: true, sendOnSignUp: true}}}
      - {id: account, config: {deleteUser: {enabled: true}}}
      - {id: convex, config: {algorithm: ES256}}
      - {id: trial, module: %q, grants: [storage, schedule, identity, email, plugins], config: {url: "https://app.example/account"}}
      - {id: plan, module: %q, grants: [plugins, audit, claims, trial/status, trial/trial.ended]}
`, store, exampleModule(t, "trial"), exampleModule(t, "plan"))
}

const day = 24 * time.Hour

// TestTrial: of three new users one verifies the address and one leaves. The third
// is reminded, once, after a restart and however many servers there are. Trials
// end, another plugin knows of it, and old ones are swept.
func TestTrial(t *testing.T) {
	onBothStores(t, func(t *testing.T, servers int, store string) {
		f, text := newFleet(t, servers), trials(t, store)
		nodes, stop := f.start(text)
		s := nodes[0]
		ada, bob, eve := s.signUp("", "ada@example.com"), s.signUp("", "bob@example.com"), s.signUp("", "eve@example.com")
		wantPlan(t, ada, "trial")
		for _, m := range s.outbox("main") {
			if m.To == "bob@example.com" {
				s.do(request{method: "GET", path: "/api/auth/verify-email?token=" + m.Token, cookie: bob.cookie()}).want(t, 200, "")
			}
		}
		s.do(request{method: "POST", path: "/api/auth/delete-user", body: `{"password":"` + password + `"}`, cookie: eve.cookie()}).want(t, 200, "")
		f.until("appointments to be cancelled", func() bool {
			waiting := s.adminGet(t, "/outbox?tenant=main&plugin=trial")
			return !strings.Contains(waiting, "remind/"+bob.get("user.id")) && !strings.Contains(waiting, eve.get("user.id")) &&
				strings.Count(waiting, `"schedule":"end"`) == 2 && strings.Count(waiting, `"schedule":"remind"`) == 1
		})
		stop()

		f.clock.Advance(4 * day)
		nodes, stop = f.start(text)
		f.until("the reminder", func() bool { return reminded(nodes) == "ada@example.com" })
		stop()

		f.clock.Advance(11 * day)
		nodes, stop = f.start(text)
		f.until("the end of both trials", func() bool {
			n := 0
			for _, node := range nodes {
				n += strings.Count(node.audited(t), `"action":"plan.downgraded"`)
			}
			return n == 2
		})
		wantPlan(t, nodes[0].signIn("", "ada@example.com", password), "free")
		if got := reminded(nodes); got != "" {
			t.Errorf("reminded %s once more", got)
		}
		stop()

		f.clock.Advance(60 * day)
		nodes, stop = f.start(text)
		defer stop()
		f.counted("trial", "sweep", "ok", nodes...)
	})
}

// wantPlan looks at the claim of the token that an answer has in a cookie.
func wantPlan(t *testing.T, a answer, want string) {
	t.Helper()
	if plan := claimsOf(t, a.want(t, 200, "").cookies["better-auth.convex_jwt"])["plan"]; plan != want {
		t.Errorf("the plan is %v, want %s", plan, want)
	}
}

// reminded lists to whom servers have sent reminders.
func reminded(servers []*server) string {
	var list []string
	for _, s := range servers {
		for _, m := range s.outbox("main") {
			if m.Template == "verify-reminder" {
				list = append(list, m.To)
			}
		}
	}
	return strings.Join(list, ", ")
}
