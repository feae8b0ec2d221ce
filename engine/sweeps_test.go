package engine_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
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

// TestFileShrinks: when most of what is in a tenant's file has expired, the sweep
// makes the file smaller, and the tenant is served on.
func TestFileShrinks(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills a file with thousands of sessions; SHORT= runs it")
	}
	needPlugins(t, "email-password")
	dir := t.TempDir()
	const text = `
tenants:
  - {id: main, baseURL: "http://main.example", plugins: [{id: email-password}]}
`
	begin := time.Now()
	s, stop := startAt(t, dir, text, begin)
	s.signUp("main.example", "ada@example.com").want(t, 200, "")
	stop()
	expiredSessions(t, filepath.Join(dir, "tenants"), 3000, begin)
	path := filepath.Join(dir, "tenants", "tenant-main.db")
	before, err := os.Stat(path)
	if err != nil || before.Size() < 8<<20 {
		t.Fatal(before, err)
	}
	s, stop = startAt(t, dir, text, begin.Add(24*time.Hour))
	defer stop()
	cookie := s.signIn("main.example", "ada@example.com", password).want(t, 200, "").cookie()
	for deadline := time.Now().Add(30 * time.Second); ; {
		s.session("main.example", cookie).want(t, 200, "")
		if now, err := os.Stat(path); err != nil || now.Size() < before.Size()/2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the file is as large as before")
		}
	}
	if got := s.session("main.example", cookie).want(t, 200, ""); got.get("user.email") != "ada@example.com" {
		t.Errorf("the session is %s", got.text)
	}
	s.signIn("main.example", "ada@example.com", password).want(t, 200, "")
}

// expiredSessions adds sessions to the tenant main of a store that nobody uses, like
// the one that is there but for their end.
func expiredSessions(t *testing.T, dir string, count int, end time.Time) {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.Open(t.Context(), "main", store.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := data.List(t.Context(), store.Query{Model: "session", Limit: 1})
	if err != nil || len(page.Records) != 1 {
		t.Fatal(page, err)
	}
	var ops []store.Op
	for i := range count {
		fields := page.Records[0].Fields.Clone()
		fields.Delete("id")
		ops = append(ops, store.Op{Kind: store.Insert, Model: "session", ID: fmt.Sprint("old", i), Fields: fields.
			Set("token", document.Text(fmt.Sprint("token", i))).Set("expiresAt", document.Time(end)).
			Set("userAgent", document.Text(strings.Repeat("x", 3000)))})
	}
	if err := errors.Join(data.Apply(t.Context(), ops), s.Close()); err != nil {
		t.Fatal(err)
	}
}
