//go:build !wasip1

package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// TestConstants: a field can be the same for all users of a provider.
func TestConstants(t *testing.T) {
	w := newWorldWith(t, `"mapProfileToUser":{"name":{"constant":"Member"},"level":{"constant":7}}`)
	var made object
	w.On("identity.createUser", func(a object) (sdk.Status, any) {
		made, _ = a["user"].(object)
		return sdk.Conflict, nil
	})
	w.signIn("acme")
	if made["name"] != "Member" || made["level"] != json.Number("7") {
		t.Errorf("the user is %v", made)
	}
}

// TestRefreshParams: a renewal has the tenant's parameters.
func TestRefreshParams(t *testing.T) {
	w := newWorldWith(t, `"refreshTokenParams":{"audience":"api","scope":"a b"}`)
	w.signIn("acme")
	w.SignIn(text(w.Users()[0]["id"]))
	if r := w.POST("/refresh-token", `{"providerId":"acme"}`); r.Status != 200 {
		t.Fatalf("got %s", r)
	}
	all := w.HTTPRequests()
	for _, r := range all {
		want := map[string]string{"audience": "api", "scope": "a b"}
		if r.Form["grant_type"] == "authorization_code" {
			want = map[string]string{}
		}
		if strings.HasSuffix(r.URL, "/token") && (r.Form["audience"] != want["audience"] || r.Form["scope"] != want["scope"]) {
			t.Errorf("%s gets %v", r.Form["grant_type"], r.Form)
		}
	}
}

