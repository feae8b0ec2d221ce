//go:build !wasip1

package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk/plugintest"
)

const withCookie = `,"account":{"storeAccountCookie":true}`

// carrying sends a request with the account's cookie.
func (w *world) carrying(c plugintest.Cookie, method, path, body string) plugintest.Response {
	return w.Do(plugintest.Request{Method: method, Path: path, Body: body, Cookies: map[string]string{cookieAccountData: c.Value}})
}

// content is what the host has sealed.
func content(t *testing.T, c plugintest.Cookie) plugintest.Response {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(c.Value), &o); err != nil {
		t.Fatalf("%q: %v", c.Value, err)
	}
	return plugintest.Response{Body: o}
}

func TestAccountCookie(t *testing.T) {
	w := newWorld(t, "")
	if _, given := w.signIn("acme").Cookies[cookieAccountData]; given {
		t.Error("the cookie is given though nobody asked for it")
	}
	w = newWorld(t, withCookie)
	given := w.signIn("acme").Cookies[cookieAccountData]
	if given.Value == "" || given.MaxAge != 300 {
		t.Fatalf("given %+v", given)
	}
	read := content(t, given)
	account := w.Accounts()[0]
	for name, want := range map[string]any{
		"providerId": "acme", "accountId": "ada-1", "userId": account["userId"], "id": account["id"], "accessToken": "at", "refreshToken": "rt-authorization_code",
		"idToken": account["idToken"], "scope": "openid,email", "accessTokenExpiresAt": "2026-01-02T04:04:05.000Z", "password": nil,
	} {
		if got := read.Get(name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if r := w.carrying(given, "GET", "/account-info", ""); r.Text("data.sub") != "ada-1" {
		t.Errorf("info on the account of the cookie: %s", r)
	}
	if r := w.carrying(given, "GET", "/account-info?providerId=github", ""); r.Text("code") != "ACCOUNT_NOT_FOUND" {
		t.Errorf("info on another provider: %s", r)
	}

	// The tokens are renewed in the cookie, too.
	w.Advance(time.Hour)
	r := w.carrying(given, "POST", "/get-access-token", `{"providerId":"acme"}`)
	renewed := r.Cookies[cookieAccountData]
	if read := content(t, renewed); read.Text("refreshToken") != "rt-refresh_token" || read.Text("accessTokenExpiresAt") != r.Text("accessTokenExpiresAt") {
		t.Errorf("%s sets %+v", r, renewed)
	}
	if r := w.carrying(renewed, "POST", "/refresh-token", `{"providerId":"acme"}`); r.Status != 200 || r.Cookies[cookieAccountData].Value == "" {
		t.Errorf("refresh: %s", r)
	}
	if r := w.POST("/refresh-token", `{"providerId":"acme"}`); r.Status != 200 || len(r.Cookies) > 0 {
		t.Errorf("refresh without the cookie: %s sets %v", r, r.Cookies)
	}
}

// TestAccountCookieOfAnother: beside another session, changed or without the
// account, it says nothing.
func TestAccountCookieOfAnother(t *testing.T) {
	w := newWorld(t, withCookie)
	given := w.signIn("acme").Cookies[cookieAccountData]
	ada := text(w.Users()[0]["id"])
	notFound := func(name string, c plugintest.Cookie) {
		t.Helper()
		if r := w.carrying(c, "GET", "/account-info", ""); r.Text("code") != "ACCOUNT_NOT_FOUND" {
			t.Errorf("%s: %s", name, r)
		}
	}
	afterUnlinking := func(name string, want bool) {
		t.Helper()
		r := w.Fire(plugintest.Event{Name: "request.after", Handler: "unlinked", Request: plugintest.Request{
			Method: "POST", Path: "/unlink-account", Cookies: map[string]string{cookieAccountData: given.Value},
		}})
		if r.Cookies[cookieAccountData].Expired != want {
			t.Errorf("%s: the answer sets %v", name, r.Cookies)
		}
	}
	notFound("changed", plugintest.Cookie{Value: given.Value + " x"})
	afterUnlinking("another one was unlinked", false)
	eve := w.AddUser("eve@example.com", "x")
	w.Accounts()[0]["userId"] = eve
	notFound("the account is somebody else's", given)
	afterUnlinking("the account was unlinked", true)
	w.Accounts()[0]["userId"] = ada
	if r := w.carrying(given, "GET", "/account-info", ""); r.Status != 200 {
		t.Errorf("its own session: %s", r)
	}
	w.SignIn(ada)
	notFound("another session of the user", given)
	w.SignIn(eve)
	notFound("another user", given)
}

// TestAccountCookieChooses: of several accounts at a provider, requests that
// name none mean the one of the session.
func TestAccountCookieChooses(t *testing.T) {
	w := newWorld(t, withCookie)
	w.signIn("acme")
	w.AddAccount(text(w.Users()[0]["id"]), object{"providerId": "acme", "accountId": "ada-2", "accessToken": "second", "scope": "openid"})
	w.person["sub"] = "ada-2"
	given := w.signIn("acme").Cookies[cookieAccountData]
	w.Accounts()[0]["accessToken"], w.Accounts()[1]["accessToken"] = "first", "second"
	for _, tt := range []struct{ body, want string }{
		{`{"providerId":"acme"}`, "second"}, {`{"providerId":"acme","accountId":"ada-1"}`, "first"},
	} {
		if r := w.carrying(given, "POST", "/get-access-token", tt.body); r.Text("accessToken") != tt.want {
			t.Errorf("%s: %s", tt.body, r)
		}
	}
	if r := w.POST("/get-access-token", `{"providerId":"acme"}`); r.Text("accessToken") != "first" {
		t.Errorf("without the cookie: %s", r)
	}
}

// TestAccountCookie17: clients of the dialect 1.7 ask for the account of their
// cookie in so many words.
func TestAccountCookie17(t *testing.T) {
	w := newWorldOf(t, withCookie, "1.7")
	given := w.signIn("acme").Cookies[cookieAccountData]
	for _, tt := range []struct{ body, want string }{
		{`{"useAccountCookie":true}`, ""},
		{`{"useAccountCookie":true,"providerId":"acme"}`, `[body] Unrecognized key: "providerId"`},
		{`{"useAccountCookie":true,"accountId":"x"}`, "[body] Invalid input"},
		{`{"useAccountCookie":true,"accountId":1}`, `[body] Unrecognized key: "accountId"`},
		{`{"useAccountCookie":false,"accountId":"x"}`, `[body] Unrecognized key: "useAccountCookie"`},
		{`{"useAccountCookie":"true"}`, "[body] Invalid input"},
		{`{}`, "[body] Invalid input"},
	} {
		if r := w.carrying(given, "POST", "/get-access-token", tt.body); r.Text("message") != tt.want || (r.Text("accessToken") == "at") != (tt.want == "") {
			t.Errorf("%s: %s", tt.body, r)
		}
	}
	if r := w.POST("/get-access-token", `{"useAccountCookie":true}`); r.Text("code") != "ACCOUNT_NOT_FOUND" {
		t.Errorf("without the cookie: %s", r)
	}
}
