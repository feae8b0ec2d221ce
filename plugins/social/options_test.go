//go:build !wasip1

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk/plugintest"
)

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
