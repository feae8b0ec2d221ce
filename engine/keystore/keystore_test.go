package keystore

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store/boltstore"
)

func tenantSecrets(t *testing.T, versions ...secret.Version) *secret.Secrets {
	t.Helper()
	s, err := secret.New(versions)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestKeysAreSealed: private keys are unreadable at rest, survive a rotation
// of the tenant's secret, and nothing else opens them.
func TestKeysAreSealed(t *testing.T) {
	backing, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backing.Close() })
	data, err := backing.Open(t.Context(), "main", identity.CoreSchema())
	if err != nil {
		t.Fatal(err)
	}
	first := secret.Version{Version: 1, Value: "first-secret-Xn2w8QzR4tL0vB6mK1pY9sD3"}
	keys := New(data, tenantSecrets(t, first))
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	key := keyring.Key{
		ID: "kid", Use: "convex", Alg: "RS256", Number: 1, PublicJWK: []byte(`{"public":1}`), PrivateJWK: []byte(`{"private":"treasure"}`),
		CreatedAt: now, ActiveAt: now.Add(time.Hour),
	}
	if err := keys.Insert(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	second := key
	second.ID = "other"
	if err := keys.Insert(t.Context(), second); !errors.Is(err, keyring.ErrConflict) {
		t.Errorf("a second key of one number: %v", err)
	}
	key.RetiresAt = now.Add(2 * time.Hour)
	if err := keys.Update(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	got, err := keys.Keys(t.Context(), "convex")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]keyring.Key{key}, got); diff != "" {
		t.Error(diff)
	}
	if none, err := keys.Keys(t.Context(), "jwt"); err != nil || len(none) != 0 {
		t.Errorf("another use: %v, %v", none, err)
	}
	rec, err := data.Get(t.Context(), Model, "kid")
	if err != nil {
		t.Fatal(err)
	}
	if text := document.Obj(rec.Fields).JSON(); bytes.Contains(text, []byte("treasure")) || !bytes.Contains(text, []byte(`public`)) {
		t.Errorf("at rest: %s", text)
	}

	rotated := New(data, tenantSecrets(t, secret.Version{Version: 2, Value: "second-secret-B6mK1pY9sD3fH7jG5cAXn2w8"}, first))
	if got, err := rotated.Keys(t.Context(), "convex"); err != nil || !bytes.Equal(got[0].PrivateJWK, key.PrivateJWK) {
		t.Errorf("after a rotation: %v", err)
	}
	lost := New(data, tenantSecrets(t, secret.Version{Version: 2, Value: "second-secret-B6mK1pY9sD3fH7jG5cAXn2w8"}))
	if _, err := lost.Keys(t.Context(), "convex"); err == nil || !strings.Contains(err.Error(), "keep the old one") {
		t.Errorf("without the old secret: %v", err)
	}
}
