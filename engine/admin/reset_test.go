package admin

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/keystore"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

func TestEmptyKeepsKeys(t *testing.T) {
	backing, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backing.Close() })
	data, err := backing.Open(t.Context(), "main", identity.CoreSchema())
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := secret.New([]secret.Version{{Value: "first-secret-Xn2w8QzR4tL0vB6mK1pY9sD3"}})
	if err != nil {
		t.Fatal(err)
	}
	keys := keystore.New(data, secrets)
	if err := keys.Insert(t.Context(), keyring.Key{ID: "kid", Use: "convex", Alg: "RS256", Number: 1, PublicJWK: []byte("{}"), PrivateJWK: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	var ops []store.Op
	for i := range 3000 { // more than a page
		id := "u" + strings.Repeat("x", i%5) + string(rune('a'+i%26)) + time.Duration(i).String()
		ops = append(ops, store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: document.NewObject(2).Set("name", document.Text("x")).Set("email", document.Text(id+"@example.com"))})
	}
	if err := data.Apply(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
	if err := empty(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	for model, left := range map[string]int{"user": 0, keystore.Model: 1} {
		if page, err := data.List(t.Context(), store.Query{Model: model}); err != nil || len(page.Records) != left {
			t.Errorf("%s: %d left, %v", model, len(page.Records), err)
		}
	}
}
