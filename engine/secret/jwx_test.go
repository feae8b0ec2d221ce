package secret

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwe"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const jwxPurpose = "email-verification"

func jwxClaims(now time.Time, extra string) *document.Object {
	return document.NewObject(3).Set("name", document.Text(extra)).
		Set("iat", document.Int(now.Unix())).Set("exp", document.Int(now.Add(time.Minute).Unix()))
}

// sealWithJWX encrypts as SealJWT does, with the library.
func sealWithJWX(c jweCipher, plain []byte) ([]byte, error) {
	header, err := decodeStrict(c.header)
	if err != nil {
		return nil, err
	}
	var fields struct{ Kid string }
	if err := json.Unmarshal(header, &fields); err != nil {
		return nil, err
	}
	protected := jwe.NewHeaders()
	if err := protected.Set(jwe.KeyIDKey, fields.Kid); err != nil {
		return nil, err
	}
	return jwe.Encrypt(plain, jwe.WithKey(jwa.DIRECT, c.key), jwe.WithContentEncryption(jwa.A256CBC_HS512), jwe.WithProtectedHeaders(protected))
}

// TestTokensOfLibrary: package jwx reads the tokens of this package, and the
// other way round. Every length of the last block is among them.
func TestTokensOfLibrary(t *testing.T) {
	_, s := loadVectors(t)
	now := time.Unix(1_790_000_000, 0)
	c := jweOf(s.versions[0].Value, sessionSalt)
	for n := range 40 {
		claims := jwxClaims(now, strings.Repeat("x", n))
		want := string(document.Obj(claims).JSON())

		sealed, err := s.SealJWT(sessionSalt, claims)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := jwe.Decrypt([]byte(sealed), jwe.WithKey(jwa.DIRECT, c.key)); err != nil || string(got) != want {
			t.Errorf("jwx opens %s: %v", got, err)
		}
		theirs, err := sealWithJWX(c, []byte(want))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.OpenJWT(sessionSalt, string(theirs), now); err != nil || string(document.Obj(got).JSON()) != want {
			t.Errorf("of jwx: %v", err)
		}

		signed, err := s.SignJWT(jwxPurpose, claims)
		if err != nil {
			t.Fatal(err)
		}
		key := s.jwtKey(jwxPurpose)
		if got, err := jws.Verify([]byte(signed), jws.WithKey(jwa.HS256, key)); err != nil || string(got) != want {
			t.Errorf("jwx verifies %s: %v", got, err)
		}
		if theirs, err = jws.Sign([]byte(want), jws.WithKey(jwa.HS256, key)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.VerifyJWT(jwxPurpose, string(theirs), now); err != nil || string(document.Obj(got).JSON()) != want {
			t.Errorf("of jwx: %v", err)
		}
	}
}

// TestChangedTokens: of a token with one changed character, this package
// accepts none, as the library does.
func TestChangedTokens(t *testing.T) {
	_, s := loadVectors(t)
	now := time.Unix(1_790_000_000, 0)
	sealed, err := s.SealJWT(sessionSalt, jwxClaims(now, "Ada"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.SignJWT(jwxPurpose, jwxClaims(now, "Ada"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		token string
		open  func(string) error
	}{
		{sealed, func(token string) error { _, err := s.OpenJWT(sessionSalt, token, now); return err }},
		{signed, func(token string) error { _, err := s.VerifyJWT(jwxPurpose, token, now); return err }},
	} {
		if err := tt.open(tt.token); err != nil {
			t.Fatal(err)
		}
		for i, old := range []byte(tt.token) {
			for _, c := range []byte("AQgw0_-.=\n") {
				changed := tt.token[:i] + string(c) + tt.token[i+1:]
				if c != old && tt.open(changed) == nil {
					t.Errorf("with %q for %q at %d it is accepted", c, old, i)
				}
			}
		}
	}
}

// BenchmarkSealedToken is what a sealed copy of a session costs, here and with
// the library.
func BenchmarkSealedToken(b *testing.B) {
	_, s := loadVectors(b)
	now := time.Unix(1_790_000_000, 0)
	claims := jwxClaims(now, strings.Repeat("x", 500))
	plain := document.Obj(claims).JSON()
	c := jweOf(s.versions[0].Value, sessionSalt)
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			token, err := s.SealJWT(sessionSalt, claims)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.OpenJWT(sessionSalt, token, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("jwx", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			token, err := sealWithJWX(c, plain)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := jwe.Decrypt(token, jwe.WithKey(jwa.DIRECT, c.key)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
