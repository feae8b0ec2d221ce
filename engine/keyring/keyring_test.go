package keyring

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a Storage as a database would be: it refuses a number that is
// taken, and hands out copies.
type memory struct {
	mu      sync.Mutex
	keys    []Key
	reads   int
	fail    error // of Keys
	failAdd error // of Insert
	failSet error // of Update
}

func (m *memory) Keys(_ context.Context, use string) ([]Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.fail != nil {
		return nil, m.fail
	}
	var out []Key
	for _, k := range slices.Backward(m.keys) {
		if k.Use == use {
			out = append(out, k)
		}
	}
	return out, nil
}

func (m *memory) Insert(_ context.Context, key Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failAdd != nil {
		return m.failAdd
	}
	for _, k := range m.keys {
		if k.Use == key.Use && k.Alg == key.Alg && k.Number == key.Number {
			return fmt.Errorf("insert: %w", ErrConflict)
		}
	}
	m.keys = append(m.keys, key)
	return nil
}

func (m *memory) Update(_ context.Context, key Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failSet != nil {
		return m.failSet
	}
	for i, k := range m.keys {
		if k.ID == key.ID {
			m.keys[i] = key
			return nil
		}
	}
	return errors.New("no such key")
}

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// jwkSet is a JWKS as a verifier that knows nothing of this package reads it.
type jwkSet struct{ Keys []map[string]string }

func fetch(t *testing.T, r *Ring, use string, algs ...string) jwkSet {
	t.Helper()
	text, err := r.JWKS(t.Context(), use, algs...)
	if err != nil {
		t.Fatal(err)
	}
	var set jwkSet
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return set
}

func (s jwkSet) kids() []string {
	var out []string
	for _, k := range s.Keys {
		out = append(out, k["kid"])
	}
	return out
}

// verify checks a token with the standard library.
func (s jwkSet) verify(t *testing.T, token string) error {
	t.Helper()
	parts := strings.Split(token, ".")
	var header struct{ Alg, Kid string }
	if err := json.Unmarshal(decode(t, parts[0]), &header); err != nil {
		t.Fatal(err)
	}
	signed, signature := []byte(parts[0]+"."+parts[1]), decode(t, parts[2])
	digest := sha256.Sum256(signed)
	for _, k := range s.Keys {
		if k["kid"] != header.Kid || k["alg"] != header.Alg {
			continue
		}
		switch k["alg"] {
		case RS256:
			public := rsa.PublicKey{N: number(t, k["n"]), E: int(number(t, k["e"]).Int64())}
			return rsa.VerifyPKCS1v15(&public, crypto.SHA256, digest[:], signature)
		case PS256:
			public := rsa.PublicKey{N: number(t, k["n"]), E: int(number(t, k["e"]).Int64())}
			return rsa.VerifyPSS(&public, crypto.SHA256, digest[:], signature, nil)
		case ES256:
			return verifyECDSA(t, elliptic.P256(), k, digest[:], signature)
		case ES512:
			long := sha512.Sum512(signed)
			return verifyECDSA(t, elliptic.P521(), k, long[:], signature)
		case EdDSA:
			if k["crv"] != "Ed25519" || !ed25519.Verify(decode(t, k["x"]), signed, signature) {
				return errors.New("bad signature")
			}
			return nil
		}
	}
	return fmt.Errorf("no key %s %s in the set", header.Alg, header.Kid)
}

func verifyECDSA(t *testing.T, curve elliptic.Curve, k map[string]string, digest, signature []byte) error {
	t.Helper()
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, decode(t, k["x"]), decode(t, k["y"])))
	if err != nil {
		return err
	}
	half := (curve.Params().BitSize + 7) / 8
	if len(signature) != 2*half || !ecdsa.Verify(public, digest, new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])) {
		return errors.New("bad signature")
	}
	return nil
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func number(t *testing.T, s string) *big.Int { return new(big.Int).SetBytes(decode(t, s)) }

func mustSign(t *testing.T, r *Ring, use, alg, claims string) (token, kid string) {
	t.Helper()
	token, kid, err := r.Sign(t.Context(), use, alg, []byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	return token, kid
}

func TestSignAndVerify(t *testing.T) {
	for _, alg := range []string{RS256, PS256, ES256, ES512, EdDSA} {
		r := New(Config{Storage: &memory{}})
		claims := `{"sub":"u1", "iat":1}`
		token, kid := mustSign(t, r, "convex", alg, claims)
		if want := `{"alg":"` + alg + `","kid":"` + kid + `"}`; string(decode(t, strings.Split(token, ".")[0])) != want {
			t.Errorf("%s: header %s, want %s", alg, decode(t, strings.Split(token, ".")[0]), want)
		}
		if err := fetch(t, r, "convex").verify(t, token); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		got, err := r.Verify(t.Context(), "convex", "", token)
		if err != nil || string(got) != claims {
			t.Errorf("%s: %s, %v; want the claims as they were", alg, got, err)
		}
		if _, err := r.Verify(t.Context(), "other", "", token); !errors.Is(err, ErrInvalidToken) {
			t.Errorf("%s: of another use: %v", alg, err)
		}
	}
	if _, _, err := New(Config{Storage: &memory{}}).Sign(t.Context(), "convex", "HS256", nil); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("HS256: %v", err)
	}
}

