//go:build !wasip1

package main

import (
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk/plugintest"
)

// newWorldWith has further settings of the provider acme.
func newWorldWith(t *testing.T, settings string) *world {
	t.Helper()
	w := newWorld(t, "")
	config := strings.Replace(with(""), `"scope":["openid","email"]`, `"scope":["openid","email"],`+settings, 1)
	w.Host = plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
	w.OnHTTP(w.serve)
	return w
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
