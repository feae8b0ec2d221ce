//go:build !wasip1

package main

import (
	"testing"

	"github.com/authhost/authhost/sdk/plugintest"
)

const withPassword = `"password":"` + password + `"`

// TestEnableOTP: in the dialect 1.7 mailed codes alone are a second factor.
func TestEnableOTP(t *testing.T) {
	c := newClientOf(t, "1.7", withMail)
	id := c.AddUser(ada, password)
	token := c.SignIn(id)
	wantError(t, c.post("enable", `{"method":"otp","password":"wrong"}`), 400, "INVALID_PASSWORD")
	r := c.post("enable", `{"method":"otp",`+withPassword+`}`)
	if r.Text("method") != "otp" || r.Get("totpURI") != nil || r.Get("backupCodes") != nil {
		t.Fatalf("got %s", r)
	}
	if c.User(id)["twoFactorEnabled"] != true || c.CurrentSession()["token"] == token {
		t.Errorf("user %v, session %v", c.User(id), c.CurrentSession())
	}

	r = c.signIn(id)
	if methods, ok := r.Get("twoFactorMethods").([]any); !ok || len(methods) != 1 || methods[0] != "otp" {
		t.Fatalf("sign-in: got %s", r)
	}
	wantError(t, c.code("verify-totp", "123456"), 400, "TOTP_NOT_ENABLED")
	wantError(t, c.code("verify-backup-code", "x"), 400, "BACKUP_CODES_NOT_ENABLED")
	c.post("send-otp", "")
	wantError(t, c.code("verify-otp", "x"), 401, "INVALID_CODE")
	r = c.post("verify-otp", `{"trustDevice":true,"code":"`+c.LastMail().OTP+`"}`)
	if r.Text("token") == "" || r.Text("token") != c.CurrentSession()["token"] {
		t.Fatalf("right code: got %s", r)
	}
	wantError(t, c.code("verify-totp", "123456"), 400, "TOTP_NOT_ENABLED")
	wantError(t, c.post("get-totp-uri", "{"+withPassword+"}"), 400, "TOTP_NOT_ENABLED")
	wantError(t, c.post("generate-backup-codes", "{"+withPassword+"}"), 400, "TWO_FACTOR_NOT_ENABLED")
	if r := c.signIn(id); r.Result != 0 {
		t.Errorf("on the trusted device: got %s", r)
	}

	// An authenticator app may come to it.
	c.SignIn(id)
	secret := secretOf(t, c.post("enable", "{"+withPassword+"}"))
	if r := c.code("verify-totp", c.totp(secret, 0)); r.Text("token") == "" {
		t.Errorf("the app's first code: got %s", r)
	}
	wantError(t, c.post("enable", `{"method":"totp",`+withPassword+`}`), 400, "TOTP_ALREADY_ENABLED")
	if r := c.post("disable", "{"+withPassword+"}"); r.Get("status") != true || len(c.Records(modelTwoFactor)) != 0 {
		t.Errorf("disable: got %s, left %v", r, c.Records(modelTwoFactor))
	}
}

// TestLockoutOfOTP: wrong codes of a user who has mailed codes alone count for
// the account, over all challenges.
func TestLockoutOfOTP(t *testing.T) {
	c := newClientOf(t, "1.7", withMail)
	id := c.AddUser(ada, password)
	c.SetUser(id, plugintest.Object{"twoFactorEnabled": true})
	for range 10 {
		c.signIn(id)
		c.post("send-otp", "")
		wantError(t, c.code("verify-otp", "x"), 401, "INVALID_CODE")
	}
	c.signIn(id)
	c.post("send-otp", "")
	wantError(t, c.code("verify-otp", c.LastMail().OTP), 429, "ACCOUNT_TEMPORARILY_LOCKED")
}

// TestMethodsThatAreOff: and in the dialect 1.6 there is no choice.
func TestMethodsThatAreOff(t *testing.T) {
	for _, tt := range []struct{ dialect, config, method, code string }{
		{"1.7", "", "otp", "OTP_NOT_CONFIGURED"},
		{"1.7", `{"totpOptions":{"disable":true}}`, "totp", "TOTP_NOT_CONFIGURED"},
		{"1.6", "", "otp", ""},
	} {
		c := newClientOf(t, tt.dialect, tt.config)
		c.SignIn(c.AddUser(ada, password))
		r := c.post("enable", `{"method":"`+tt.method+`",`+withPassword+`}`)
		if r.Text("code") != tt.code || tt.code == "" && (r.Text("totpURI") == "" || r.Get("method") != nil) {
			t.Errorf("%+v: got %s", tt, r)
		}
	}
}