// RS256 is the default, and members come in Better Auth's order.
func TestJWKSForm(t *testing.T) {
	storage := &memory{}
	r := New(Config{Storage: storage, NewID: func() string { return fmt.Sprintf("key-%d", len(storage.keys)) }})
	mustSign(t, r, "u", "", "{}")
	mustSign(t, r, "u", ES256, "{}")
	text, err := r.JWKS(t.Context(), "u")
	if err != nil {
		t.Fatal(err)
	}
	var rs, es struct{ N, X, Y string }
	for _, k := range storage.keys {
		into := &rs
		if k.Alg == ES256 {
			into = &es
		}
		if err := json.Unmarshal(k.PublicJWK, into); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"keys":[{"alg":"ES256","crv":"P-256","kty":"EC","x":"` + es.X + `","y":"` + es.Y + `","kid":"key-1"},{"alg":"RS256","kty":"RSA","n":"` + rs.N + `","e":"AQAB","kid":"key-0"}]}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if got := fetch(t, r, "u", RS256).kids(); !slices.Equal(got, []string{"key-0"}) {
		t.Errorf("RS256 only: %v", got)
	}
	if len(rs.N) != 342 {
		t.Errorf("the modulus has %d characters, want 342 (2048 bits)", len(rs.N))
	}
}

// A key that is not of its algorithm's family does not load, and an Ed25519
// key has Better Auth's form.
func TestOtherFamilies(t *testing.T) {
	storage := &memory{}
	r := New(Config{Storage: storage, NewID: func() string { return "k" }})
	mustSign(t, r, "u", EdDSA, "{}")
	key := storage.keys[0]
	var public struct{ X string }
	if err := json.Unmarshal(key.PublicJWK, &public); err != nil {
		t.Fatal(err)
	}
	text, err := r.JWKS(t.Context(), "u", EdDSA)
	if want := `{"keys":[{"alg":"EdDSA","crv":"Ed25519","x":"` + public.X + `","kty":"OKP","kid":"k"}]}`; err != nil || string(text) != want {
		t.Errorf("got  %s, %v\nwant %s", text, err, want)
	}
	for _, alg := range []string{RS256, PS256, ES256, ES512, "none"} {
		key.Alg = alg
		if _, err := parse(key); err == nil {
			t.Errorf("an Ed25519 key passes for %s", alg)
		}
	}
	es, err := generate(Key{ID: "k", Alg: ES256})
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{ES512, EdDSA, RS256} {
		es.Alg = alg
		if _, err := parse(es); err == nil {
			t.Errorf("a P-256 key passes for %s", alg)
		}
	}
}

// The set is never empty, or verifiers would cache that.
func TestJWKSMakesTheFirstKey(t *testing.T) {
	for _, algs := range [][]string{nil, {ES256}, {RS256, ES256}} {
		r := New(Config{Storage: &memory{}})
		if got := fetch(t, r, "u", algs...); len(got.Keys) != max(1, len(algs)) {
			t.Errorf("%v: %v", algs, got.kids())
		}
	}
}

func TestPrivateMembersAreNotPublished(t *testing.T) {
	storage := &memory{}
	r := New(Config{Storage: storage})
	mustSign(t, r, "u", RS256, "{}")
	mustSign(t, r, "u", ES256, "{}")
	for i := range storage.keys {
		storage.keys[i].PublicJWK = storage.keys[i].PrivateJWK // as a careless import might
	}
	for _, k := range fetch(t, New(Config{Storage: storage}), "u").Keys {
		for name := range k {
			if !slices.Contains([]string{"alg", "kid", "kty", "n", "e", "crv", "x", "y"}, name) {
				t.Errorf("member %q is published", name)
			}
		}
	}
}

// However many requests in however many processes need the first key at once,
// there is one key in the end, and every token verifies with it.
func TestFirstKeyIsMadeOnce(t *testing.T) {
	storage := &memory{}
	var wg sync.WaitGroup
	tokens := make(chan string, 60)
	for range 3 {
		r := New(Config{Storage: storage})
		for range 20 {
			wg.Go(func() {
				token, _, err := r.Sign(t.Context(), "u", ES256, []byte("{}"))
				if err != nil {
					t.Error(err)
				}
				tokens <- token
			})
		}
	}
	wg.Wait()
	close(tokens)
	if len(storage.keys) != 1 {
		t.Fatalf("%d keys", len(storage.keys))
	}
	set := fetch(t, New(Config{Storage: storage}), "u")
	for token := range tokens {
		if err := set.verify(t, token); err != nil {
			t.Error(err)
		}
	}
}

