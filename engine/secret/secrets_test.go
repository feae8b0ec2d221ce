package secret

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
)

const (
	testSecret  = "q7Vd2mX0sKpW9rTz4LbN8cYhJ3gFu6Ae"
	otherSecret = "Jx5Tq0Zr8WmNc2Vb7Ka4Pd9Lf6Yh1GsU"
)

func TestNewRefuses(t *testing.T) {
	for name, versions := range map[string][]Version{
		"nothing":          nil,
		"empty":            {{Version: 1}},
		"negative version": {{Version: -1, Value: "x"}},
		"version twice":    {{Version: 1, Value: "x"}, {Version: 1, Value: "y"}},
	} {
		if _, err := New(versions); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	s := mustNew(t, Version{Value: testSecret})
	signed := s.Sign("value")
	for i := range signed {
		changed := []byte(signed)
		changed[i] ^= 1
		if _, ok := s.Verify(string(changed)); ok {
			t.Errorf("accepted with byte %d changed: %q", i, changed)
		}
	}
	for i := range signed {
		if _, ok := s.Verify(signed[:i]); ok {
			t.Errorf("accepted when cut to %d bytes", i)
		}
	}
	for _, text := range []string{"", ".", signed + "=", signed + "\n", " " + signed, s.Sign(""), "value." + strings.Repeat("=", 44)} {
		if _, ok := s.Verify(text); ok {
			t.Errorf("accepted %q", text)
		}
	}
	if value, ok := s.Verify(s.Sign("a.b!c.")); !ok || value != "a.b!c." {
		t.Errorf("value with dots: %q, %v", value, ok)
	}
}

// A rotation ends the signatures of the old secret, but what was sealed stays
// readable.
func TestRotation(t *testing.T) {
	old := mustNew(t, Version{Value: testSecret})
	rotated := mustNew(t, Version{2, otherSecret}, Version{1, testSecret})
	if _, ok := rotated.Verify(old.Sign("x")); ok {
		t.Error("a cookie of the old secret is accepted")
	}
	token, err := old.SignJWT("reset", document.NewObject(1).Set("exp", document.Int(1000)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rotated.VerifyJWT("reset", token, time.Unix(0, 0)); err != ErrTokenInvalid {
		t.Errorf("a token of the old secret: %v", err)
	}
	for name, s := range map[string]*Secrets{"without versions": old, "version 1": mustNew(t, Version{1, testSecret})} {
		sealed, err := s.Seal([]byte("plain"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rotated.Open(sealed); err != nil || string(got) != "plain" {
			t.Errorf("%s: sealed value: %q, %v", name, got, err)
		}
		bound, err := s.SealFor("purpose", []byte("plain"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rotated.OpenFor("purpose", bound); err != nil || string(got) != "plain" {
			t.Errorf("%s: sealed for a purpose: %q, %v", name, got, err)
		}
	}
	if sealed, _ := rotated.Seal(nil); !strings.HasPrefix(sealed, "$ba$2$") {
		t.Errorf("sealed with versions: %s", sealed)
	}
}

func TestOpenRefuses(t *testing.T) {
	s := mustNew(t, Version{1, testSecret})
	sealed, err := s.Seal([]byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	bound, err := s.SealFor("a", []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "$ba$", "$ba$1$", "$ba$2$" + sealed[6:], "$ba$01$" + sealed[6:], "$ba$+1$" + sealed[6:], "$ba$$" + sealed[6:], sealed[:len(sealed)-2], sealed + "00", "zz" + sealed[6:], bound} {
		if _, err := s.Open(text); err != ErrSealed {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := s.OpenFor("b", bound); err != ErrSealed {
		t.Errorf("opened for another purpose: %v", err)
	}
	if _, err := s.OpenFor("a", sealed); err != ErrSealed {
		t.Errorf("opened for a purpose what was sealed for none: %v", err)
	}
}

// Keys of different purposes and uses must not be the same.
func TestDerivedKeysDiffer(t *testing.T) {
	s := mustNew(t, Version{Value: testSecret})
	seen := map[string]string{}
	for _, purpose := range []string{"a", "b", "mac/a", "jwt/a", "seal/a"} {
		key := string(s.Derive(purpose, 32))
		if other, ok := seen[key]; ok || len(key) != 32 {
			t.Errorf("%s and %s have the same key", purpose, other)
		}
		seen[key] = purpose
	}
	if !bytes.Equal(s.Derive("a", 64)[:32], s.Derive("a", 32)) {
		t.Error("a longer key does not start with the shorter one, which RFC 5869 promises")
	}
	if ax := s.MAC("a", "x"); bytes.Equal(ax, s.MAC("b", "x")) || bytes.Equal(ax, s.MAC("a", "y")) || len(ax) != sha256.Size {
		t.Error("MACs of different purposes or values are equal")
	}
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// signed returns a token with any header and payload and a right signature.
func signed(s *Secrets, purpose, header, payload string) string {
	text := encode(header) + "." + encode(payload)
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(s.jwtKey(purpose), text))
}

func TestVerifyJWTRefuses(t *testing.T) {
	s := mustNew(t, Version{Value: testSecret})
	const hs256, valid = `{"alg":"HS256"}`, `{"exp":2000}`
	good := signed(s, "p", hs256, valid)
	if _, err := s.VerifyJWT("p", good, time.Unix(1000, 0)); err != nil {
		t.Fatalf("the good token: %v", err)
	}
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"empty":               "",
		"dots":                strings.Repeat(".", 1_000_000),
		"two parts":           parts[0] + "." + parts[1],
		"four parts":          good + ".x",
		"empty signature":     parts[0] + "." + parts[1] + ".",
		"alg none":            encode(`{"alg":"none"}`) + "." + parts[1] + ".",
		"alg none, signed":    signed(s, "p", `{"alg":"none"}`, valid),
		"alg HS512":           signed(s, "p", `{"alg":"HS512"}`, valid),
		"alg in lower case":   signed(s, "p", `{"alg":"hs256"}`, valid),
		"crit":                signed(s, "p", `{"alg":"HS256","crit":["b64"],"b64":false}`, valid),
		"kid":                 signed(s, "p", `{"alg":"HS256","kid":"../../dev/null"}`, valid),
		"jwk":                 signed(s, "p", `{"alg":"HS256","jwk":{}}`, valid),
		"zip":                 signed(s, "p", `{"alg":"HS256","zip":"DEF"}`, valid),
		"space in the header": signed(s, "p", `{"alg": "HS256"}`, valid),
		"other purpose":       signed(s, "q", hs256, valid),
		"the raw secret":      signed(s, PurposeEmailVerification, hs256, valid),
		"no exp":              signed(s, "p", hs256, `{"iat":1}`),
		"exp a text":          signed(s, "p", hs256, `{"exp":"2000"}`),
		"not before":          signed(s, "p", hs256, `{"exp":2000,"nbf":1001}`),
		"nbf a text":          signed(s, "p", hs256, `{"exp":2000,"nbf":"0"}`),
		"not an object":       signed(s, "p", hs256, `[2000]`),
		"not JSON":            signed(s, "p", hs256, `{"exp":2000`),
		"deep":                signed(s, "p", hs256, `{"exp":2000,"a":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`),
		"padded":              good + "=",
		"line break":          good[:len(good)-3] + "\n" + good[len(good)-3:],
		"standard base64":     parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+",
		"too long":            signed(s, "p", hs256, `{"exp":2000,"a":"`+strings.Repeat("x", MaxTokenBytes)+`"}`),
	} {
		if _, err := s.VerifyJWT("p", token, time.Unix(1000, 0)); err != ErrTokenInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range good {
		changed := []byte(good)
		changed[i] ^= 1
		if _, err := s.VerifyJWT("p", string(changed), time.Unix(1000, 0)); err != ErrTokenInvalid {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	if _, err := s.VerifyJWT("p", good, time.Unix(2000, 0)); err != ErrTokenExpired {
		t.Errorf("at its end: %v", err)
	}
	if _, err := s.SignJWT("p", document.NewObject(1).Set("a", document.Text(strings.Repeat("x", MaxTokenBytes)))); err == nil {
		t.Error("a token was signed that VerifyJWT refuses")
	}
}

func FuzzVerifyJWT(f *testing.F) {
	s, err := New([]Version{{Value: testSecret}})
	if err != nil {
		f.Fatal(err)
	}
	good := signed(s, "p", `{"alg":"HS256"}`, `{"exp":2000}`)
	f.Add(good)
	f.Add(signed(s, "p", `{"alg":"none"}`, `{}`))
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := s.VerifyJWT("p", token, time.Unix(1, 0)); err == nil && token != good {
			t.Errorf("accepted %q", token)
		}
	})
}

func FuzzOpen(f *testing.F) {
	s, err := New([]Version{{2, otherSecret}, {1, testSecret}})
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := s.Seal([]byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(strings.TrimPrefix(sealed, "$ba$2$"))
	f.Fuzz(func(t *testing.T, text string) {
		if plain, err := s.Open(text); err == nil && string(plain) != "plain" {
			t.Errorf("opened %q as %q", text, plain)
		}
	})
}

func TestRandomString(t *testing.T) {
	for _, alphabet := range []string{Alnum, Lower, Upper, Digits, URLSafe, "x", "ab"} {
		s := RandomString(1000, alphabet)
		if len(s) != 1000 || strings.Trim(s, alphabet) != "" {
			t.Errorf("%q: %q", alphabet, s)
		}
	}
	if RandomString(0, Alnum) != "" {
		t.Error("no characters expected")
	}
	// Every character of an alphabet whose length does not divide 256 must be
	// equally likely: with 200 000 draws of 62 a chi-squared value beyond 120
	// has a chance of one in a hundred thousand.
	const draws = 200_000
	counts := map[rune]float64{}
	for _, r := range RandomString(draws, Alnum) {
		counts[r]++
	}
	want, chi := float64(draws)/float64(len(Alnum)), 0.0
	for _, r := range Alnum {
		chi += (counts[r] - want) * (counts[r] - want) / want
	}
	if chi > 120 {
		t.Errorf("chi-squared %f: the draw is biased", chi)
	}
}

func TestRandomStringPanics(t *testing.T) {
	for name, call := range map[string]func(){
		"negative":       func() { RandomString(-1, Alnum) },
		"empty alphabet": func() { RandomString(1, "") },
		"long alphabet":  func() { RandomString(1, strings.Repeat("x", 257)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func TestStrength(t *testing.T) {
	for _, good := range []string{
		testSecret, otherSecret,
		"ref-secret-Xn2w8QzR4tL0vB6mK1pY9sD3fH7jG5cA",
		"8f14e45fceea167a5a36dedd4bea2543",
		"K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
		"möchte Fisch Lampe 83 Zeppelin quirlig Ast",
	} {
		if err := Strength(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "short", strings.Repeat("a", 64), strings.Repeat("ab", 32), strings.Repeat("q7Vd2mX0", 8),
		"better-auth-secret-12345678901234567890",
		"please-change-me-please-change-me-1234",
		"YOUR_SECRET_HERE_0123456789abcdefXYZ",
		"supersecretsupersecretsupersecret1234",
		"abcdefghijklmnopqrstuvwxyz0123456789",
		"01234567890123456789012345678901",
		"${AUTHHOST_SECRET}-and-a-few-more-characters",
		"<output of openssl rand -base64 32 goes in here>",
	} {
		err := Strength(bad)
		if err == nil {
			t.Errorf("%q: accepted", bad)
		} else if bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error quotes the secret: %v", err)
		}
	}
	for range 5000 {
		for _, alphabet := range []string{Alnum, "0123456789abcdef", URLSafe} {
			if s := RandomString(32, alphabet); Strength(s) != nil {
				t.Errorf("random %q: %v", s, Strength(s))
			}
		}
	}
}

func BenchmarkSign(b *testing.B) {
	s, _ := New([]Version{{Value: testSecret}})
	for b.Loop() {
		s.Sign("k4BF7iejyCndgdbXz3yWOjV8rJoh4lSI")
	}
}

func BenchmarkVerify(b *testing.B) {
	s, _ := New([]Version{{Value: testSecret}})
	signed := s.Sign("k4BF7iejyCndgdbXz3yWOjV8rJoh4lSI")
	for b.Loop() {
		s.Verify(signed)
	}
}

func BenchmarkVerifyJWT(b *testing.B) {
	s, _ := New([]Version{{Value: testSecret}})
	token := signed(s, PurposeEmailVerification, `{"alg":"HS256"}`, `{"email":"alice@example.com","iat":1,"exp":2000}`)
	for b.Loop() {
		if _, err := s.VerifyJWT(PurposeEmailVerification, token, time.Unix(1, 0)); err != nil {
			b.Fatal(err)
		}
	}
}
