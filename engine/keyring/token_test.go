package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// forged returns a token with any header and an arbitrary signature.
func forged(t *testing.T, header string) string {
	t.Helper()
	return encode([]byte(header)) + "." + encode([]byte(`{"sub":"admin"}`)) + "." + encode(make([]byte, 256))
}

// TestTypes: a token of a type of its own is none of another, and none without.
func TestTypes(t *testing.T) {
	r := New(Config{Storage: &memory{}})
	const claims = `{"sub":"u1"}`
	tokens := map[string]string{}
	for _, typ := range []string{"", "copy+jwt", "other+jwt"} {
		token, _, err := r.SignTyped(t.Context(), "u", EdDSA, typ, []byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		tokens[typ] = token
	}
	for own, token := range tokens {
		for typ := range tokens {
			got, err := r.VerifyTyped(t.Context(), "u", EdDSA, typ, token)
			if fits := own == typ; fits != (err == nil) || fits != (string(got) == claims) {
				t.Errorf("%q as %q: %s, %v", own, typ, got, err)
			}
		}
	}
	if _, err := r.Verify(t.Context(), "u", EdDSA, tokens["copy+jwt"]); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("without a type: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	storage := &memory{}
	r := New(Config{Storage: storage})
	good, rs := mustSign(t, r, "u", RS256, `{"sub":"u1"}`)
	goodES, es := mustSign(t, r, "u", ES256, `{"sub":"u1"}`)
	set, err := r.keys(t.Context(), r.use("u"))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(set.last(RS256).private.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hs256 := func(key []byte) string {
		text := encode([]byte(`{"alg":"HS256","kid":"`+rs+`"}`)) + "." + encode([]byte(`{"sub":"admin"}`))
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return text + "." + encode(mac.Sum(nil))
	}
	parts := strings.Split(good, ".")
	withHeader := func(header string) string { return encode([]byte(header)) + "." + parts[1] + "." + parts[2] }
	for name, token := range map[string]string{
		"empty":                   "",
		"a million dots":          strings.Repeat(".", 1_000_000),
		"few dots":                "...",
		"no signature":            parts[0] + "." + parts[1] + ".",
		"no third part":           parts[0] + "." + parts[1],
		"four parts":              good + ".x",
		"other payload":           parts[0] + "." + encode([]byte(`{"sub":"admin"}`)) + "." + parts[2],
		"none":                    withHeader(`{"alg":"none","kid":"` + rs + `"}`),
		"HS256 with PEM":          hs256(public),
		"HS256 with DER":          hs256(der),
		"HS256 with JWK":          hs256(set.last(RS256).PublicJWK),
		"RS384":                   withHeader(`{"alg":"RS384","kid":"` + rs + `"}`),
		"ES256 with the RSA key":  withHeader(`{"alg":"ES256","kid":"` + rs + `"}`),
		"RS256 with the EC key":   withHeader(`{"alg":"RS256","kid":"` + es + `"}`),
		"no kid":                  withHeader(`{"alg":"RS256"}`),
		"unknown kid":             withHeader(`{"alg":"RS256","kid":"../../../etc/passwd"}`),
		"kid not a text":          withHeader(`{"alg":"RS256","kid":["` + rs + `"]}`),
		"jwk":                     withHeader(`{"alg":"RS256","kid":"` + rs + `","jwk":{}}`),
		"jku":                     withHeader(`{"alg":"RS256","kid":"` + rs + `","jku":"https://evil.example"}`),
		"x5u":                     withHeader(`{"alg":"RS256","kid":"` + rs + `","x5u":"https://evil.example"}`),
		"crit":                    withHeader(`{"alg":"RS256","kid":"` + rs + `","crit":["exp"]}`),
		"b64":                     withHeader(`{"alg":"RS256","kid":"` + rs + `","b64":false}`),
		"huge header":             forged(t, `{"alg":"RS256","kid":"`+strings.Repeat("x", 5000)+`"}`),
		"header not JSON":         forged(t, `{"alg":`),
		"header a list":           forged(t, `["RS256"]`),
		"JSON serialization":      `{"payload":"` + parts[1] + `","signatures":[]}`,
		"too long":                good + strings.Repeat("A", MaxTokenBytes),
		"padding":                 good + "==",
		"space":                   " " + good,
		"line break at the end":   good + "\n",
		"ECDSA signature of zero": strings.Join(strings.Split(goodES, ".")[:2], ".") + "." + encode(make([]byte, 64)),
	} {
		if claims, err := r.Verify(t.Context(), "u", "", token); !errors.Is(err, ErrInvalidToken) {
			t.Errorf("%s: %s, %v", name, claims, err)
		}
	}
	for _, token := range []string{good, goodES} {
		for i := 0; i < len(token); i++ {
			changed := []byte(token)
			changed[i] ^= 1
			if claims, err := r.Verify(t.Context(), "u", "", string(changed)); err == nil {
				t.Errorf("byte %d changed from %q: accepted with %s", i, token[i], claims)
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	r := New(Config{Storage: &memory{}})
	good, kid, err := r.Sign(f.Context(), "u", ES256, []byte(`{"sub":"u1"}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(encode([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + encode([]byte(`{}`)) + ".")
	f.Fuzz(func(t *testing.T, token string) {
		if claims, err := r.Verify(t.Context(), "u", "", token); err == nil && string(claims) != `{"sub":"u1"}` {
			t.Errorf("%q gave %s", token, claims)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range []string{RS256, ES256} {
		b.Run(alg, func(b *testing.B) {
			r := New(Config{Storage: &memory{}})
			claims := []byte(`{"sub":"WaHfDGVYYkO2CmSavmQGlWR8sIsmYzqz","name":"Alice","email":"alice@example.com","iat":1795213336,"exp":1795214236,"iss":"https://auth.example.com","aud":"convex"}`)
			if _, _, err := r.Sign(b.Context(), "u", alg, claims); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := r.Sign(b.Context(), "u", alg, claims); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{RS256, ES256} {
		b.Run(alg, func(b *testing.B) {
			r := New(Config{Storage: &memory{}})
			token, _, err := r.Sign(b.Context(), "u", alg, []byte(`{"sub":"u1"}`))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Verify(b.Context(), "u", "", token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJWKS(b *testing.B) {
	r := New(Config{Storage: &memory{}})
	for b.Loop() {
		if _, err := r.JWKS(b.Context(), "u"); err != nil {
			b.Fatal(err)
		}
	}
}