func TestKeysAreCached(t *testing.T) {
	storage, clock := &memory{}, newClock()
	r := New(Config{Storage: storage, Now: clock.Now, CacheFor: time.Minute})
	mustSign(t, r, "u", ES256, "{}")
	before := storage.reads
	for range 100 {
		mustSign(t, r, "u", ES256, "{}")
	}
	if storage.reads != before {
		t.Errorf("%d reads for 100 tokens", storage.reads-before)
	}
	clock.Add(time.Minute)
	mustSign(t, r, "u", ES256, "{}")
	if storage.reads != before+1 {
		t.Errorf("%d reads after the cache ended, want 1", storage.reads-before)
	}
}

func TestStorageFaults(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, storage := range map[string]*memory{"reading": {fail: broken}, "inserting": {failAdd: broken}} {
		r := New(Config{Storage: storage})
		if _, _, err := r.Sign(t.Context(), "u", ES256, nil); !errors.Is(err, broken) {
			t.Errorf("%s: sign: %v", name, err)
		}
		if _, err := r.JWKS(t.Context(), "u"); !errors.Is(err, broken) {
			t.Errorf("%s: JWKS: %v", name, err)
		}
	}
	if _, err := New(Config{Storage: &memory{fail: broken}}).Verify(t.Context(), "u", "", forged(t, `{"alg":"RS256","kid":"x"}`)); !errors.Is(err, broken) {
		t.Errorf("verify: %v: a fault of the storage is not one of the token", err)
	}
	// A storage that reports a conflict but has no such key must not loop.
	if _, _, err := New(Config{Storage: &memory{failAdd: ErrConflict}}).Sign(t.Context(), "u", ES256, nil); err == nil {
		t.Error("signed without a key")
	}
}

func TestDamagedKeysAreRefused(t *testing.T) {
	storage := &memory{}
	mustSign(t, New(Config{Storage: storage}), "u", ES256, "{}")
	good := storage.keys[0]
	for name, k := range map[string]Key{
		"not JSON":            {ID: "k", Use: "u", Alg: ES256, PrivateJWK: []byte("x")},
		"public key only":     {ID: "k", Use: "u", Alg: ES256, PrivateJWK: good.PublicJWK},
		"another alg":         {ID: "k", Use: "u", Alg: RS256, PrivateJWK: good.PrivateJWK},
		"unknown alg":         {ID: "k", Use: "u", Alg: "none", PrivateJWK: good.PrivateJWK},
		"a symmetric key":     {ID: "k", Use: "u", Alg: RS256, PrivateJWK: []byte(`{"kty":"oct","k":"AAAA"}`)},
		"a short RSA key":     {ID: "k", Use: "u", Alg: RS256, PrivateJWK: []byte(shortRSA)},
		"an inconsistent key": {ID: "k", Use: "u", Alg: RS256, PrivateJWK: []byte(strings.Replace(shortRSA, `"e":"AQAB"`, `"e":"Aw"`, 1))},
	} {
		_, _, err := New(Config{Storage: &memory{keys: []Key{k}}}).Sign(t.Context(), "u", k.Alg, []byte("{}"))
		if err == nil {
			t.Errorf("%s: signed", name)
		}
		var private struct{ D string }
		if json.Unmarshal(k.PrivateJWK, &private) == nil && private.D != "" && strings.Contains(fmt.Sprint(err), private.D) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

// shortRSA is an RSA key of 1024 bits.
const shortRSA = `{"kty":"RSA","e":"AQAB","n":"4jJzu_RU7b_jO7fHxPLgy7BU8D1rfQX7EelY5PUB6nkXgKE-ED0ofSelr_VVdF0D4g9ixikY7kGyh-5eTSBN6K25YqstLJh5WbdLmy4BJRdg9PKxJKSpI6bE7YbUGVBZHNEPmw7522LJPeg6cyAdv4TGE5KNYyhThM7nby6KiEU","d":"vNCEj1ZrNnLBCe5lEV_0idLNdCSw_xHo_JCepbBnQwSFu9fc6M1EaQSZaAIQrSufvCo_t05DA09P6evuR885d_j1ykU0dQ1BhpRsLfmxn1pBi7ZQbfE_wz2Y3xCsO7g4EZelRzJ710LHIIboqh4ZMIMEPR2BnaacS5StCWJFv5k","p":"93ICyK_PcSw4zWezQxWnTC_4nHzCgBtPJ85wRqCQzDYXpRYIZp81bX87xZKEwoKj68gmiW-5NRFW-79F4FT0Yw","q":"6gRitN609k24DeaNfY0Uv13YFurnWkbZJB0EhTDO1EB5Z23nHY2xsQzIw4ievBSAiOZqSjboy7A7ZBlC5-sNNw","dp":"cxjhGqBMiYPcWA7oX0fvLY0Swxd1EUmipA1uRCvjrllq3itFdRaRL4GDN_9TKXbC8KWE52DEcV7Daw4pXpOlqQ","dq":"VNogPDrgXMqTaR7mwNZt5nGNj8m-92HnDAwlfnHTHOz_2DvmaDXfbzYWeafI_qNkc78wXRaJ1IljD4mFU_hLgw","qi":"giRG1EGYwc_IwyINvMsVgq4FggADNTKWS_xMBcbn9aGbUVy1HF6GFQyZU9ygjVVNZFKz71OiG28bFcf7cIPnxQ"}`
