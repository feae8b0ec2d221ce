package engine_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// auditEntry is what tests look at in an entry of the audit log.
type auditEntry struct {
	Action  string
	Outcome string
	Details map[string]string
}

// auditEntries reads the audit log.
func (s *server) auditEntries() (entries []auditEntry, size int) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "audit.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n") {
		var e auditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			s.t.Fatalf("%q: %v", line, err)
		}
		entries = append(entries, e)
	}
	return entries, len(data)
}

// TestRefusalsAreCounted: refused sign-ins cost the disk next to nothing, and
// each of them is counted.
func TestRefusalsAreCounted(t *testing.T) {
	needPlugins(t, "email-password")
	const tries = 1000
	s := serve(t, "\ntenants:\n  - {id: main, baseURL: http://main.example, rateLimit: {enabled: false}, plugins: [{id: email-password}]}\n")
	s.signUp("", "ada@example.com").want(t, 200, "")
	_, before := s.auditEntries()
	logged := len(s.log.String())
	for range tries {
		s.signIn("", "ada@example.com", "wrong-password").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	}
	if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	entries, after := s.auditEntries()
	counted := 0
	for _, e := range entries {
		if e.Action == "request.denied" {
			left, _ := strconv.Atoi(e.Details["leftOut"])
			counted += max(1, left)
		}
	}
	if counted != tries || after-before > 50_000 || len(s.log.String())-logged > 10_000 {
		t.Errorf("%d of %d refusals are counted, in %d bytes of the audit log and %d of the log", counted, tries, after-before, len(s.log.String())-logged)
	}
}

// TestOneLineForOneFailure: a failed request is one line of the log, and those
// that repeat are counted.
func TestOneLineForOneFailure(t *testing.T) {
	failing := wasmtest.New(&pluginapi.Manifest{ID: "failing", Handlers: []pluginapi.Handler{
		{Number: 1, Kind: pluginapi.KindEndpoint, Method: http.MethodGet, Path: "/failing"},
	}}).Handler(1, wasmtest.Log(1, "I am about to fail"), wasmtest.Return(77))
	s := serve(t, "\ntenants:\n  - {id: main, baseURL: http://main.example, plugins: [{id: failing, module: DIR/failing.wasm, grants: []}]}\n", failing)
	fail := func() {
		s.do(request{method: "GET", path: "/api/auth/failing"}).want(t, 500, "INTERNAL_SERVER_ERROR")
	}
	fail()
	if n := strings.Count(s.log.String(), "level=ERROR"); n != 1 || !strings.Contains(s.log.String(), "route=/failing") {
		t.Errorf("%d lines for one failure:\n%s", n, s.log)
	}
	for range 299 {
		fail()
	}
	if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(s.log.String(), "level=ERROR"); n != 101 || !strings.Contains(s.log.String(), "leftOut=200") {
		t.Errorf("%d lines for 300 failures", n)
	}
	if n := strings.Count(s.log.String(), "I am about to fail"); n != 300 {
		t.Errorf("%d lines of the plugin's", n)
	}
}

// TestAuditLogIsFull: with a full disk requests are refused or go on, as
// audit.onFailure says, and the operator is told.
func TestAuditLogIsFull(t *testing.T) {
	needPlugins(t, "email-password")
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	for policy, refused := range map[string]bool{"refuse": true, "count": false} {
		t.Run(policy, func(t *testing.T) {
			s := serve(t, "audit: {file: /dev/full, onFailure: "+policy+"}\ntenants:\n  - {id: main, baseURL: http://main.example, plugins: [{id: email-password}]}\n")
			first := s.signUp("", "ada@example.com").want(t, 200, "") // what is done when the disk turns out to be full
			status, code := 200, ""
			if refused {
				status, code = 503, "AUDIT_UNAVAILABLE"
			}
			s.signUp("", "bob@example.com").want(t, status, code)
			if got := s.session("", first.cookie()); got.get("user.email") != "ada@example.com" {
				t.Errorf("get-session: %s", got.text)
			}
			resp, err := http.Get(s.admin + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			ready, _ := io.ReadAll(resp.Body)
			if (resp.StatusCode == 503) != refused || !strings.Contains(string(ready), "degraded: the audit log cannot be written since") {
				t.Errorf("readyz: %d %s", resp.StatusCode, ready)
			}
			if metrics := s.scrape(t); !strings.Contains(metrics, "authhost_audit_failing 1") || !strings.Contains(metrics, "authhost_audit_lost_total 0") {
				t.Error("no metrics of the audit log")
			}
		})
	}
}
