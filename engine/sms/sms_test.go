package sms_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/language"

	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/pluginapi"
)

const (
	secretOne = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	secretTwo = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

var message = sms.Message{Tenant: "main", From: "Acme", To: "+4915112345678", Text: "canary 123456 <&>", Plugin: "phone-code", Kind: "code"}

// received is a request as the provider got it.
type received struct{ id, timestamp, body string }

// provider plays the operator's provider: it checks signatures, and answers
// with one status after the other, the last one again and again.
type provider struct {
	*httptest.Server
	statuses []int

	mu  sync.Mutex
	got []received
}

func newProvider(t *testing.T, statuses ...int) *provider {
	t.Helper()
	p := &provider{statuses: statuses}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got := received{r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), string(body)}
		if want := sign(t, secretOne, got) + " " + sign(t, secretTwo, got); r.Header.Get("webhook-signature") != want {
			t.Errorf("signed %q, want %q", r.Header.Get("webhook-signature"), want)
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.UserAgent() != "authhost/test" {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.got = append(p.got, got)
		w.WriteHeader(p.statuses[min(len(p.got), len(p.statuses))-1])
	}))
	t.Cleanup(p.Close)
	return p
}

// sign does what Standard Webhooks 1.0.0 says.
func sign(t *testing.T, secret string, r received) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(r.id + "." + r.timestamp + "." + r.body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func webhook(t *testing.T, c sms.WebhookConfig) *sms.Webhook {
	t.Helper()
	c.Secrets, c.UserAgent = []string{secretOne, secretTwo}, "authhost/test"
	w, err := sms.NewWebhook(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// TestRequest: every attempt has the id of the message, and a time of its own.
func TestRequest(t *testing.T) {
	p := newProvider(t, 503, 429, 204)
	var mu sync.Mutex
	now := time.Unix(1_800_000_000, 0)
	w := webhook(t, sms.WebhookConfig{URL: p.URL + "/messages", Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}})
	m := message
	m.ID = "msg_1"
	for i := range 3 {
		if err := w.Send(t.Context(), m); (err == nil) != (i == 2) || postbox.IsFinal(err) {
			t.Fatal(err)
		}
	}
	const body = `{"to":"+4915112345678","message":"canary 123456 \u003c\u0026\u003e","from":"Acme","tenant":"main","plugin":"phone-code","kind":"code"}`
	for i, got := range p.got {
		if got.id != m.ID || got.timestamp != strconv.Itoa(1_800_000_001+i) || got.body != body {
			t.Errorf("request %d: %+v", i, got)
		}
	}
}

// TestPack: a message comes back as it was.
func TestPack(t *testing.T) {
	m := message
	m.Values, m.Decoy, m.CreatedAt = map[string]string{"code": "1"}, true, time.Unix(1_800_000_000, 0).UTC()
	text, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := sms.Unpack(text); err != nil || !cmp.Equal(got, m) {
		t.Errorf("got %+v, %v, want %+v", got, err, m)
	}
}

// TestStatuses: what may be another status the next time is tried again, all
// else is final.
func TestStatuses(t *testing.T) {
	for status, want := range map[int]string{
		200: "sent", 202: "sent", 204: "sent", 299: "sent",
		300: "final", 301: "final", 302: "final", 304: "final", 307: "final", 308: "final",
		400: "final", 401: "final", 403: "final", 404: "final", 410: "final", 422: "final",
		408: "again", 425: "again", 429: "again", 500: "again", 502: "again", 503: "again", 504: "again", 599: "again",
	} {
		p := newProvider(t, status)
		err := webhook(t, sms.WebhookConfig{URL: p.URL}).Send(t.Context(), message)
		got := "again"
		switch {
		case err == nil:
			got = "sent"
		case postbox.IsFinal(err):
			got = "final"
		}
		if got != want {
			t.Errorf("%d: %s, want %s (%v)", status, got, want, err)
		}
	}
}

// TestRedirect: a message goes to the operator's URL, and nowhere else.
func TestRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		p := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		if err := webhook(t, sms.WebhookConfig{URL: p.URL}).Send(t.Context(), message); !postbox.IsFinal(err) {
			t.Errorf("%d: %v", status, err)
		}
		p.Close()
	}
}

// TestTimeout: a provider that does not answer holds nothing up for longer than
// the timeout.
func TestTimeout(t *testing.T) {
	p := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then it is seen that the client has gone
		<-r.Context().Done()
	}))
	defer p.Close()
	err := webhook(t, sms.WebhookConfig{URL: p.URL, Timeout: 20 * time.Millisecond}).Send(t.Context(), message)
	if !errors.Is(err, context.DeadlineExceeded) || postbox.IsFinal(err) {
		t.Errorf("got %v", err)
	}
}

// TestEndlessAnswer: the status says it all; a body without an end is left.
func TestEndlessAnswer(t *testing.T) {
	left := make(chan struct{})
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(left)
		for chunk := bytes.Repeat([]byte("x"), 1<<10); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer p.Close()
	if err := webhook(t, sms.WebhookConfig{URL: p.URL}).Send(t.Context(), message); err != nil {
		t.Errorf("got %v", err)
	}
	<-left
}

