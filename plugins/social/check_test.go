//go:build !wasip1

package main

import (
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// refuses makes another plugin refuse profiles at a provider's word, and records
// what it is asked.
func (w *world) refuses(code, message string, unless func(record object) bool) (asked *[]object) {
	asked = new([]object)
	w.On("plugins.raise", func(a plugintest.Object) (sdk.Status, any) {
		record, _ := a["record"].(object)
		*asked = append(*asked, record)
		if a["event"] != eventProfileChecking || unless(record) {
			return sdk.OK, nil
		}
		return sdk.Denied, object{"code": code, "message": message}
	})
	return asked
}

// TestProfileChecking: other plugins see what the provider says of a user, each
// time that it counts, and may refuse the user by it. Nothing stays of who is
// refused.
func TestProfileChecking(t *testing.T) {
	w := newWorld(t, "")
	inside := func(r object) bool {
		profile, _ := r["profile"].(object)
		return profile["org"] == "acme"
	}
	asked := w.refuses("NOT_A_MEMBER", "Not a member of acme", inside)
	is := func(action string, user any) {
		t.Helper()
		if len(*asked) == 0 {
			t.Fatal("nobody was asked")
		}
		last := (*asked)[len(*asked)-1]
		if last["action"] != action || last["providerId"] != "acme" || last["accountId"] != "ada-1" || last["userId"] != user || last["email"] != "ada@example.com" || last["emailVerified"] != true || last["name"] != "Ada" {
			t.Errorf("asked about %v, want %s of %v", last, action, user)
		}
	}
	const refused = "/err?error=NOT_A_MEMBER&error_description=Not+a+member+of+acme"
	w.want(w.signIn("acme"), refused)
	is("create-user", nil)
	if len(w.Users()) != 0 || w.CurrentSession() != nil {
		t.Errorf("there are users %v", w.Users())
	}
	w.person["org"] = "acme"
	w.want(w.signIn("acme"), "/new")
	is("create-user", nil)
	ada := text(w.Users()[0]["id"])
	w.want(w.signIn("acme"), "/done")
	is("sign-in", ada)
	w.SignOut()
	delete(w.person, "org")
	w.want(w.signIn("acme"), refused)
	is("sign-in", ada)
	if w.CurrentSession() != nil {
		t.Error("who has left is signed in")
	}
}

// TestProfileCheckingOfLinks: linking asks too, be it the user's wish or not, and
// so do apps with id tokens, which get 403.
func TestProfileCheckingOfLinks(t *testing.T) {
	w := newWorld(t, "")
	ada := w.AddUser("ada@example.com", "")
	w.SetUser(ada, object{"emailVerified": true})
	asked := w.refuses("", "No", func(object) bool { return false })
	w.want(w.signIn("acme"), "/err?error=validation_failed&error_description=No")
	w.SignIn(ada)
	q := w.start("/link-social", `{"provider":"acme","callbackURL":"/linked","errorCallbackURL":"/err"}`)
	w.want(w.back("/callback/acme", q.Get("state"), ""), "/err?error=validation_failed&error_description=No")
	w.nonce = "n"
	for _, path := range []string{"/link-social", "/sign-in/social"} {
		r := w.POST(path, `{"provider":"acme","idToken":{"token":"`+w.idToken()+`","nonce":"n"}}`)
		if r.Status != 403 || r.Text("code") != "validation_failed" {
			t.Errorf("%s with an id token: %s", path, r)
		}
	}
	for _, record := range *asked {
		if record["action"] != "link-account" || record["userId"] != ada {
			t.Errorf("asked about %v", record)
		}
	}
	if len(*asked) != 4 || len(w.Accounts()) != 0 {
		t.Errorf("asked %d times, the accounts are %v", len(*asked), w.Accounts())
	}
}
