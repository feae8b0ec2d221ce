package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// partnerServer serves a tenant with the example plugin partner. Its user's
// cookie and id are those of somebody who is signed in. url is where the other
// server is.
func partnerServer(t *testing.T, url string) (s *server, cookie, user string) {
	t.Helper()
	needPlugins(t, "email-password")
	s = serve(t, fmt.Sprintf(`
  egress: {allow: [127.0.0.1/32]}
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    plugins:
      - id: email-password
      - {id: partner, module: %q, grants: [storage, crypto, http], config: {url: %q}}
`, exampleModule(t, "partner"), url))
	up := s.signUp("", "ada@example.com")
	up.want(t, 200, "")
	return s, up.cookie(), up.get("user.id")
}

// TestSealedKey: an event of another server is checked with a secret that the
// plugin keeps for the user, and that no answer and no record has in it.
func TestSealedKey(t *testing.T) {
	s, cookie, user := partnerServer(t, "https://partner.example")
	const secret, body = "a secret of Ada and the partner", `{"event":"paid"}`
	s.do(request{method: http.MethodPost, path: "/api/auth/partner/connect", body: `{"secret":"` + secret + `"}`, cookie: cookie}).want(t, 200, "")
	for key, status := range map[string]int{secret: 200, "another": 401} {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(body))
		s.do(request{
			method: http.MethodPost, path: "/api/auth/partner/event/" + user, body: body,
			header: http.Header{"X-Signature": {hex.EncodeToString(mac.Sum(nil))}},
		}).want(t, status, "")
	}
}

// TestSealedSecret: another server is asked with the secret that the plugin keeps
// for the user.
func TestSealedSecret(t *testing.T) {
	const secret = "a secret of Ada and the partner"
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+secret {
			_, _ = io.WriteString(w, `{"points":7}`) // a text, for all that the answer says
		} else {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer partner.Close()
	s, cookie, _ := partnerServer(t, partner.URL)
	points := func() answer {
		return s.do(request{method: http.MethodGet, path: "/api/auth/partner/points", cookie: cookie})
	}
	connect := func(secret string) {
		s.do(request{method: http.MethodPost, path: "/api/auth/partner/connect", body: `{"secret":"` + secret + `"}`, cookie: cookie}).want(t, 200, "")
	}
	points().want(t, 400, "NOT_CONNECTED")
	connect("a secret of somebody else")
	points().want(t, 502, "PARTNER_FAILED")
	connect(secret)
	if got := points(); got.text != `{"points":7}` {
		t.Errorf("got %d %s", got.status, got.text)
	}
	if log := s.log.String(); strings.Contains(log, secret) {
		t.Errorf("the secret is in the log: %s", log)
	}
}

// TestDeviceSignature: a plugin has the host check a signature as passkeys make
// it.
func TestDeviceSignature(t *testing.T) {
	s, _, _ := partnerServer(t, "https://partner.example")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("challenge"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	for challenge, code := range map[string]string{"challenge": "", "another": "INVALID_SIGNATURE"} {
		body := fmt.Sprintf(`{"key":{"kty":"EC","crv":"P-256","x":%q,"y":%q},"challenge":%q,"signature":%q}`,
			encode(point[1:33]), encode(point[33:]), challenge, encode(signature))
		got := s.do(request{method: http.MethodPost, path: "/api/auth/partner/device", body: body})
		got.want(t, map[bool]int{true: 200, false: 401}[code == ""], code)
	}
}
