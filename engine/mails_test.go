package engine_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/blueprint"
)

// mailing is a tenant with files of mails in DIR/mails, and a subject.
const mailing = `
tenants:
  - id: main
    baseURL: http://main.example
    appName: Acme
    mail: { templates: DIR/mails, subjects: { reset-password: "A new password" } }
    plugins:
      - id: email-password
        config: { sendResetPassword: true }
`

func writeMails(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, "mails", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMailFiles: an operator's files replace mails, by language, and the page of
// mails that were caught shows them without running anything.
func TestMailFiles(t *testing.T) {
	needPlugins(t, "email-password")
	s := serve(t, strings.Replace(mailing, "DIR/mails", "testdata/mails", 1))
	s.signUp("main.example", "ada@example.com").want(t, 200, "")
	for _, languages := range []string{"", "de-AT, en;q=0.5"} {
		s.do(request{method: "POST", path: "/api/auth/request-password-reset", body: `{"email":"ada@example.com"}`, header: http.Header{"Accept-Language": {languages}}}).want(t, 200, "")
	}
	page, header := s.page(t, "/dev/mails?tenant=main")
	for _, want := range []string{"<h2>A new password</h2>", "<h2>Neues Passwort für Acme</h2>", "ada@example.com", `<iframe sandbox src="/dev/mails/2"`, "Use the link below", "Wähle ein neues"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	mail, policy := s.page(t, "/dev/mails/2")
	if !strings.Contains(mail, `<html lang="de">`) || !strings.Contains(mail, "Wähle ein neues") {
		t.Errorf("the mail is\n%s", mail)
	}
	for _, h := range []http.Header{header, policy} {
		if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") || strings.Contains(csp, "script") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", h)
		}
	}
	if csp := policy.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; sandbox") {
		t.Errorf("the mail is not in a sandbox: %s", csp)
	}
	for _, none := range []string{"/dev/mails/3", "/dev/mails/x"} {
		if resp, err := http.Get(s.admin + none); err != nil || resp.Body.Close() != nil || resp.StatusCode != 404 {
			t.Errorf("%s: %v, %v", none, resp, err)
		}
	}
}

// page gets a page of the admin listener.
func (s *server) page(t *testing.T, path string) (string, http.Header) {
	t.Helper()
	resp, err := http.Get(s.admin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
	}
	return string(text), resp.Header
}

// TestMailFileFaults: what is wrong with a file of a mail is told with its place,
// and nothing starts.
func TestMailFileFaults(t *testing.T) {
	needPlugins(t, "email-password")
	for name, c := range map[string]struct {
		files    map[string]string
		settings string // in place of the subject
		want     string
	}{
		"variable":        {map[string]string{"reset-password.yaml": "body:\n  - text: '{{.nobody}}'\n"}, "", `mails/reset-password.yaml: mail reset-password of the plugin "email-password": body[0].text: body[0].text:1:2: .nobody is not one of the variables`},
		"unknown mail":    {map[string]string{"reset-pasword.yaml": "subject: s\n"}, "", `reset-pasword.yaml: no plugin of tenant "main" sends a mail "reset-pasword"; the mails are change-email`},
		"unknown key":     {map[string]string{"de/reset-password.yaml": "subjekt: s\n"}, "", `de/reset-password.yaml:1:1: unknown key "subjekt"; did you mean "subject"?`},
		"language":        {map[string]string{"german/reset-password.yaml": "subject: s\n"}, "", `"german" is not the tag of a language`},
		"not a mail":      {map[string]string{"reset-password.txt": "x"}, "", "reset-password.txt: not a mail; name it NAME.yaml"},
		"too deep":        {map[string]string{"de/at/reset-password.yaml": "subject: s"}, "", "not a mail"},
		"no folder":       {nil, "", "mails: no such file or directory; create it"},
		"unknown subject": {map[string]string{"de/reset-password.yaml": "subject: s"}, "reset-pasword", `: no plugin of the tenant sends a mail "reset-pasword"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeMails(t, dir, c.files)
			text := mailing
			if c.settings != "" {
				text = strings.Replace(text, "reset-password:", c.settings+":", 1)
			}
			cfg := parseConfig(t, dir, text)
			if err := blueprint.Check(cfg, options(io.Discard, nil).BuiltIn); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("check: got %v, want %s", err, c.want)
			}
			if e, err := engine.New(t.Context(), cfg, options(io.Discard, nil)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("start: got %v, want %s", err, c.want)
				if e != nil {
					_ = e.Close(t.Context())
				}
			}
		})
	}
}
