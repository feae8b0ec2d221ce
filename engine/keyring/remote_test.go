package keyring_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/keyring"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// remote is somebody else's key.
type remote struct {
	private jwk.Key
	alg     string
}

func newRemote(t *testing.T, alg, kid string, signer crypto.Signer) remote {
	t.Helper()
	key, err := jwk.FromRaw(signer)
	if err != nil {
		t.Fatal(err)
	}
	if kid != "" {
		_ = key.Set(jwk.KeyIDKey, kid)
	}
	return remote{key, alg}
}

func (r remote) sign(t *testing.T, headers map[string]any) string {
	t.Helper()
	h := jws.NewHeaders()
	for name, v := range headers {
		if err := h.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	token, err := jws.Sign([]byte(`{"sub":"ada"}`), jws.WithKey(jwa.SignatureAlgorithm(r.alg), r.private, jws.WithProtectedHeaders(h)))
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

// set is a key set of public keys, with members changed by edit.
func set(t *testing.T, edit map[string]any, keys ...remote) []byte {
	t.Helper()
	var list []map[string]any
	for _, k := range keys {
		public, err := k.private.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(public)
		var members map[string]any
		_ = json.Unmarshal(text, &members)
		for name, v := range edit {
			members[name] = v
		}
		list = append(list, members)
	}
	text, _ := json.Marshal(map[string]any{"keys": list})
	return text
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestVerifyWith(t *testing.T) {
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	big := rsaKey(t, 2048)
	for alg, key := range map[string]crypto.Signer{
		"RS256": big, "RS384": big, "RS512": big, "PS256": big, "PS512": big, "ES256": ecKey(t, elliptic.P256()), "ES384": ecKey(t, elliptic.P384()),
		"ES512": ecKey(t, elliptic.P521()), "EdDSA": edKey,
	} {
		r := newRemote(t, alg, "k1", key)
		claims, err := keyring.VerifyWith(set(t, nil, r), r.sign(t, nil))
		if err != nil || string(claims) != `{"sub":"ada"}` {
			t.Errorf("%s: got %s, %v", alg, claims, err)
		}
	}
}

func TestVerifyWithRefuses(t *testing.T) {
	key := rsaKey(t, 2048)
	mine, other := newRemote(t, "RS256", "k1", key), newRemote(t, "RS256", "k2", rsaKey(t, 2048))
	impostor := newRemote(t, "RS256", "k1", rsaKey(t, 2048))
	nameless := newRemote(t, "RS256", "", key)
	public, _ := mine.private.PublicKey()
	publicText, _ := json.Marshal(public)
	secret, _ := jwk.FromRaw(publicText)
	_ = secret.Set(jwk.KeyIDKey, "k1")
	good := mine.sign(t, nil)
	parts := strings.Split(good, ".")
	small := newRemote(t, "RS256", "k1", rsaKey(t, 1024))
	ec := newRemote(t, "ES256", "k1", ecKey(t, elliptic.P256()))
	for _, tt := range []struct {
		name  string
		keys  []byte
		token string
		want  error
	}{
		{"another key's signature", set(t, nil, mine), impostor.sign(t, nil), keyring.ErrInvalidToken},
		{"a key that is not there", set(t, nil, mine), other.sign(t, nil), keyring.ErrRemoteKey},
		{"changed claims", set(t, nil, mine), parts[0] + "." + "eyJzdWIiOiJldmUifQ" + "." + parts[2], keyring.ErrInvalidToken},
		{"no signature", set(t, nil, mine), parts[0] + "." + parts[1] + ".", keyring.ErrInvalidToken},
		{"none", set(t, nil, mine), "eyJhbGciOiJub25lIn0." + parts[1] + ".", keyring.ErrInvalidToken},
		{"HS256 with the public key", set(t, nil, mine), remote{secret, "HS256"}.sign(t, nil), keyring.ErrInvalidToken},
		{"a key for encryption", set(t, map[string]any{"use": "enc"}, mine), good, keyring.ErrRemoteKey},
		{"a key for another algorithm", set(t, map[string]any{"alg": "RS512"}, mine), good, keyring.ErrRemoteKey},
		{"a key of another kind", set(t, nil, ec), good, keyring.ErrRemoteKey},
		{"a short key", set(t, nil, small), small.sign(t, nil), keyring.ErrRemoteKey},
		{"critical headers", set(t, nil, mine), mine.sign(t, map[string]any{"crit": []string{"x"}, "x": 1}), keyring.ErrInvalidToken},
		{"a key within the token", set(t, nil, mine), mine.sign(t, map[string]any{"jwk": public}), keyring.ErrInvalidToken},
		{"two keys, and no name", set(t, nil, mine, other), nameless.sign(t, nil), keyring.ErrRemoteKey},
		{"no set", []byte("<html>"), good, keyring.ErrRemoteKey},
		{"an empty set", []byte(`{"keys":[]}`), good, keyring.ErrRemoteKey},
		{"no token", set(t, nil, mine), "", keyring.ErrInvalidToken},
		{"a long token", set(t, nil, mine), good + strings.Repeat("A", keyring.MaxTokenBytes), keyring.ErrInvalidToken},
	} {
		if claims, err := keyring.VerifyWith(tt.keys, tt.token); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %s, %v, want %v", tt.name, claims, err, tt.want)
		}
	}
	if _, err := keyring.VerifyWith(set(t, nil, mine), nameless.sign(t, nil)); err != nil {
		t.Errorf("one key, and no name: %v", err)
	}
	withUnknown := append([]byte(`{"keys":[{"kty":"XYZ","kid":"k9"},`), set(t, nil, mine)[len(`{"keys":[`):]...)
	if _, err := keyring.VerifyWith(withUnknown, good); err != nil {
		t.Errorf("beside a key of a kind that nobody knows: %v", err)
	}
}

// FuzzVerifyWith: whatever comes as key set and token, only what a key of the
// set signed gets through.
func FuzzVerifyWith(f *testing.F) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	key, err := jwk.FromRaw(private)
	if err != nil {
		f.Fatal(err)
	}
	public, _ := key.PublicKey()
	text, _ := json.Marshal(public)
	token, err := jws.Sign([]byte(`{"sub":"ada"}`), jws.WithKey(jwa.EdDSA, key))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"keys":[`+string(text)+`]}`, string(token))
	f.Add(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, "eyJhbGciOiJub25lIn0.e30.")
	f.Add(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`, "eyJhbGciOiJIUzI1NiJ9.e30.AAAA")
	f.Fuzz(func(t *testing.T, keys, token string) {
		claims, err := keyring.VerifyWith([]byte(keys), token)
		if err == nil && string(claims) != `{"sub":"ada"}` && strings.Contains(keys, string(text)) {
			t.Errorf("%q passed with %q", token, keys)
		}
	})
}