// TestHugeHeader: the header of an answer is bounded.
func TestHugeHeader(t *testing.T) {
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("x", 1<<20))
	}))
	defer p.Close()
	if err := webhook(t, sms.WebhookConfig{URL: p.URL}).Send(t.Context(), message); err == nil || postbox.IsFinal(err) {
		t.Errorf("got %v", err)
	}
}

// TestErrors: what is said of a message that was not sent has neither its text,
// nor the number, nor the URL of the provider, which may have a password in it.
func TestErrors(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, url := range map[string]string{"refused for good": newProvider(t, 400).URL, "unreachable": gone.URL, "no URL": "http://[canary"} {
		t.Run(name, func(t *testing.T) {
			err := webhook(t, sms.WebhookConfig{URL: url + "/?key=canary"}).Send(t.Context(), message)
			if err == nil {
				t.Fatal("it was sent")
			}
			for _, hidden := range []string{"canary", "123456", "4915112345678", "345678"} {
				if strings.Contains(err.Error(), hidden) {
					t.Errorf("the error has %q: %v", hidden, err)
				}
			}
			if text := slog.AnyValue(message).Resolve().String(); strings.Contains(text, "canary") || strings.Contains(text, "345678") {
				t.Errorf("logged as %s", text)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	local := sms.Message{To: "015112345678"}
	for _, err := range []error{local.Check(), sms.NewCatcher(0).Send(t.Context(), local)} {
		if !errors.Is(err, sms.ErrNumber) {
			t.Error(err)
		}
	}
	for number, want := range map[string]string{"+4915112345678": "…78", "+12": "…12", "7": "…7", "": "…"} {
		if got := sms.Mask(number); got != want {
			t.Errorf("%s: %s", number, got)
		}
	}
}

func TestSecrets(t *testing.T) {
	bytes := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for secret, ok := range map[string]bool{
		secretOne: true, "whsec_" + bytes(64): true, "whsec_" + bytes(23): false, "whsec_" + bytes(65): false, bytes(32): false, "": false,
		"whsec_": false, "whsec_" + strings.Repeat("!", 32): false,
	} {
		_, err := sms.NewWebhook(sms.WebhookConfig{URL: "https://sms.example", Secrets: []string{secret}})
		if (err == nil) != ok || !ok && !errors.Is(err, sms.ErrSecret) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	if _, err := sms.NewWebhook(sms.WebhookConfig{URL: "https://sms.example"}); !errors.Is(err, sms.ErrSecret) {
		t.Errorf("without one: %v", err)
	}
}

// TestRender: messages are in the words of the operator, and in the language of
// the recipient.
func TestRender(t *testing.T) {
	m := &pluginapi.Manifest{ID: "phone-code", Messages: map[string]pluginapi.TextMessage{
		"code": {Text: "Your code for {{.app}}: {{.code}}", Variables: map[string]pluginapi.MailVariable{"code": {Type: pluginapi.MailCode}}},
	}}
	templates := new(sms.Templates)
	if err := templates.Add(m.ID, m, []sms.Override{{Name: "code", Language: language.German, Text: "{{.code}} ist dein Code"}, {Name: "other", Text: "{{.nope}}"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"code"}, templates.Names()); diff != "" {
		t.Error(diff)
	}
	r := &sms.Renderer{AppName: "My App", From: "Acme", Templates: templates}
	for languages, want := range map[string]string{"": "Your code for My App: 123", "fr": "Your code for My App: 123", "de-CH, en;q=0.5": "123 ist dein Code"} {
		got, err := r.Render(sms.Message{Plugin: "phone-code", Kind: "code", Values: map[string]string{"code": "123"}}, languages)
		if err != nil || got.Text != want || got.From != "Acme" {
			t.Errorf("%q: %+v, %v", languages, got, err)
		}
	}
	if _, err := r.Render(sms.Message{Plugin: "other", Kind: "code"}, ""); err == nil {
		t.Error("a message of another plugin's was rendered")
	}
	var fault *postbox.OverrideError
	if err := new(sms.Templates).Add(m.ID, m, []sms.Override{{Name: "code", Language: language.German, Text: "{{.nope}}"}}); !errors.As(err, &fault) || fault.Language != language.German {
		t.Errorf("a fault of the operator's: %v", err)
	}
}

func TestCatcher(t *testing.T) {
	o := sms.NewCatcher(0)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.FixedZone("", 3600))
	if err := o.Send(t.Context(), sms.Message{Tenant: "main", To: "+12", Text: "123", Plugin: "p", Kind: "code", Values: map[string]string{"code": "123"}, CreatedAt: at}); err != nil {
		t.Fatal(err)
	}
	if err := o.Send(t.Context(), message); err != nil || o.List()[1].CreatedAt.IsZero() || o.List()[1].Number != 2 {
		t.Errorf("%v, %+v", err, o.List())
	}
	got, err := json.Marshal(o.List()[0])
	if want := `{"channel":"sms","tenant":"main","to":"+12","message":"123","plugin":"p","kind":"code","data":{"code":"123"},"createdAt":"2026-01-02T02:04:05.006Z"}`; err != nil || string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