// TestGrantedScopes: Google is asked for what was granted before, unless the
// tenant does not want it.
func TestGrantedScopes(t *testing.T) {
	for setting, want := range map[string]bool{"": true, `,"includeGrantedScopes":true`: true, `,"includeGrantedScopes":false`: false} {
		h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"providers":{"google":{"clientId":"c","clientSecret":"s"` + setting + `}}}`})
		if r := h.POST("/sign-in/social", `{"provider":"google"}`); strings.Contains(r.Text("url"), "include_granted_scopes=true") != want {
			t.Errorf("%s: %s", setting, r)
		}
	}
}

// TestRequireEmailVerification: whose address nobody has verified gets no
// session, but stays, with a link to verify it; whoever has verified it
// otherwise gets in.
func TestRequireEmailVerification(t *testing.T) {
	w := newWorldWith(t, `"requireEmailVerification":true`)
	w.person["email_verified"] = false
	for range 2 {
		w.want(w.signIn("acme"), "/err?error=email_not_verified")
		if len(w.Users()) != 1 || w.CurrentSession() != nil || len(w.Mails()) != 1 {
			t.Fatalf("users %v, %d mails, session %v", w.Users(), len(w.Mails()), w.CurrentSession())
		}
	}
	w.nonce = "n"
	if r := w.POST("/sign-in/social", `{"provider":"acme","idToken":{"token":"`+w.idToken()+`","nonce":"n"}}`); r.Status != 401 || r.Text("message") != "email not verified" {
		t.Errorf("with an id token: %s", r)
	}
	w.nonce = ""
	w.SetUser(text(w.Users()[0]["id"]), object{"emailVerified": true})
	w.want(w.signIn("acme"), "/done")
}

// TestIdpInitiated: a code that nobody asked for begins a flow of this side's,
// if the tenant lets it, and is never used.
func TestIdpInitiated(t *testing.T) {
	for _, path := range []string{"/callback/acme", "/oauth2/callback/acme"} {
		w := newWorldWith(t, `"allowIdpInitiated":true`)
		r := w.GET(path + "?code=theirs")
		u, err := url.Parse(r.Location)
		if r.Status != 302 || err != nil || u.Host != "id.acme.example" || u.Query().Get("state") == "" || flowCookie(r, cookieState).Value == "" {
			t.Fatalf("got %s", r)
		}
		w.state, w.asked = flowCookie(r, cookieState), u.Query().Get("nonce")
		w.want(w.back(path, u.Query().Get("state"), ""), plugintest.BaseURL)
		for _, r := range w.HTTPRequests() {
			if r.Form["code"] == "theirs" {
				t.Error("the code is used")
			}
		}
		w.want(newWorld(t, "").GET(path+"?code=theirs"), plugintest.BaseURL+plugintest.BasePath+"/error?error=state_not_found")
	}
}

// TestClientSecretJWT: the secret signs, and is not sent.
func TestClientSecretJWT(t *testing.T) {
	w := newWorldWith(t, `"authentication":"client_secret_jwt"`)
	w.want(w.signIn("acme"), "/new")
	for _, r := range w.HTTPRequests() {
		if r.Form["grant_type"] == "" {
			continue
		}
		claims := w.Claims(r.Form["client_assertion"])
		if r.Form["client_assertion_type"] != assertionType || claims["iss"] != "acme-web" || claims["sub"] != "acme-web" || claims["aud"] != "https://id.acme.example/token" || claims["exp"] != claims["iat"].(int64)+assertionLife || text(claims["jti"]) == "" {
			t.Errorf("the assertion says %v", claims)
		}
		if r.Form["client_secret"] != "" || r.Auth != nil {
			t.Errorf("the secret is sent: %v %v", r.Form, r.Auth)
		}
	}
}

// TestPrivateKeyJWT: the client's private key signs what proves it, by the
// algorithm that the settings name, and no secret is sent. A key that does not
// fit gets nobody in.
func TestPrivateKeyJWT(t *testing.T) {
	key, certificate := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: with("")}).KeyPair()
	block, _ := pem.Decode([]byte(certificate))
	public, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	quoted, _ := json.Marshal(key)
	w := newWorldWith(t, `"authentication":"private_key_jwt","privateKeyAlgorithm":"ES256","privateKeyId":"k1","privateKey":`+string(quoted))
	w.want(w.signIn("acme"), "/new")
	asked := false
	for _, r := range w.HTTPRequests() {
		if r.Form["grant_type"] == "" {
			continue
		}
		asked = true
		assertion := r.Form["client_assertion"]
		signed, signature := assertion[:strings.LastIndexByte(assertion, '.')], assertion[strings.LastIndexByte(assertion, '.')+1:]
		head, _, _ := strings.Cut(assertion, ".")
		if header, _ := base64.RawURLEncoding.DecodeString(head); string(header) != `{"alg":"ES256","typ":"JWT","kid":"k1"}` {
			t.Errorf("the header is %s", header)
		}
		b, _ := base64.RawURLEncoding.DecodeString(signature)
		digest := sha256.Sum256([]byte(signed))
		if k := public.PublicKey.(*ecdsa.PublicKey); len(b) != 64 || !ecdsa.Verify(k, digest[:], new(big.Int).SetBytes(b[:32]), new(big.Int).SetBytes(b[32:])) {
			t.Errorf("the signature of %s is not one of the key", assertion)
		}
		claims := w.Claims(assertion)
		if r.Form["client_id"] != "acme-web" || r.Form["client_assertion_type"] != assertionType || claims["iss"] != "acme-web" || claims["aud"] != "https://id.acme.example/token" || claims["exp"] != claims["iat"].(int64)+assertionLife {
			t.Errorf("the form is %v, the assertion says %v", r.Form, claims)
		}
		if r.Form["client_secret"] != "" || r.Auth != nil {
			t.Errorf("the secret is sent: %v %v", r.Form, r.Auth)
		}
	}
	if !asked {
		t.Error("nothing is asked of the token endpoint")
	}
	for _, settings := range []string{`"authentication":"private_key_jwt"`, `"authentication":"private_key_jwt","privateKey":` + string(quoted)} {
		w := newWorldWith(t, settings)
		w.want(w.signIn("acme"), "/err?error=invalid_code")
	}
}

// TestPayPal: the live environment has the name that Better Auth gives it.
func TestPayPal(t *testing.T) {
	for environment, want := range map[string]string{"": "https://www.sandbox.paypal.com/", "sandbox": "https://www.sandbox.paypal.com/", "live": "https://www.paypal.com/", "production": "https://www.paypal.com/"} {
		config := `{"providers":{"paypal":{"clientId":"c","clientSecret":"s","environment":"` + environment + `"}}}`
		if environment == "" {
			config = `{"providers":{"paypal":{"clientId":"c","clientSecret":"s"}}}`
		}
		h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
		if r := h.POST("/sign-in/social", `{"provider":"paypal"}`); !strings.HasPrefix(r.Text("url"), want) {
			t.Errorf("%q: %s", environment, r)
		}
	}
}

// TestIDTokensOff: a provider whose id tokens are not taken refuses them, as
// one that cannot check them says that it does not.
func TestIDTokensOff(t *testing.T) {
	w := newWorldWith(t, `"disableIdTokenSignIn":true`)
	w.nonce = "n"
	body := `{"provider":"acme","idToken":{"token":"` + w.idToken() + `","nonce":"n"}}`
	if r := w.POST("/sign-in/social", body); r.Status != 401 || r.Text("code") != "INVALID_TOKEN" {
		t.Errorf("got %s", r)
	}
}

// TestScopes: in the dialect 1.7, scopes that a user grants by linking add up,
// and neither sign-ins nor renewals take them away.
func TestScopes(t *testing.T) {
	for dialect, want := range map[string][4]string{
		"1.6": {"openid,email", "openid,email,drive", "openid,email", "openid,email"},
		"1.7": {"openid,email", "openid,email,drive", "openid,email,drive", "openid,email,drive"},
	} {
		w := newWorldOf(t, "", dialect)
		granted := "openid email"
		w.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
			answer := w.serve(r)
			if body, is := answer.Body.(object); is && strings.HasSuffix(r.URL, "/token") {
				body["scope"] = granted
			}
			return answer
		})
		is := func(step int) {
			t.Helper()
			if got := w.account("acme", "ada-1")["scope"]; got != want[step] {
				t.Errorf("%s, step %d: the scopes are %v, want %s", dialect, step, got, want[step])
			}
		}
		w.want(w.signIn("acme"), "/new")
		is(0)
		w.SignIn(text(w.Users()[0]["id"]))
		granted = "openid email drive"
		if dialect == "1.7" {
			granted = "drive openid"
		}
		q := w.start("/link-social", `{"provider":"acme","callbackURL":"/linked"}`)
		w.want(w.back("/callback/acme", q.Get("state"), ""), "/linked")
		is(1)
		granted = "openid email"
		w.want(w.signIn("acme"), "/done")
		is(2)
		w.Advance(2 * time.Hour)
		w.SignIn(text(w.Users()[0]["id"]))
		body := `{"providerId":"acme"}`
		if dialect == "1.7" {
			body = `{"accountId":"` + text(w.Accounts()[0]["id"]) + `"}`
		}
		if r := w.POST("/get-access-token", body); r.Status != 200 {
			t.Errorf("%s: %s", dialect, r)
		}
		is(3)
	}
}

// TestAdditionalParams: clients of the dialect 1.7 add parameters to the
// provider's URL, though none that the flow depends on.
func TestAdditionalParams(t *testing.T) {
	for _, tt := range []struct{ dialect, params, prompt, code string }{
		{"1.7", `{"prompt":"login","x":"y z"}`, "login", ""},
		{"1.7", `{}`, "", ""},
		{"1.7", `{"state":"mine"}`, "", "VALIDATION_ERROR"},
		{"1.7", `{"redirect_uri":"https://evil.example"}`, "", "VALIDATION_ERROR"},
		{"1.7", `{"prompt":7}`, "", "VALIDATION_ERROR"},
		{"1.7", `["prompt"]`, "", "VALIDATION_ERROR"},
		{"1.7", `"prompt"`, "", "VALIDATION_ERROR"},
		{"1.6", `{"prompt":"login","state":"mine"}`, "", ""},
		{"1.6", `7`, "", ""},
	} {
		for _, path := range []string{"/sign-in/social", "/link-social"} {
			w := newWorldOf(t, "", tt.dialect)
			w.SignIn(w.AddUser("ada@example.com", ""))
			body := `{"provider":"acme","additionalParams":` + tt.params + `}`
			if tt.code != "" {
				if r := w.POST(path, body); r.Status != 400 || r.Text("code") != tt.code {
					t.Errorf("%s %s: %s", path, tt.params, r)
				}
				continue
			}
			q := w.start(path, body)
			if q.Get("prompt") != tt.prompt || q.Get("state") == "mine" || tt.prompt != "" && q.Get("x") != "y z" {
				t.Errorf("%s %s: %v", path, tt.params, q)
			}
		}
	}
}
