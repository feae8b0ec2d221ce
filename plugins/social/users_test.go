//go:build !wasip1

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk/plugintest"
)

// newWorldWith has further settings of the provider acme.
func newWorldWith(t *testing.T, settings string) *world {
	t.Helper()
	return newWorldIn(t, acmeWith(settings), "")
}

// acmeWith is a configuration with further settings of acme.
func acmeWith(settings string) string {
	return strings.Replace(with(""), `"scope":["openid","email"]`, `"scope":["openid","email"],`+settings, 1)
}

// TestOverride: the profile replaces what the user has, at the sign-in that
// links and at every later one. An address that another user has stays theirs,
// and keeps nobody from signing in.
func TestOverride(t *testing.T) {
	w := newWorldWith(t, `"overrideUserInfoOnSignIn":true`)
	ada := w.AddUser("ada@example.com", "x")
	w.SetUser(ada, object{"emailVerified": true, "name": "Old"})
	bob := w.AddUser("bob@example.com", "x")
	is := func(name, email string, verified bool) {
		t.Helper()
		for _, u := range w.Users() {
			if u["id"] == ada && (u["name"] != name || u["email"] != email || u["emailVerified"] != verified) {
				t.Errorf("the user is %v", u)
			}
			if u["id"] == bob && u["email"] != "bob@example.com" {
				t.Errorf("the other user is %v", u)
			}
		}
	}
	w.want(w.signIn("acme"), "/done")
	is("Ada", "ada@example.com", true)

	w.person["name"], w.person["email"] = "Ada L.", " Bob@example.com"
	w.want(w.signIn("acme"), "/done")
	is("Ada L.", "ada@example.com", true)

	w.person["email"], w.person["email_verified"] = "ada@lovelace.example", false
	w.want(w.signIn("acme"), "/done")
	is("Ada L.", "ada@lovelace.example", false)
}

// TestAddressOfProvider: case and spaces around an address make no second user.
func TestAddressOfProvider(t *testing.T) {
	for _, email := range []string{"ADA@example.com", " ada@example.com", "ada@example.com\n", "\u00a0Ada@Example.com\t "} {
		w := newWorld(t, "")
		w.SetUser(w.AddUser("ada@example.com", "x"), object{"emailVerified": true})
		w.person["email"] = email
		w.want(w.signIn("acme"), "/done")
		if n := len(w.Users()); n != 1 {
			t.Errorf("%q: there are %d users", email, n)
		}
	}
}

// TestSubject: users are known by what Better Auth knows them by in the
// tenant's dialect, so that those who come from there are found.
func TestSubject(t *testing.T) {
	const oid, sub = "6f3a0a0e-0000-4000-8000-000000000001", "pairwise"
	for _, tt := range []struct {
		provider, dialect string
		claims            object // of the id token, or the user info of plain
		algs              []any  // in the discovery document
		want              string
	}{
		{"acme", "1.6", object{"sub": "s", "id": "i"}, nil, "i"},
		{"acme", "1.6", object{"sub": "s", "id": "i"}, []any{"RS256"}, "i"},
		{"acme", "1.6", object{"sub": "s", "id": ""}, nil, "s"},
		{"acme", "1.6", object{"sub": "s", "id": nil}, nil, "s"},
		{"acme", "1.6", object{"sub": "s", "id": 0}, nil, "0"},
		{"acme", "1.7", object{"sub": "s", "id": "i"}, []any{"RS256"}, "s"},
		{"corp", "1.6", object{"sub": "s", "id": "i"}, nil, "i"},
		{"corp", "1.7", object{"sub": "s", "id": "i"}, nil, "i"},
		{"corp", "1.7", object{"sub": "s", "id": "i"}, []any{"RS256"}, "s"},
		{"corp", "1.7", object{"sub": "s"}, nil, "s"},
		{"microsoft", "1.6", object{"sub": sub, "oid": oid}, nil, sub},
		{"microsoft", "1.7", object{"sub": sub, "oid": oid}, nil, oid},
	} {
		t.Run(fmt.Sprint(tt.provider, tt.dialect, tt.claims, tt.algs), func(t *testing.T) {
			w := subjects(t, tt.dialect, tt.claims, tt.algs)
			w.want(w.signIn(tt.provider), "/new")
			if a := w.Accounts(); len(a) != 1 || a[0]["accountId"] != tt.want {
				t.Errorf("the accounts are %v", a)
			}
		})
	}
	for dialect, id := range map[string]string{"1.6": oid, "1.7": sub} { // the account is of the other dialect
		w := subjects(t, dialect, object{"sub": sub, "oid": oid}, nil)
		user := w.AddUser("other@example.com", "")
		w.AddAccount(user, object{"providerId": "microsoft", "accountId": id, "accessToken": "old"})
		w.want(w.signIn("microsoft"), "/done")
		if a := w.account("microsoft", id); len(w.Users()) != 1 || a["accessToken"] != "at" {
			t.Errorf("%s: the account is %v", dialect, a)
		}
	}
}

// subjects is a world where acme says who the user is in id tokens that are
// checked, corp at its user info endpoint.
func subjects(t *testing.T, dialect string, claims object, algs []any) *world {
	t.Helper()
	config := strings.Replace(with(""), `"plain":{`, `"microsoft":{"clientId":"acme-web"},"corp":{"clientId":"c","discoveryUrl":"https://corp.example/.well-known/openid-configuration"},"plain":{`, 1)
	w := newWorld(t, "")
	w.Host = plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config, Dialect: dialect})
	w.person = object{"email": "ada@example.com", "email_verified": true, "name": "Ada"}
	for name, v := range claims {
		w.person[name] = v
	}
	w.profile = w.person
	w.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
		answer := w.serve(r)
		body, _ := answer.Body.(object)
		switch {
		case strings.HasPrefix(r.URL, "https://corp.example/.well-known"):
			return plugintest.HTTPResponse{Body: object{
				"issuer": "https://corp.example", "authorization_endpoint": "https://corp.example/auth", "token_endpoint": "https://corp.example/token",
				"userinfo_endpoint": "https://corp.example/me", "id_token_signing_alg_values_supported": algs,
			}}
		case strings.HasSuffix(r.URL, "/openid-configuration"):
			body["id_token_signing_alg_values_supported"] = algs
		case strings.HasPrefix(r.URL, "https://login.microsoftonline.com/"):
			w.person["iss"], w.person["tid"] = "https://login.microsoftonline.com/t1/v2.0", "t1"
			body["id_token"] = w.idToken()
		}
		return answer
	})
	return w
}
