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
