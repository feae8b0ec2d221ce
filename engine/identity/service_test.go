package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// silent are hooks that nobody listens to.
type silent struct{}

func (silent) Verdict(context.Context, string, *document.Object, *document.Object) error { return nil }
func (silent) Happened(string, *store.Record, *document.Object)                          {}

// marked hashes by marking; hashes with an old mark are to be replaced.
type marked struct {
	fails    error // of Hash
	compares int
}

func (m *marked) Hash(_ context.Context, password string) (string, error) {
	return "new:" + password, m.fails
}

func (m *marked) Verify(_ context.Context, hash, password string) (ok, rehash bool, err error) {
	m.compares++
	mark, rest, _ := strings.Cut(hash, ":")
	return rest == password, mark == "old", nil
}

func (m *marked) Equalize(context.Context, string) error {
	m.compares++
	return m.fails
}

// tenant is an empty store with one user, ada, whose password hash is given.
func tenant(t *testing.T, hash string) store.Tenant {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	data, err := s.Open(t.Context(), "main", identity.CoreSchema())
	if err != nil {
		t.Fatal(err)
	}
	ops := []store.Op{{Kind: store.Insert, Model: "user", ID: "ada", Fields: document.NewObject(2).Set("name", document.Text("Ada")).Set("email", document.Text("ada@example.com"))}}
	if hash != "" {
		ops = append(ops, store.Op{Kind: store.Insert, Model: "account", ID: "a", Fields: document.NewObject(4).
			Set("userId", document.Text("ada")).Set("accountId", document.Text("ada")).Set("providerId", document.Text("credential")).Set("password", document.Text(hash))})
	}
	if err := data.Apply(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
	return data
}

func hashOf(t *testing.T, data store.Tenant) string {
	t.Helper()
	rec, err := data.Find(t.Context(), "account", "userId+providerId", document.Text("ada"), document.Text("credential"))
	if errors.Is(err, store.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec.Str("password")
}

func TestVerifyPassword(t *testing.T) {
	tests := []struct {
		name, hash, password string
		fails                error
		valid                bool
		after                string
	}{
		{name: "right", hash: "new:x", password: "x", valid: true, after: "new:x"},
		{name: "wrong", hash: "new:x", password: "y", after: "new:x"},
		{name: "outdated hash", hash: "old:x", password: "x", valid: true, after: "new:x"},
		{name: "outdated hash, wrong password", hash: "old:x", password: "y", after: "old:x"},
		{name: "outdated hash, busy server", hash: "old:x", password: "x", fails: secret.ErrBusy, valid: true, after: "old:x"},
		{name: "no password"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, hasher := tenant(t, tt.hash), &marked{fails: tt.fails}
			tx := store.Begin(data)
			user, err := tx.Get(t.Context(), "user", "ada")
			if err != nil {
				t.Fatal(err)
			}
			valid, err := identity.New(hasher).VerifyPassword(t.Context(), tx, user, tt.password, start)
			if err != nil || valid != tt.valid || hasher.compares != 1 {
				t.Errorf("valid %v, %v, %d comparisons", valid, err, hasher.compares)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := hashOf(t, data); got != tt.after {
				t.Errorf("stored %q, want %q", got, tt.after)
			}
		})
	}
}

// TestNobodyCostsTheSame: a password is compared once, whoever the user is.
func TestNobodyCostsTheSame(t *testing.T) {
	hasher := &marked{}
	valid, err := identity.New(hasher).VerifyPassword(t.Context(), store.Begin(tenant(t, "")), nil, "x", start)
	if valid || err != nil || hasher.compares != 1 {
		t.Errorf("valid %v, %v, %d comparisons", valid, err, hasher.compares)
	}
	hasher.fails = secret.ErrBusy
	_, err = identity.New(hasher).VerifyPassword(t.Context(), store.Begin(tenant(t, "")), nil, "x", start)
	if e := apierror.From(err); e.Status != 503 || e.Code != "TOO_BUSY" || !errors.Is(err, secret.ErrBusy) {
		t.Errorf("busy: %v", err)
	}
}

func TestSetPassword(t *testing.T) {
	for name, hash := range map[string]string{"first": "", "another": "new:old"} {
		t.Run(name, func(t *testing.T) {
			data := tenant(t, hash)
			s := identity.New(&marked{})
			tx := store.Begin(data)
			if err := s.SetPassword(t.Context(), store.Work{Tx: tx, Hooks: silent{}, Now: start}, "ada", "fresh"); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := hashOf(t, data); got != "new:fresh" {
				t.Errorf("stored %q", got)
			}
		})
	}
	data := tenant(t, "")
	one, two := store.Begin(data), store.Begin(data)
	s := identity.New(&marked{})
	for _, tx := range []*store.Tx{one, two} {
		if err := s.SetPassword(t.Context(), store.Work{Tx: tx, Hooks: silent{}, Now: start}, "ada", "fresh"); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := two.Commit(t.Context()); !errors.Is(err, store.ErrConflict) {
		t.Errorf("two password accounts of one user: %v", err)
	}
	err := identity.New(&marked{fails: secret.ErrPasswordTooLong}).SetPassword(t.Context(), store.Work{Tx: store.Begin(data), Hooks: silent{}, Now: start}, "ada", "x")
	if e := apierror.From(err); e.Status != 400 || e.Code != "PASSWORD_TOO_LONG" {
		t.Errorf("too long: %v", err)
	}
}

func TestViews(t *testing.T) {
	rec := store.NewRecord("x", document.NewObject(2).Set("name", document.Text("Ada")).Set("note", document.Text("hidden")))
	open := &identity.Views{}
	if got := string(open.User(rec).Value().JSON()); got != `{"name":"Ada","note":"hidden","id":"x"}` {
		t.Errorf("got %s", got)
	}
	v := &identity.Views{HiddenUser: []string{"note", "nothing"}, HiddenSession: []string{"name"}}
	if got := string(v.User(rec).Value().JSON()); got != `{"name":"Ada","id":"x"}` {
		t.Errorf("got %s", got)
	}
	if got := string(v.Session(rec).Value().JSON()); got != `{"note":"hidden","id":"x"}` {
		t.Errorf("got %s", got)
	}
	open.User(rec).Copy().Set("name", document.Text("Eve")).Delete("note")
	if rec.Str("note") != "hidden" || rec.Str("name") != "Ada" {
		t.Error("a view changed its record")
	}
}

func TestWithoutSecrets(t *testing.T) {
	account := document.NewObject(6)
	for _, name := range []string{"userId", "password", "accessToken", "refreshToken", "idToken", "scope"} {
		account.Set(name, document.Text("x"))
	}
	if got := string(document.Obj(identity.WithoutSecrets(account)).JSON()); got != `{"userId":"x","scope":"x"}` {
		t.Errorf("got %s", got)
	}
	if account.Len() != 6 {
		t.Error("the account changed")
	}
}
