package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/google/go-cmp/cmp"
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

func TestRenderTemplates(t *testing.T) {
	for _, name := range Templates() {
		m, err := Render("My App", nil, Message{
			To: "a@example.com", Template: name, URL: "https://a.example.com/reset?token=x&callbackURL=%2F", OTP: "123456",
			Data: document.NewObject(3).Set("title", document.Text("A title")).Set("text", document.Text("A text.")).Set("action", document.Text("Do it")),
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range []string{m.Subject, "https://a.example.com/reset?token=x&callbackURL=%2F", "123456", "My App"} {
			if want == "" || !strings.Contains(m.Text, want) {
				t.Errorf("%s: the text lacks %q:\n%s", name, want, m.Text)
			}
		}
		if !strings.Contains(m.HTML, `href="https://a.example.com/reset?token=x&amp;callbackURL=%2F"`) {
			t.Errorf("%s: the HTML lacks the link:\n%s", name, m.HTML)
		}
		if strings.Contains(m.Text+m.HTML, "{app}") || strings.Contains(m.Text+m.HTML, "<no value>") {
			t.Errorf("%s: something was not filled in:\n%s", name, m.Text)
		}
	}
	if _, err := Render("My App", nil, Message{To: "a@example.com", Template: "reset-pasword"}); err == nil {
		t.Error("unknown template: rendered")
	}
	if _, err := Render("My App", nil, Message{To: "a@example.com\nBcc: b@example.com", Template: VerifyEmail}); !errors.Is(err, ErrAddress) {
		t.Errorf("two addresses: %v", err)
	}
}

func TestSubjects(t *testing.T) {
	for _, c := range []struct {
		name    string
		subject string
		data    string
		want    string
		tmpl    string
	}{
		{"the template's", "", "", "Verify your e-mail address", VerifyEmail},
		{"the message's", "Mine", "", "Mine", VerifyEmail},
		{"the override", "Mine", "", "Neu", ResetPassword},
		{"the title", "", "Title", "Title", Generic},
		{"nothing at all", "", "", "My App", Generic},
		{"line breaks", "a\r\nBcc: b@example.com\x00\u2028c", "", "a  Bcc: b@example.com  c", Generic},
		{"invalid UTF-8", "a\xffb", "", "a\uFFFDb", Generic},
	} {
		m, err := Render("My App", map[string]string{ResetPassword: "Neu"}, Message{To: "a@example.com", Template: c.tmpl, Subject: c.subject, Data: document.NewObject(1).Set("title", document.Text(c.data))})
		if err != nil || m.Subject != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, m.Subject, err, c.want)
		}
	}
}

func TestHTMLIsEscaped(t *testing.T) {
	evil := `</h1><script>alert(1)</script>" onload="x`
	m, err := Render(evil, nil, Message{
		To: "a@example.com", Template: Generic, Subject: evil, URL: "javascript:alert(1)", OTP: evil,
		Data: document.NewObject(3).Set("title", document.Text(evil)).Set("text", document.Text(evil)).Set("action", document.Text(evil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, `" onload`) || strings.Contains(m.HTML, `href="javascript:`) {
		t.Errorf("not escaped:\n%s", m.HTML)
	}
}

func TestRenderKeepsTexts(t *testing.T) {
	m, err := Render("My App", nil, Message{To: "a@example.com", Template: Generic, Subject: "S", Text: "T", HTML: "<p>H"})
	if err != nil || m.Text != "T" || m.HTML != "<p>H" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestOutboxJSON(t *testing.T) {
	o := NewOutbox(0)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.FixedZone("", 3600))
	for _, m := range []Message{
		{Tenant: "main", To: "a@example.com", Subject: "S", Template: ResetPassword, URL: "https://x", Token: "tok", CreatedAt: at, Text: "hidden"},
		{Tenant: "main", To: "a@example.com", Subject: "S", Template: Generic, OTP: "123456", CreatedAt: at},
	} {
		if err := o.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got, err := json.Marshal(o.List())
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"tenant":"main","to":"a@example.com","subject":"S","url":"https://x","token":"tok","otp":null,"template":"reset-password","createdAt":"2026-01-02T02:04:05.006Z"},` +
		`{"tenant":"main","to":"a@example.com","subject":"S","url":null,"token":null,"otp":"123456","template":"generic","createdAt":"2026-01-02T02:04:05.006Z"}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if empty, _ := json.Marshal(NewOutbox(0).List()); string(empty) != "[]" {
		t.Errorf("an empty outbox is %s", empty)
	}
	if err := o.Send(t.Context(), Message{To: "a@b\nc"}); !errors.Is(err, ErrAddress) {
		t.Errorf("bad address: %v", err)
	}
}

func TestOutboxDropsTheOldest(t *testing.T) {
	o := NewOutbox(3)
	for i := range 8 {
		if err := o.Send(t.Context(), Message{To: "a@example.com", Subject: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, m := range o.List() {
		got = append(got, m.Subject)
		if m.CreatedAt.IsZero() {
			t.Error("no time")
		}
	}
	if diff := cmp.Diff([]string{"5", "6", "7"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOutboxIsConcurrent(t *testing.T) {
	o := NewOutbox(10)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if err := o.Send(t.Context(), Message{To: "a@example.com"}); err != nil {
					t.Error(err)
				}
				if n := len(o.List()); n > 10 {
					t.Errorf("%d messages", n)
				}
			}
		})
	}
	wg.Wait()
}

func TestRenderer(t *testing.T) {
	o := NewOutbox(0)
	r := Renderer{AppName: "My App", From: "b@example.com", Subjects: map[string]string{VerifyEmail: "Neu"}, Next: o}
	if err := r.Send(t.Context(), Message{To: "a@example.com", Template: VerifyEmail}); err != nil {
		t.Fatal(err)
	}
	if m := o.List()[0]; m.Subject != "Neu" || m.From != "b@example.com" || m.Text == "" {
		t.Errorf("%+v", m)
	}
	if err := r.Send(t.Context(), Message{To: "a@example.com", Template: "x"}); err == nil {
		t.Error("unknown template: sent")
	}
}

// Logs must not show what opens an account.
func TestMessageInLogs(t *testing.T) {
	var b strings.Builder
	m := Message{Tenant: "main", To: "a@example.com", Template: ResetPassword, URL: "https://x/canary", Token: "canary", OTP: "canary", Text: "canary", HTML: "canary"}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "mail", m)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "mail", m)
	if strings.Contains(b.String(), "canary") || strings.Contains(b.String(), "a@example.com") {
		t.Error(b.String())
	}
}

func FuzzRender(f *testing.F) {
	f.Add(" ", "a@example.com", "\x00", "", "")
	f.Add("App", "a@example.com", "Subject\r\nBcc: x", "https://x", "<b>")
	f.Fuzz(func(t *testing.T, app, to, subject, url, text string) {
		m, err := Render(app, nil, Message{To: to, Template: Generic, Subject: subject, URL: url, Data: document.NewObject(1).Set("text", document.Text(text))})
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

// flaky is a Sender that fails as often as it is told.
type flaky struct {
	mu    sync.Mutex
	fails []error
	times []time.Time
	block chan struct{}
}

func (f *flaky) Send(ctx context.Context, _ Message) error {
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.times = append(f.times, time.Now())
	if len(f.times) <= len(f.fails) {
		return f.fails[len(f.times)-1]
	}
	return nil
}
