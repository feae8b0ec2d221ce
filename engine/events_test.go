package engine_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/admin"
	"github.com/authhost/authhost/internal/realmtest"
)

// TestSecretFaults: a secret of the wrong form is not repeated in the message.
func TestSecretFaults(t *testing.T) {
	needPlugins(t, "webhooks")
	cfg := parseConfig(t, t.TempDir(), `
tenants:
  - id: main
    baseURL: http://main.example
    plugins:
      - id: webhooks
        config:
          endpoints:
            app: {url: "https://app.example/x", events: [user.created], secrets: [very-secret-and-wrong]}
`)
	_, err := engine.New(t.Context(), cfg, options(&realmtest.Log{}, time.Now))
	if err == nil || strings.Contains(err.Error(), "very-secret") || !strings.Contains(err.Error(), "config.endpoints.app.secrets.0: the secret does not have the form") {
		t.Errorf("got %v", err)
	}
}

const told = `
  egress: {allow: [127.0.0.1/32]}
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    plugins:
      - id: email-password
      - id: webhooks
        config:
          endpoints:
            app: {url: "RECEIVER", events: [user.created], secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]}
`

// TestOutboxAdmin: the admin listener shows what waits and why, and nothing of
// the records; a reload does not disturb it.
func TestOutboxAdmin(t *testing.T) {
	needPlugins(t, "email-password", "webhooks")
	var status atomic.Int32
	status.Store(http.StatusTeapot)
	arrived := make(chan struct{}, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
		if status.Load() < 300 {
			arrived <- struct{}{}
		}
	}))
	defer receiver.Close()
	text := strings.ReplaceAll(told, "RECEIVER", receiver.URL)
	s := serve(t, text)
	s.signUp("", "ada@example.com").want(t, 200, "")
	list := func(query string) (entries []admin.OutboxEntry, text string) {
		res, err := http.Get(s.admin + "/outbox?tenant=main" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = json.Unmarshal(body, &entries) // of a refusal there are none
		return entries, string(body)
	}
	entries, shown := list("")
	if len(entries) != 1 || entries[0].Event != "user.created" || entries[0].Target != "app" || entries[0].State != "due" {
		t.Fatalf("listed %s", shown)
	}
	if strings.Contains(shown, "ada@example.com") {
		t.Errorf("a record is shown: %s", shown)
	}
	for _, query := range []string{"&state=odd", "&since=yesterday", "&limit=0", "&limit=5000"} {
		if _, shown := list(query); !strings.Contains(shown, "must be") {
			t.Errorf("%s: %s", query, shown)
		}
	}
	if entries, _ := list("&plugin=other"); len(entries) != 0 {
		t.Error("the filter is not applied")
	}
	cfg := parseConfig(t, s.dir, strings.Replace(text, "    passwords", "    outbox: {concurrency: 2}\n    passwords", 1))
	if err := s.Reload(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	status.Store(http.StatusNoContent)
	s.clock.Advance(time.Hour)
	s.signUp("", "bob@example.com").want(t, 200, "") // wakes the worker
	for range 2 {
		select {
		case <-arrived:
		case <-time.After(30 * time.Second):
			t.Fatal("the events did not arrive")
		}
	}
}
