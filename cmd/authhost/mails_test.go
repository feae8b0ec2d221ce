//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/internal/smtptest"
	"github.com/authhost/authhost/plugins"
)

// TestMailsOutliveKill: a mail that a request was told of arrives, though the
// server was killed before the mail server took it.
func TestMailsOutliveKill(t *testing.T) {
	if _, err := plugins.Module("email-password"); err != nil {
		t.Skipf("%v: run make plugins", err)
	}
	mails := smtptest.Start(t)
	asked := make(chan string, 100)
	mails.Answer(func(to string) string {
		asked <- to
		return "451 come back"
	})
	s := newService(t)
	text := fmt.Sprintf(`server: {listen: %q, admin: %q, dataDir: data, development: true}
%s
tenants:
  - id: main
    baseURL: http://%s
    plugins:
      - id: email-password
        config: {sendResetPassword: true}
`, s.public.Addr(), s.admin.Addr(), mails.Config(), s.public.Addr())
	if err := os.WriteFile(filepath.Join(s.dir, "authhost.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	post := func(path, body string) {
		t.Helper()
		res, err := http.Post("http://"+s.public.Addr().String()+"/api/auth"+path, "application/json", strings.NewReader(body))
		if err != nil || res.StatusCode != http.StatusOK || res.Body.Close() != nil {
			t.Fatalf("%v, %v:\n%s", res, err, s.out.String())
		}
	}
	post("/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct-horse-1"}`)
	post("/request-password-reset", `{"email":"ada@example.com"}`)
	<-asked
	if err := s.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.process.Wait()
	mails.Answer(nil)
	s.start()
	defer s.stop()
	select {
	case m := <-mails.Received:
		if m.To != "ada@example.com" || !strings.Contains(m.Text, "/reset-password/") {
			t.Errorf("got %+v", m)
		}
	case <-time.After(startTimeout):
		t.Errorf("no mail came:\n%s", s.out.String())
	}
}
