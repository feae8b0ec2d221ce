package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const secret = "a secret of Ada and the partner"

// connected is a host where a user has connected.
func connected(t *testing.T) (h *plugintest.Host, user string) {
	t.Helper()
	h = plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"url":"https://partner.example"}`})
	user = h.AddUser("ada@example.com", "")
	h.SignIn(user)
	for _, s := range []string{"a secret of before", secret} {
		if r := h.POST("/partner/connect", `{"secret":"`+s+`"}`); r.Status != 200 {
			t.Fatalf("connect: %s", r)
		}
	}
	return h, user
}

func sign(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestEvent(t *testing.T) {
	const body = `{"event":"paid"}`
	for _, tt := range []struct {
		name, prefix, signature string
		status                  int
	}{
		{"signed", "", sign(secret, body), 200},
		{"signed with the secret of before", "", sign("a secret of before", body), 401},
		{"signed for another body", "", sign(secret, "{}"), 401},
		{"not signed", "", "", 401},
		{"about somebody else", "not-", sign(secret, body), 401},
	} {
		h, user := connected(t)
		r := h.Do(plugintest.Request{Method: "POST", Path: "/partner/event/" + tt.prefix + user, Body: body, Headers: map[string]string{"x-signature": tt.signature}})
		if r.Status != tt.status {
			t.Errorf("%s: got %s", tt.name, r)
		}
	}
}

func TestPoints(t *testing.T) {
	h, _ := connected(t)
	var asked plugintest.HTTPRequest
	h.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
		asked = r
		return plugintest.HTTPResponse{Body: `{"points":7}`}
	})
	if r := h.GET("/partner/points"); r.Status != 200 || r.String() != `200 {"points":7} location=""` {
		t.Errorf("got %s", r)
	}
	if asked.URL != "https://partner.example/points" || asked.Auth["bearer"] != secret {
		t.Errorf("asked %+v", asked)
	}
	h.OnHTTP(func(plugintest.HTTPRequest) plugintest.HTTPResponse { return plugintest.HTTPResponse{Status: 503} })
	if r := h.GET("/partner/points"); r.Text("code") != "PARTNER_FAILED" {
		t.Errorf("got %s", r)
	}
	h.SignIn(h.AddUser("eve@example.com", ""))
	if r := h.GET("/partner/points"); r.Text("code") != "NOT_CONNECTED" {
		t.Errorf("got %s", r)
	}
}

func TestDevice(t *testing.T) {
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
	jwk := `{"kty":"EC","crv":"P-256","x":"` + encode(point[1:33]) + `","y":"` + encode(point[33:]) + `"}`
	for _, tt := range []struct {
		name, key, challenge, code string
	}{
		{"signed", jwk, "challenge", ""},
		{"another challenge", jwk, "challenges", "INVALID_SIGNATURE"},
		{"no key", "{}", "challenge", "INVALID_KEY"},
	} {
		h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"url":"https://partner.example"}`})
		r := h.POST("/partner/device", `{"key":`+tt.key+`,"challenge":"`+tt.challenge+`","signature":"`+encode(signature)+`"}`)
		if r.Text("code") != tt.code {
			t.Errorf("%s: got %s", tt.name, r)
		}
	}
}
