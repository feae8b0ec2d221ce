package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	onlyMain = `
  backupDir: DIR/backups
tenants:
  - {id: main, baseURL: "http://main.example", plugins: [{id: email-password}]}
`
	revived = onlyMain + `  - {id: other, revive: true, baseURL: "http://other.example", plugins: [{id: email-password}]}
`
)

// openFiles returns the files of a tenant that this process has open.
func openFiles(t *testing.T, id string) (names []string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("there is no /proc")
	}
	for _, fd := range fds {
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.Contains(name, "tenant-"+id+".") {
			names = append(names, name)
		}
	}
	return names
}

// isGone looks whether nobody answers for the host of the tenant other.
func isGone(t *testing.T, s *server) {
	t.Helper()
	if got := s.do(request{method: "GET", host: "other.example", path: "/api/auth/ok"}); got.status != 404 {
		t.Errorf("a removed tenant's host: %d %s", got.status, got.text)
	}
	s.do(request{method: "GET", host: "main.example", path: "/api/auth/ok"}).want(t, 200, "")
}

// TestRemovedTenant removes a tenant while the server runs, and adds it again: its
// file is closed, its host falls to nobody, and its users are back only if that was
// asked for.
func TestRemovedTenant(t *testing.T) {
	needPlugins(t, "email-password")
	dir := t.TempDir()
	s, stop := startIn(t, dir, twoTenants)
	s.signUp("other.example", "ada@example.com").want(t, 200, "")
	if err := s.Reload(t.Context(), parseConfig(t, dir, onlyMain)); err != nil {
		t.Fatal(err)
	}
	isGone(t, s)
	if names := openFiles(t, "other"); len(names) > 0 {
		t.Errorf("the files of a removed tenant are open: %v", names)
	}
	stop()
	s, stop = startIn(t, dir, onlyMain)
	isGone(t, s)
	if err := s.Reload(t.Context(), parseConfig(t, dir, twoTenants)); err == nil || !strings.Contains(err.Error(), `"other" was removed`) || !strings.Contains(err.Error(), "revive") {
		t.Errorf("added again: %v", err)
	}
	isGone(t, s)
	if err := s.Reload(t.Context(), parseConfig(t, dir, revived)); err != nil {
		t.Fatal(err)
	}
	s.signIn("other.example", "ada@example.com", password).want(t, 200, "")
	stop()
	s, stop = startIn(t, dir, twoTenants) // it was not removed since
	s.signIn("other.example", "ada@example.com", password).want(t, 200, "")
	stop()
}

// TestRemovedTenantRollback goes back to the configuration that has the tenant.
func TestRemovedTenantRollback(t *testing.T) {
	needPlugins(t, "email-password")
	dir := t.TempDir()
	s, stop := startIn(t, dir, twoTenants)
	defer stop()
	s.signUp("other.example", "ada@example.com").want(t, 200, "")
	if err := s.Reload(t.Context(), parseConfig(t, dir, onlyMain)); err != nil {
		t.Fatal(err)
	}
	if err := s.Rollback(); err != nil {
		t.Fatal(err)
	}
	s.signIn("other.example", "ada@example.com", password).want(t, 200, "")
}

// TestRemovedTenantAnew removes a tenant, moves its file away and adds it again: it
// begins without users, and those that sign up then are there after a restart.
func TestRemovedTenantAnew(t *testing.T) {
	needPlugins(t, "email-password")
	dir := t.TempDir()
	s, stop := startIn(t, dir, twoTenants)
	s.signUp("other.example", "ada@example.com").want(t, 200, "")
	if err := s.Reload(t.Context(), parseConfig(t, dir, onlyMain)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tenants", "tenant-other.db")
	if err := os.Rename(path, filepath.Join(dir, "away.db")); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(t.Context(), parseConfig(t, dir, twoTenants)); err != nil {
		t.Fatal(err)
	}
	s.signIn("other.example", "ada@example.com", password).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	s.signUp("other.example", "bob@example.com").want(t, 200, "")
	stop()
	s, stop = startIn(t, dir, twoTenants)
	s.signIn("other.example", "bob@example.com", password).want(t, 200, "")
	stop()
}

// TestMovedFile takes the file of a tenant away from under the server: what would be
// written to it is refused, and nothing of it is acknowledged.
func TestMovedFile(t *testing.T) {
	needPlugins(t, "email-password")
	dir := t.TempDir()
	s, stop := startIn(t, dir, twoTenants)
	defer stop()
	s.signUp("other.example", "ada@example.com").want(t, 200, "")
	path := filepath.Join(dir, "tenants", "tenant-other.db")
	if err := os.Rename(path, filepath.Join(dir, "away.db")); err != nil {
		t.Fatal(err)
	}
	s.signUp("other.example", "bob@example.com").want(t, 503, "SERVICE_UNAVAILABLE")
	s.signUp("main.example", "bob@example.com").want(t, 200, "")
	if ready := s.adminGet(t, "/readyz"); !strings.Contains(ready, "tenant other") {
		t.Errorf("/readyz: %s", ready)
	}
}
