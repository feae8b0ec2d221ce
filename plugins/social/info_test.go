//go:build !wasip1

package main

import (
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk/plugintest"
)

// TestInfoOfARefusedToken: a provider that refuses the account's token says
// nothing of its user.
func TestInfoOfARefusedToken(t *testing.T) {
	for dialect, want := range map[string]struct {
		status int
		code   string
	}{
		"1.6": {200, ""}, // and null
		"1.7": {401, "FAILED_TO_GET_USER_INFO"},
	} {
		w := newWorldOf(t, "", dialect)
		route := map[string]string{"1.6": "/oauth2/callback/plain", "1.7": "/callback/plain"}[dialect]
		q := w.start("/sign-in/social", `{"provider":"plain","callbackURL":"/done"}`)
		w.want(w.back(route, q.Get("state"), ""), "/done")
		w.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
			if strings.HasSuffix(r.URL, "/me") {
				return plugintest.HTTPResponse{Status: 401, Body: object{"error": "invalid_token"}}
			}
			return w.serve(r)
		})
		id := text(w.Users()[0]["id"])
		w.SignIn(id)
		account := w.Accounts()[0]
		r := w.GET("/account-info?accountId=" + text(account[map[string]string{"1.6": "accountId", "1.7": "id"}[dialect]]))
		if r.Status != want.status || r.Text("code") != want.code || (want.code == "") != (r.Body == nil) {
			t.Errorf("%s: %s", dialect, r)
		}
	}
}

// TestServersNameTheUser: a server with a service key asks about the accounts of
// a user that it names. Nobody else does, and in the session of a user it is
// that user who counts.
func TestServersNameTheUser(t *testing.T) {
	for _, dialect := range []string{"1.6", "1.7"} {
		w := newWorldOf(t, "", dialect)
		w.want(w.signIn("acme"), "/new")
		ada, eve := text(w.Users()[0]["id"]), w.AddUser("eve@example.com", "")
		about := map[string]string{"1.6": `"providerId":"acme"`, "1.7": `"accountId":"` + text(w.account("acme", "ada-1")["id"]) + `"`}[dialect]
		query := "?accountId=" + text(w.account("acme", "ada-1")[map[string]string{"1.6": "accountId", "1.7": "id"}[dialect]])
		for _, path := range []string{"/account-info", "/get-access-token", "/refresh-token"} {
			ask := func(key, user string) plugintest.Response {
				if path == "/account-info" {
					return w.Do(plugintest.Request{Path: path + query + "&userId=" + user, ServiceKey: key})
				}
				return w.Do(plugintest.Request{Method: "POST", Path: path, Body: "{" + about + `,"userId":"` + user + `"}`, ServiceKey: key})
			}
			w.SignOut()
			if r := ask("deployment", ada); r.Status != 200 || r.Text("accessToken")+r.Text("user.id") == "" {
				t.Errorf("%s %s of ada: %s", dialect, path, r)
			}
			if r := ask("", ada); r.Text("code") != "NO_SESSION" && r.Status != 401 {
				t.Errorf("%s %s without a key: %s", dialect, path, r)
			}
			if r := ask("deployment", ""); r.Status != 400 || r.Text("code") != "USER_ID_OR_SESSION_REQUIRED" {
				t.Errorf("%s %s of nobody: %s", dialect, path, r)
			}
			for _, user := range []string{eve, "nobody"} {
				if r := ask("deployment", user); r.Status == 200 || r.Text("code") != "ACCOUNT_NOT_FOUND" {
					t.Errorf("%s %s of %s: %s", dialect, path, user, r)
				}
			}
			w.SignIn(eve)
			for _, key := range []string{"", "deployment"} {
				if r := ask(key, ada); r.Text("code") != "ACCOUNT_NOT_FOUND" {
					t.Errorf("%s %s with key %q in the session of eve: %s", dialect, path, key, r)
				}
			}
		}
	}
}
