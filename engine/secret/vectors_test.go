package secret

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/google/go-cmp/cmp"
)

// vectors are values that Better Auth made.
type vectors struct {
	Secret   string
	Password struct {
		Samples []struct{ Password, Hash string }
	} `json:"password_scrypt"`
	Symmetric struct {
		Plaintext  string
		Ciphertext string `json:"ciphertext_hex"`
	}
	Versioned struct {
		Secrets               []Version
		Plaintext, Ciphertext string
	} `json:"symmetric_versioned"`
	Cookie struct {
		Value, Signature string
		Wire             string `json:"on_the_wire"`
	} `json:"signed_cookie"`
	SessionJWT jwtVector `json:"session_data_jwt"`
	SessionJWE jwtVector `json:"session_data_jwe"`
	EmailJWT   jwtVector `json:"email_verification"`
	OAuthState struct {
		Cookie string `json:"cookie_value"`
	} `json:"oauth_state_cookie"`
	TOTP  struct{ Stored, Plaintext string }
	Codes struct {
		Stored    string
		Plaintext []string
	} `json:"backup_codes"`
	Trust struct {
		Cookie string `json:"cookie_value_decoded"`
	} `json:"trust_device_cookie"`
	TwoFactor struct {
		Cookie string `json:"cookie_value_decoded"`
	} `json:"two_factor_cookie"`
	JWKS struct {
		PrivateKey string          `json:"privateKey"`
		Decrypted  json.RawMessage `json:"decrypted_private_key"`
	} `json:"jwks_row"`
}

type jwtVector struct {
	Token   string
	Cookie  string `json:"cookie_value"`
	Payload json.RawMessage
}

func loadVectors(t testing.TB) (vectors, *Secrets) {
	t.Helper()
	data, err := os.ReadFile("testdata/better-auth.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v, mustNew(t, Version{Value: v.Secret})
}

func mustNew(t testing.TB, versions ...Version) *Secrets {
	t.Helper()
	s, err := New(versions)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBetterAuthPasswords(t *testing.T) {
	v, _ := loadVectors(t)
	h, err := NewHasher(HasherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range v.Password.Samples {
		ok, rehash, err := h.Verify(t.Context(), sample.Hash, sample.Password)
		if !ok || rehash || err != nil {
			t.Errorf("%q: %v, rehash %v, %v", sample.Password, ok, rehash, err)
		}
		if ok, _, _ := h.Verify(t.Context(), sample.Hash, sample.Password+"x"); ok {
			t.Errorf("%q: a wrong password is right", sample.Password)
		}
	}
}

func TestBetterAuthSealed(t *testing.T) {
	v, s := loadVectors(t)
	rotated := mustNew(t, v.Versioned.Secrets...)
	codes, err := json.Marshal(v.Codes.Plaintext)
	if err != nil {
		t.Fatal(err)
	}
	var key string
	if err := json.Unmarshal([]byte(v.JWKS.PrivateKey), &key); err != nil {
		t.Fatal(err)
	}
	var jwk strings.Builder
	if err := json.NewEncoder(&jwk).Encode(v.JWKS.Decrypted); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name          string
		secrets       *Secrets
		sealed, plain string
	}{
		{"plain", s, v.Symmetric.Ciphertext, v.Symmetric.Plaintext},
		{"with a version", rotated, v.Versioned.Ciphertext, v.Versioned.Plaintext},
		{"from before there were versions", rotated, v.Symmetric.Ciphertext, v.Symmetric.Plaintext},
		{"TOTP secret", s, v.TOTP.Stored, v.TOTP.Plaintext},
		{"backup codes", s, v.Codes.Stored, string(codes)},
		{"private key", s, key, strings.TrimSpace(jwk.String())},
	} {
		got, err := c.secrets.Open(c.sealed)
		if err != nil || string(got) != c.plain {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.plain)
		}
	}
	if state, err := s.Open(v.OAuthState.Cookie); err != nil || !json.Valid(state) {
		t.Errorf("OAuth state: %q, %v", state, err)
	}
	if _, err := s.Open(v.Versioned.Ciphertext); err != ErrSealed {
		t.Errorf("a version that is not known: %v", err)
	}
}

func TestBetterAuthCookies(t *testing.T) {
	v, s := loadVectors(t)
	signed := s.Sign(v.Cookie.Value)
	if want := v.Cookie.Value + "." + v.Cookie.Signature; signed != want {
		t.Errorf("signed %q, want %q", signed, want)
	}
	if want := "better-auth.session_token=" + url.QueryEscape(signed); want != v.Cookie.Wire {
		t.Errorf("on the wire %q, want %q", want, v.Cookie.Wire)
	}
	for _, cookie := range []string{signed, v.Trust.Cookie, v.TwoFactor.Cookie} {
		value, ok := s.Verify(cookie)
		if !ok || !strings.HasPrefix(cookie, value+".") {
			t.Errorf("%q: %q, %v", cookie, value, ok)
		}
	}
}

func TestBetterAuthTokens(t *testing.T) {
	v, s := loadVectors(t)
	v.SessionJWT.Token = v.SessionJWT.Cookie
	for name, vector := range map[string]jwtVector{"e-mail verification": v.EmailJWT, "session": v.SessionJWT} {
		payload, err := document.Parse(vector.Payload, 0)
		if err != nil {
			t.Fatal(err)
		}
		exp, _ := payload.Get("exp").Int()
		claims, err := s.VerifyJWT(PurposeEmailVerification, vector.Token, time.Unix(exp-1, 0))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(payload.JSON()), string(document.Obj(claims).JSON())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		again, err := s.SignJWT(PurposeEmailVerification, claims)
		if err != nil || again != vector.Token {
			t.Errorf("%s: signed again %q, %v", name, again, err)
		}
		if _, err := s.VerifyJWT(PurposeEmailVerification, vector.Token, time.Unix(exp, 0)); err != ErrTokenExpired {
			t.Errorf("%s: at its end: %v", name, err)
		}
	}
}

// A hash that another process made can be checked under a deadline.
func TestVerifyObeysContext(t *testing.T) {
	v, _ := loadVectors(t)
	h, err := NewHasher(HasherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := h.Verify(ctx, v.Password.Samples[0].Hash, "x"); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}
