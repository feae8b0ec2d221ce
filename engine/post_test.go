package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/admin"
	"github.com/authhost/authhost/internal/smtptest"
)

// mailed are two tenants that mail links, in a server with the settings HEAD.
const mailed = `
HEAD
tenants:
  - id: main
    baseURL: http://main.example
    rateLimit: {enabled: false}
    plugins:
      - id: email-password
        config: {sendResetPassword: true, CONFIG}
      - id: account
        config: {changeEmail: {enabled: true}, emailVerification: {sendVerificationEmail: true}}
  - id: other
    baseURL: http://other.example
    rateLimit: {enabled: false}
    plugins:
      - id: email-password
        config: {sendResetPassword: true}
`

func serveMailed(t *testing.T, mails *smtptest.Server, settings string) *server {
	t.Helper()
	needPlugins(t, "email-password", "account")
	return serve(t, strings.NewReplacer("HEAD", mails.Config(), "CONFIG", settings).Replace(mailed))
}

func (s *server) resets(tenant, email string) {
	s.t.Helper()
	s.do(request{method: "POST", host: tenant + ".example", path: "/api/auth/request-password-reset", body: `{"email":"` + email + `"}`}).want(s.t, 200, "")
}

// next returns the next mail that a server took.
func next(t *testing.T, s *smtptest.Server) smtptest.Mail {
	t.Helper()
	select {
	case m := <-s.Received:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no mail came")
		return smtptest.Mail{}
	}
}

// entries lists the outbox of a tenant when it has so many entries in a state.
func (s *server) entries(t *testing.T, tenant, state string, n int) []admin.OutboxEntry {
	t.Helper()
	var list []admin.OutboxEntry
	until := time.Now().Add(20 * time.Second)
	for {
		if err := json.Unmarshal([]byte(s.adminGet(t, "/outbox?tenant="+tenant+"&state="+state)), &list); err != nil {
			t.Fatal(err)
		}
		if len(list) == n {
			return list
		}
		if time.Now().After(until) {
			t.Fatalf("%d entries are %s, want %d: %+v", len(list), state, n, list)
		}
	}
}

// TestMailsOfTenantsAreApart: mails of one tenant that hang do not hold up those
// of another.
func TestMailsOfTenantsAreApart(t *testing.T) {
	mails := smtptest.Start(t)
	hang := make(chan struct{})
	defer close(hang)
	mails.Answer(func(to string) string {
		if to == "ada@example.com" {
			<-hang
		}
		return ""
	})
	s := serveMailed(t, mails, "")
	s.signUp("main.example", "ada@example.com").want(t, 200, "")
	s.signUp("other.example", "eve@example.com").want(t, 200, "")
	for range 20 {
		s.resets("main", "ada@example.com")
	}
	s.resets("other", "eve@example.com")
	if m := next(t, mails); m.To != "eve@example.com" {
		t.Errorf("the first mail is for %s", m.To)
	}
}

// TestDeadMail: a mail that the mail server refuses for good is a dead letter,
// which the operator sees without what is in it, and can have sent again.
func TestDeadMail(t *testing.T) {
	mails := smtptest.Start(t)
	mails.Answer(func(string) string { return "550 not now" })
	s := serveMailed(t, mails, "")
	s.signUp("main.example", "ada@example.com").want(t, 200, "")
	s.resets("main", "ada@example.com")
	dead := s.entries(t, "main", "dead", 1)[0]
	if dead.Message != "email" || dead.Event != "reset-password" || dead.Plugin != "email-password" || dead.Key != "" || dead.UserID != "" || !strings.Contains(dead.LastError, "not now") || strings.Contains(dead.LastError, "ada@") {
		t.Errorf("the dead letter is %+v", dead)
	}
	awaits(t, s.log.String, "delivery failed", "outcome=dead")
	if log := s.log.String(); strings.Contains(log, "/reset-password/") {
		t.Errorf("the log has\n%s", log)
	}
	mails.Answer(nil)
	if resp, err := http.Post(s.admin+"/outbox/replay?tenant=main", "", nil); err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("replay: %v, %v", resp, err)
	}
	m := next(t, mails)
	if m.To != "ada@example.com" || !strings.Contains(m.Text, "Message-ID: <"+dead.ID+"@app.example>") {
		t.Errorf("got %+v", m)
	}
	s.entries(t, "main", "", 0)
	awaits(t, func() string { return s.scrape(t) }, `authhost_mails_total{outcome="failed"} 1`, `authhost_mails_total{outcome="sent"} 1`)
}

