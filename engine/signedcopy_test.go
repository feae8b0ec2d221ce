package engine_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/secret"
)

// TestSignedCopies: copies of sessions that the keys at /jwks sign can be checked
// by whoever fetches these, with what Better Auth puts into them, and answer
// /get-session here. They are no tokens of the plugin, and its tokens are no
// copies.
func TestSignedCopies(t *testing.T) {
	needPlugins(t, "email-password", "jwt")
	s := serve(t, `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    session: {cookieCache: {enabled: true, strategy: jwt, keyUse: jwt}}
    serviceKeys:
      - {id: deployment, keyHash: `+secret.HashServiceKey(deploymentKey)+`, scopes: ["*"]}
    plugins:
      - id: email-password
      - id: jwt
`)
	up := s.signUp("", "ada@example.com").want(t, 200, "")
	const name = "better-auth.session_data"
	signed := up.cookies[name]
	head, said := claims(t, signed)
	user, token := up.get("user.id"), up.get("token")
	if head["typ"] != "better-auth.session-cache+jwt" || head["alg"] != "EdDSA" || said["sub"] != user || said["sid"] != token || said["iss"] != "http://main.example" || said["aud"] != "better-auth:session-cache" {
		t.Errorf("the copy says %v %v", head, said)
	}
	var set struct {
		Keys []struct{ Kid, X string }
	}
	jwks := s.do(request{method: "GET", path: "/api/auth/jwks"}).want(t, 200, "")
	if err := json.Unmarshal([]byte(jwks.text), &set); err != nil || len(set.Keys) != 1 || set.Keys[0].Kid != head["kid"] {
		t.Fatalf("the keys are %s", jwks.text)
	}
	decode := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	dot := strings.LastIndexByte(signed, '.')
	if !ed25519.Verify(decode(set.Keys[0].X), []byte(signed[:dot]), decode(signed[dot+1:])) {
		t.Error("the key does not verify the copy")
	}

	// The copy answers while it lasts, though the session has ended; a token of the
	// plugin that says the same does not.
	alone := "better-auth.session_token=" + up.cookies["better-auth.session_token"]
	s.do(request{method: "POST", path: "/api/auth/sign-out", cookie: alone, body: `{}`}).want(t, 200, "")
	if got := s.session("", alone+"; "+name+"="+signed); got.get("user.id") != user {
		t.Errorf("by its copy the session is %s", got.text)
	}
	payload, _ := json.Marshal(map[string]any{"payload": said, "expiresIn": 60})
	forged := s.call(deploymentKey, "", "POST", "/sign-jwt", string(payload)).want(t, 200, "").get("token")
	if _, same := claims(t, forged); same["sid"] != token {
		t.Fatalf("the token says %v", same)
	}
	if got := s.session("", alone+"; "+name+"="+forged); got.text != "null" || !got.expired[name] {
		t.Errorf("by a token of the plugin the session is %s", got.text)
	}
	if got := s.call(deploymentKey, "", "POST", "/verify-jwt", `{"token":"`+signed+`"}`); got.text != `{"payload":null}` {
		t.Errorf("as a token of the plugin the copy is %s", got.text)
	}
	s.clock.Advance(5 * time.Minute)
	if got := s.session("", alone+"; "+name+"="+signed); got.text != "null" {
		t.Errorf("after its end the session is %s", got.text)
	}
}

// TestCopyKeysOfNobody: keys that no plugin publishes sign no copies.
func TestCopyKeysOfNobody(t *testing.T) {
	why := refusal(t, `
tenants:
  - id: main
    baseURL: http://main.example
    session: {cookieCache: {enabled: true, strategy: jwt, keyUse: jwt}}
    plugins: [{id: email-password}]
`)
	if !strings.Contains(why, `no plugin of tenant "main" has keys of the use "jwt"`) {
		t.Errorf("got %s", why)
	}
}
