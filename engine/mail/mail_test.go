package mail

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/language"

	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/pluginapi"
)

func TestCheckAddress(t *testing.T) {
	for _, good := range []string{"a@example.com", "a.b+c@sub.example.co", "o'neil@example.com", "ü@exämple.com"} {
		if err := checkAddress(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "a", "@", "a@", "Name <a@example.com>", "<a@example.com>", "a@example.com, b@example.com", "a@example.com;b@example.com",
		"a@example.com\r\nBcc: b@example.com", "a@example.com\n", "a\x00@example.com", "a@example.com (comment)", " a@example.com",
		strings.Repeat("a", 250) + "@example.com", "undisclosed:;",
	} {
		if err := checkAddress(bad); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// manifest has mails of every form.
var manifest = &pluginapi.Manifest{
	ID: "visits", ABI: "1.1", Capabilities: []pluginapi.Capability{{Name: pluginapi.CapEmail}},
	Mails: map[string]pluginapi.Mail{
		"verify": {
			Subject: "Verify {{.name}}", Body: []pluginapi.MailBlock{{Text: "It's {{.app}}."}, {Link: "url", Label: "Verify"}},
			Variables: map[string]pluginapi.MailVariable{"url": {Type: pluginapi.MailURL}, "name": {Type: pluginapi.MailString}},
		},
		"plain":   {Subject: "{{.name}}", Text: "{{.subject}} in {{.lang}}", Variables: map[string]pluginapi.MailVariable{"name": {Type: pluginapi.MailString}}},
		"generic": {Subject: "Hello", Text: "Hello"},
	},
}

// renderer has the mails of the manifest, and of an old plugin.
func renderer(t testing.TB, overrides ...Override) *Renderer {
	t.Helper()
	templates := new(Templates)
	old := &pluginapi.Manifest{ID: "old", ABI: "1.0", Capabilities: []pluginapi.Capability{{Name: pluginapi.CapEmail}}}
	for _, m := range []*pluginapi.Manifest{manifest, old} {
		if err := templates.Add(m.ID, m, overrides); err != nil {
			t.Fatal(err)
		}
	}
	return &Renderer{AppName: "My App", Templates: templates}
}

func TestRender(t *testing.T) {
	r := renderer(t)
	m, err := r.Render(Message{To: "a@example.com", Plugin: "visits", Template: "verify", Values: map[string]string{"name": "<Ada>", "url": "https://a.example/?a=1&b=2"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Verify <Ada>\n\nIt's My App.\n\nVerify:\nhttps://a.example/?a=1&b=2\n\n-- \nMy App\n"; m.Text != want {
		t.Errorf("text:\n%q, want\n%q", m.Text, want)
	}
	for _, want := range []string{"Verify &lt;Ada&gt;</h1>", "It&#39;s My App.", `href="https://a.example/?a=1&amp;b=2"`, ">Verify</a>", `<html lang="en">`} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML lacks %q:\n%s", want, m.HTML)
		}
	}
	for _, bad := range []Message{
		{To: "a@example.com", Plugin: "visits", Template: "reset-password"},
		{To: "a@example.com", Plugin: "other", Template: "verify"},
	} {
		if _, err := r.Render(bad); err == nil {
			t.Errorf("%s of %s: rendered", bad.Template, bad.Plugin)
		}
	}
	if _, err := r.Render(Message{To: "a@example.com\nBcc: b@example.com", Plugin: "visits", Template: "verify"}); !errors.Is(err, ErrAddress) {
		t.Errorf("two addresses: %v", err)
	}
}

// TestFixedMails: plugins of ABI 1.0 send what they have always sent.
func TestFixedMails(t *testing.T) {
	r := renderer(t)
	for _, name := range pluginapi.FixedMails() {
		m, err := r.Render(Message{To: "a@example.com", Plugin: "old", Template: name, Values: map[string]string{
			"url": "https://a.example.com/reset?token=x&callbackURL=%2F", "otp": "123456", "title": "A title", "text": "A text.", "action": "Do it",
		}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkGolden(t, name+".txt", m.Subject+"\n\n"+m.Text)
		checkGolden(t, name+".html", m.HTML)
	}
}

// checkGolden compares with a file of testdata.
func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestSubjects(t *testing.T) {
	german := Override{Name: "verify", Language: language.German, Text: pluginapi.Mail{Subject: "Bestätige"}}
	for _, c := range []struct {
		name                 string
		mail, own, languages string
		values               map[string]string
		overrides            []Override
		want                 string
	}{
		{"the mail's", "verify", "", "", map[string]string{"name": "Ada"}, nil, "Verify Ada"},
		{"the message's", "verify", "Mine", "", nil, nil, "Mine"},
		{"the setting", "generic", "Mine", "", nil, nil, "Neu"},
		{"the file", "verify", "Mine", "de", nil, []Override{german}, "Bestätige"},
		{"a file for others", "verify", "Mine", "fr", nil, []Override{german}, "Mine"},
		{"nothing at all", "plain", "", "", nil, nil, "My App"},
		{"line breaks", "plain", "", "", map[string]string{"name": "a\r\nBcc: b@example.com\x00\u2028c"}, nil, "a  Bcc: b@example.com  c"},
	} {
		r := renderer(t, c.overrides...)
		r.Subjects = map[string]string{"generic": "Neu"}
		m, err := r.Render(Message{To: "a@example.com", Plugin: "visits", Template: c.mail, Subject: c.own, Languages: c.languages, Values: c.values})
		if err != nil || m.Subject != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, m.Subject, err, c.want)
		}
	}
}

func TestLanguages(t *testing.T) {
	text := func(tag language.Tag, text string) Override {
		return Override{Name: "plain", Language: tag, Text: pluginapi.Mail{Text: text + " {{.lang}} {{.name}}"}}
	}
	r := renderer(t, text(language.Und, "all"), text(language.German, "Hallo"), text(language.BrazilianPortuguese, "Olá"))
	for languages, want := range map[string]string{
		"": "all en Ada", "de": "Hallo de Ada", "de-AT,de;q=0.9,en;q=0.8": "Hallo de Ada", "pt-BR": "Olá pt-BR Ada", "en-GB,de;q=0.5": "all en Ada",
		"ja": "all en Ada", "!!": "all en Ada", strings.Repeat("de,", 200): "all en Ada",
	} {
		m, err := r.Render(Message{To: "a@example.com", Plugin: "visits", Template: "plain", Languages: languages, Values: map[string]string{"name": "Ada"}})
		if err != nil || m.Text != want || m.HTML != "" {
			t.Errorf("%.20q: %q, %v; want %q", languages, m.Text, err, want)
		}
	}
	bad := Override{Name: "plain", Language: language.German, Text: pluginapi.Mail{Text: "{{.nobody}}"}}
	var fault *postbox.OverrideError
	if err := new(Templates).Add(manifest.ID, manifest, []Override{bad}); !errors.As(err, &fault) || fault.Language != language.German {
		t.Errorf("an unknown variable: %v", err)
	}
}

func TestHTMLIsEscaped(t *testing.T) {
	evil := `</h1><script>alert(1)</script>" onload="x`
	r := renderer(t)
	r.AppName = evil
	m, err := r.Render(Message{
		To: "a@example.com", Plugin: "old", Template: "generic", Subject: evil,
		Values: map[string]string{"url": "javascript:alert(1)", "otp": evil, "title": evil, "text": evil, "action": evil},
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, `" onload`) || strings.Contains(m.HTML, `href="javascript:`) {
		t.Errorf("not escaped:\n%s", m.HTML)
	}
}

func TestCatcherJSON(t *testing.T) {
	o := NewCatcher(0)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.FixedZone("", 3600))
	for _, m := range []Message{
		{Tenant: "main", To: "a@example.com", Subject: "S", Template: "reset-password", URL: "https://x", Token: "tok", CreatedAt: at, Text: "hidden"},
		{Tenant: "main", To: "a@example.com", Subject: "S", Template: "generic", OTP: "123456", CreatedAt: at},
	} {
		if err := o.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got, err := json.Marshal(o.List())
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"channel":"email","tenant":"main","to":"a@example.com","subject":"S","url":"https://x","token":"tok","otp":null,"template":"reset-password","createdAt":"2026-01-02T02:04:05.006Z"},` +
		`{"channel":"email","tenant":"main","to":"a@example.com","subject":"S","url":null,"token":null,"otp":"123456","template":"generic","createdAt":"2026-01-02T02:04:05.006Z"}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if empty, _ := json.Marshal(NewCatcher(0).List()); string(empty) != "[]" {
		t.Errorf("an empty outbox is %s", empty)
	}
	if err := o.Send(t.Context(), Message{To: "a@b\nc"}); !errors.Is(err, ErrAddress) {
		t.Errorf("bad address: %v", err)
	}
}

func TestRenderer(t *testing.T) {
	o := NewCatcher(0)
	r := *renderer(t)
	r.From, r.Next = "b@example.com", o
	if err := r.Send(t.Context(), Message{To: "a@example.com", Plugin: "visits", Template: "generic"}); err != nil {
		t.Fatal(err)
	}
	if m := o.List()[0]; m.Subject != "Hello" || m.From != "b@example.com" || m.Text == "" {
		t.Errorf("%+v", m)
	}
	if err := r.Send(t.Context(), Message{To: "a@example.com", Plugin: "visits", Template: "x"}); !postbox.IsFinal(err) {
		t.Errorf("unknown mail: %v", err)
	}
}

// Logs must not show what opens an account.
func TestMessageInLogs(t *testing.T) {
	var b strings.Builder
	m := Message{Tenant: "main", To: "a@example.com", Template: "reset-password", URL: "https://x/canary", Token: "canary", OTP: "canary", Text: "canary", HTML: "canary"}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "mail", m)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "mail", m)
	if strings.Contains(b.String(), "canary") || strings.Contains(b.String(), "a@example.com") {
		t.Error(b.String())
	}
}

func FuzzRender(f *testing.F) {
	f.Add(" ", "a@example.com", "\x00", "", "", "de")
	f.Add("App", "a@example.com", "Subject\r\nBcc: x", "https://x", "<b>", "en;q=0.1")
	r := renderer(f)
	f.Fuzz(func(t *testing.T, app, to, subject, url, text, languages string) {
		r := *r
		r.AppName = app
		m, err := r.Render(Message{To: to, Plugin: "old", Template: "generic", Subject: subject, Languages: languages, Values: map[string]string{"url": url, "text": text}})
		if err != nil {
			return
		}
		if strings.ContainsAny(m.Subject+m.To, "\r\n\x00") {
			t.Errorf("line break in a header: %q, %q", m.To, m.Subject)
		}
		if strings.Contains(m.HTML, "<script") {
			t.Errorf("script: %s", m.HTML)
		}
	})
}