// TestMessagesAreSealed: what waits to be sent cannot be read in the store.
func TestMessagesAreSealed(t *testing.T) {
	url, _, _ := provider(t, 503)
	s := serve(t, messagingWith(fmt.Sprintf("sms: {url: %q, secrets: [%s]}", url, messageSecret), ""), sender())
	s.sends(phone, nil).want(t, 200, "")
	if e := s.entries(t, "main", "due", 1)[0]; e.Message != "sms" || e.Event != "code" || e.Plugin != "sender" {
		t.Errorf("the entry is %+v", e)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "tenants", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	found := false
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found = found || strings.Contains(string(data), "sealed")
		for _, hidden := range []string{"998877", "5112345678"} {
			if strings.Contains(string(data), hidden) {
				t.Errorf("%s has %q", name, hidden)
			}
		}
	}
	if !found {
		t.Error("no file has the entry")
	}
}

// commits counts the commits to the store that an outcome of a request takes,
// those of sending what it asked for included.
func (s *server) commits(t *testing.T, ask func()) int {
	t.Helper()
	count := func() (n int) {
		for line := range strings.Lines(s.scrape(t)) {
			if rest, ok := strings.CutPrefix(line, `authhost_store_commit_seconds_count{driver="bolt",outcome="ok"} `); ok {
				fmt.Sscan(rest, &n)
			}
		}
		return n
	}
	before := count()
	ask()
	s.entries(t, "main", "", 0)
	return count() - before
}

// TestMailsTellNobody: whether an address is known does not show in what is
// written, nor in whether that is a mail or none.
func TestMailsTellNobody(t *testing.T) {
	mails := smtptest.Start(t)
	for name, tt := range map[string]struct {
		settings, path, body string
		mails                [2]int // for the known and the unknown address
	}{
		"reset":              {"", "/request-password-reset", `{"email":%q}`, [2]int{1, 0}},
		"verification":       {"emailVerification: {sendVerificationEmail: true}", "/send-verification-email", `{"email":%q}`, [2]int{1, 0}},
		"sign-up":            {"requireEmailVerification: true, emailVerification: {sendVerificationEmail: true}", "/sign-up/email", `{"email":%q,"name":"A","password":"correct-horse-1"}`, [2]int{0, 1}},
		"sign-up with mails": {"requireEmailVerification: true, onExistingUserSignUp: true", "/sign-up/email", `{"email":%q,"name":"A","password":"correct-horse-1"}`, [2]int{1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveMailed(t, mails, tt.settings)
			s.signUp("main.example", "known@example.com").want(t, 200, "")
			s.entries(t, "main", "", 0)
			drain(mails)
			var commits [2]int
			for i, email := range []string{"known@example.com", "unknown@example.com"} {
				commits[i] = s.commits(t, func() {
					s.do(request{method: "POST", path: "/api/auth" + tt.path, body: fmt.Sprintf(tt.body, email)}).want(t, 200, "")
				})
				if got := drain(mails); got != tt.mails[i] {
					t.Errorf("%s: %d mails, want %d", email, got, tt.mails[i])
				}
			}
			if commits[0] != commits[1] || commits[0] == 0 {
				t.Errorf("%d commits for the known address, %d for the other", commits[0], commits[1])
			}
		})
	}
}

// drain forgets the mails that were taken, and counts them.
func drain(s *smtptest.Server) (n int) {
	for {
		select {
		case <-s.Received:
			n++
		default:
			return n
		}
	}
}
