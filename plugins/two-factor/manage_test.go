//go:build !wasip1

package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

func TestEnable(t *testing.T) {
	c := newClient(t, `{"issuer":"Ref App"}`)
	id := c.AddUser(ada, password)
	wantError(t, c.post("enable", `{"password":"x"}`), 401, "UNAUTHORIZED")
	c.SignIn(id)
	wantError(t, c.post("enable", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
	wantError(t, c.post("enable", `{}`), 400, "INVALID_PASSWORD")
	wantError(t, c.post("get-totp-uri", `{"password":"`+password+`"}`), 400, "TOTP_NOT_ENABLED")
	wantError(t, c.code("verify-totp", "000000"), 400, "TOTP_NOT_ENABLED")
	wantError(t, c.code("verify-backup-code", "x"), 400, "BACKUP_CODES_NOT_ENABLED")

	r := c.post("enable", `{"password":"`+password+`"}`)
	secret := secretOf(t, r)
	if !strings.HasPrefix(r.Text("totpURI"), "otpauth://totp/Ref%20App:ada%40example.com?secret=") || !strings.HasSuffix(r.Text("totpURI"), "&issuer=Ref+App&digits=6&period=30") {
		t.Errorf("URI %s", r.Text("totpURI"))
	}
	code := r.Text("backupCodes.0")
	if codes, ok := r.Get("backupCodes").([]any); !ok || len(codes) != 10 || len(code) != 11 || code[5] != '-' {
		t.Errorf("codes %v", r.Get("backupCodes"))
	}
	for _, record := range c.Records(modelTwoFactor) {
		if record["secret"] == secret || strings.Contains(record["backupCodes"].(string), code) {
			t.Errorf("the record is not sealed: %v", record)
		}
	}
	if r := c.signIn(id); r.Result != sdk.ResultContinue {
		t.Errorf("before the first code: got %s", r)
	}
	c.SetUser(id, plugintest.Object{"twoFactorEnabled": false})
	token := c.SignIn(id)
	wantError(t, c.code("verify-totp", "abc"), 401, "INVALID_CODE")
	r = c.code("verify-totp", c.totp(secret, 0))
	if r.Text("token") != token || r.Get("user.twoFactorEnabled") != false || c.CurrentSession()["token"] == token {
		t.Errorf("activation: got %s", r)
	}
	if c.User(id)["twoFactorEnabled"] != true {
		t.Error("it is not on")
	}
	r = c.post("get-totp-uri", `{"password":"`+password+`"}`)
	if secretOf(t, r) != secret || !strings.Contains(r.Text("totpURI"), "issuer=App&") {
		t.Errorf("URI again: got %s", r)
	}
	again := c.post("enable", `{"password":"`+password+`","issuer":"Other"}`)
	if secretOf(t, again) == secret || !strings.Contains(again.Text("totpURI"), "/Other:") {
		t.Errorf("enable again: got %s", again)
	}
	if r := c.signIn(id); r.Text("twoFactorMethods.0") != "totp" {
		t.Errorf("after that: got %s", r)
	}
}

// TestPendingOfOtherServers: a second factor whose record does not say whether a
// code was seen, as those of other servers may not, is turned on by a right one.
func TestPendingOfOtherServers(t *testing.T) {
	for _, on := range []bool{false, true} {
		c := newClient(t, `{"skipVerificationOnEnable": false}`)
		id := c.AddUser(ada, password)
		c.SignIn(id)
		secret := secretOf(t, c.post("enable", `{"password":"`+password+`"}`))
		for _, record := range c.Records(modelTwoFactor) {
			record["verified"] = nil
		}
		c.SetUser(id, plugintest.Object{"twoFactorEnabled": on})
		token := c.SignIn(id)
		if on { // the code answers a sign-in
			c.signIn(id)
		}
		if r := c.code("verify-totp", c.totp(secret, 0)); r.Status != 200 {
			t.Errorf("on %v: got %s", on, r)
		}
		if c.User(id)["twoFactorEnabled"] != true || c.CurrentSession()["token"] == token {
			t.Errorf("on %v: it is on: %v", on, c.User(id)["twoFactorEnabled"])
		}
		for _, record := range c.Records(modelTwoFactor) {
			if record["verified"] != true {
				t.Errorf("on %v: the record is %v", on, record)
			}
		}
	}
}

func TestDisable(t *testing.T) {
	c := newClient(t, "")
	id, secret, _ := c.setUp()
	c.signIn(id)
	c.post("verify-totp", `{"code":"`+c.totp(secret, 0)+`","trustDevice":true}`)
	token := c.CurrentSession()["token"]
	wantError(t, c.post("disable", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
	r := c.post("disable", `{"password":"`+password+`"}`)
	if r.Get("status") != true || !r.Cookies[cookieTrustDevice].Expired || c.CurrentSession()["token"] == token || c.CurrentSession() == nil {
		t.Errorf("got %s with cookies %v", r, r.Cookies)
	}
	if len(c.Records(modelTwoFactor)) != 0 || c.User(id)["twoFactorEnabled"] != false {
		t.Error("something is left")
	}
	if r := c.signIn(id); r.Result != sdk.ResultContinue {
		t.Errorf("sign-in: got %s", r)
	}
}

func TestPasswordless(t *testing.T) {
	c := newClient(t, `{"allowPasswordless":true,"skipVerificationOnEnable":true}`)
	c.SignIn(c.AddUser("social@example.com", ""))
	if r := c.post("enable", `{}`); r.Status != 200 {
		t.Errorf("without a password: got %s", r)
	}
	c.SignIn(c.AddUser(ada, password))
	wantError(t, c.post("enable", `{}`), 400, "INVALID_PASSWORD")
}

func TestTrustedDevice(t *testing.T) {
	c := newClient(t, "")
	id, secret, _ := c.setUp()
	c.signIn(id)
	r := c.post("verify-totp", `{"code":"`+c.totp(secret, 0)+`","trustDevice":true}`)
	first := c.cookies[cookieTrustDevice]
	if r.Cookies[cookieTrustDevice].MaxAge != 30*24*3600 || first == "" {
		t.Fatalf("cookies %v", r.Cookies)
	}
	if r := c.signIn(id); r.Result != sdk.ResultContinue || c.cookies[cookieTrustDevice] == first {
		t.Errorf("a trusted device: got %s with cookies %v", r, r.Cookies)
	}
	second := c.cookies[cookieTrustDevice]
	for name, cookie := range map[string]string{"used": first, "forged": "x" + second[1:], "none": "nonsense"} {
		c.cookies[cookieTrustDevice] = cookie
		if r := c.signIn(id); r.Result != sdk.ResultRespond {
			t.Errorf("%s: got %s", name, r)
		}
	}
	c.cookies[cookieTrustDevice] = second
	if r := c.begin(c.setUpOther(), plugintest.Event{Reason: "sign-in"}); r.Result != sdk.ResultRespond {
		t.Errorf("of another user: got %s", r)
	}
	c.cookies[cookieTrustDevice] = second
	c.Advance(31 * 24 * time.Hour)
	if r := c.signIn(id); r.Result != sdk.ResultRespond || !r.Cookies[cookieTrustDevice].Expired {
		t.Errorf("after its time: got %s with cookies %v", r, r.Cookies)
	}
}

// setUpOther gives another user a second factor.
func (c *client) setUpOther() string {
	id := c.AddUser("bob@example.com", password)
	c.SignIn(id)
	c.post("enable", `{"password":"`+password+`"}`)
	c.SetUser(id, plugintest.Object{"twoFactorEnabled": true})
	c.SignOut()
	return id
}

func TestMailedCodes(t *testing.T) {
	c := newClient(t, withMail)
	id, _, _ := c.setUp()
	c.signIn(id)
	wantError(t, c.code("verify-otp", "123456"), 400, "OTP_HAS_EXPIRED")
	if r := c.post("send-otp", ""); r.Get("status") != true {
		t.Fatalf("got %s", r)
	}
	m := c.LastMail()
	if m.To != ada || m.Template != "two-factor-otp" || len(m.OTP) != 6 {
		t.Errorf("mail %+v", m)
	}
	for name, value := range c.Verifications() {
		if strings.Contains(value, m.OTP) {
			t.Errorf("%s is not sealed: %s", name, value)
		}
	}
	wantError(t, c.code("verify-otp", "x"), 401, "INVALID_CODE")
	if r := c.code("verify-otp", m.OTP); r.Text("token") != c.CurrentSession()["token"] {
		t.Errorf("got %s", r)
	}
	wantError(t, c.code("verify-otp", m.OTP), 400, "OTP_HAS_EXPIRED")

	c.post("send-otp", "")
	if r := c.code("verify-otp", c.LastMail().OTP); r.Text("token") != c.CurrentSession()["token"] {
		t.Errorf("signed in: got %s", r)
	}

	c.signIn(id)
	c.post("send-otp", "")
	for range 5 {
		wantError(t, c.code("verify-otp", "x"), 401, "INVALID_CODE")
	}
	wantError(t, c.code("verify-otp", c.LastMail().OTP), 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
	wantError(t, c.code("verify-otp", c.LastMail().OTP), 400, "OTP_HAS_EXPIRED")
	c.post("send-otp", "")
	c.Advance(3 * time.Minute)
	wantError(t, c.code("verify-otp", c.LastMail().OTP), 400, "OTP_HAS_EXPIRED")
	c.SignOut()
	c.cookies = map[string]string{}
	wantError(t, c.post("send-otp", ""), 401, "INVALID_TWO_FACTOR_COOKIE")
	wantError(t, newClient(t, "").post("send-otp", ""), 400, "OTP_NOT_CONFIGURED")
}

func TestActivationByMail(t *testing.T) {
	c := newClient(t, withMail)
	id := c.AddUser(ada, password)
	token := c.SignIn(id)
	c.post("send-otp", "")
	r := c.code("verify-otp", c.LastMail().OTP)
	if r.Text("token") == token || r.Text("token") != c.CurrentSession()["token"] || r.Get("user.twoFactorEnabled") != true {
		t.Errorf("got %s", r)
	}
	if r := c.signIn(id); r.Text("twoFactorMethods.0") != "otp" {
		t.Errorf("sign-in: got %s", r)
	}
	wantError(t, c.code("verify-otp", "x"), 400, "TWO_FACTOR_NOT_ENABLED")
}

// TestActivationByServer: a server that acts in the session sees the user, and
// no session's token.
func TestActivationByServer(t *testing.T) {
	c := newClient(t, withMail)
	id := c.AddUser(ada, password)
	token := c.SignIn(id)
	call := func(path, body string) plugintest.Response {
		return c.Do(plugintest.Request{Method: "POST", Path: "/two-factor/" + path, Body: body, ServiceKey: "deployment"})
	}
	call("send-otp", "{}")
	r := call("verify-otp", `{"code":"`+c.LastMail().OTP+`"}`)
	if r.Text("user.id") != id || r.Get("user.twoFactorEnabled") != true || r.Get("token") != nil || c.CurrentSession()["token"] != token {
		t.Errorf("got %s, the session is %v", r, c.CurrentSession())
	}
}

func TestBackupCodes(t *testing.T) {
	c := newClient(t, `{"backupCodeOptions":{"amount":4,"length":12}}`)
	id, _, codes := c.setUp()
	if len(codes) != 4 || len(codes[0]) != 13 {
		t.Fatalf("codes %v", codes)
	}
	c.signIn(id)
	wantError(t, c.code("verify-backup-code", "aaaaa-bbbbb"), 401, "INVALID_BACKUP_CODE")
	if r := c.code("verify-backup-code", codes[0]); r.Text("token") != c.CurrentSession()["token"] {
		t.Errorf("got %s", r)
	}
	c.signIn(id)
	wantError(t, c.code("verify-backup-code", codes[0]), 401, "INVALID_BACKUP_CODE")
	r := c.post("verify-backup-code", `{"code":"`+codes[1]+`","disableSession":true}`)
	if r.Text("user.id") != id || r.Get("token") != nil || c.CurrentSession() != nil {
		t.Errorf("without a session: got %s", r)
	}
	if r := c.code("verify-backup-code", codes[2]); r.Status != 200 {
		t.Errorf("the challenge is not open any more: got %s", r)
	}
	wantError(t, c.post("generate-backup-codes", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
	r = c.post("generate-backup-codes", `{"password":"`+password+`"}`)
	if list, ok := r.Get("backupCodes").([]any); !ok || len(list) != 4 || r.Get("status") != true {
		t.Errorf("got %s", r)
	}
	c.signIn(id)
	wantError(t, c.code("verify-backup-code", codes[3]), 401, "INVALID_BACKUP_CODE")
	if again := c.code("verify-backup-code", r.Text("backupCodes.0")); again.Status != 200 {
		t.Errorf("got %s", again)
	}
	wantAudit(t, c, id, "enabled", "backup-code-used", "backup-code-used", "backup-code-used", "backup-codes-made", "backup-code-used")
	c.SignIn(c.AddUser("bob@example.com", password))
	wantError(t, c.post("generate-backup-codes", `{"password":"`+password+`"}`), 400, "TWO_FACTOR_NOT_ENABLED")
}

func TestTOTPDisabled(t *testing.T) {
	c := newClient(t, `{"totpOptions":{"disable":true}}`)
	c.SignIn(c.AddUser(ada, password))
	wantError(t, c.code("verify-totp", "000000"), 400, "TOTP_NOT_CONFIGURED")
	wantError(t, c.post("get-totp-uri", `{"password":"x"}`), 400, "TOTP_NOT_CONFIGURED")
}

// The trust in a device is for who knew the password when it was given.
func TestTrustEndsWithThePassword(t *testing.T) {
	c := newClient(t, "")
	id, secret, _ := c.setUp()
	changed := "2026-01-01T00:00:00.000Z"
	c.On("identity.findAccount", func(plugintest.Object) (sdk.Status, any) {
		return sdk.OK, plugintest.Object{"hasPassword": true, "updatedAt": changed}
	})
	c.signIn(id)
	c.post("verify-totp", `{"code":"`+c.totp(secret, 0)+`","trustDevice":true}`)
	if r := c.signIn(id); r.Result != sdk.ResultContinue {
		t.Errorf("a trusted device: got %s", r)
	}
	changed = "2026-01-02T00:00:00.000Z"
	if r := c.signIn(id); r.Result != sdk.ResultRespond {
		t.Errorf("with another password: got %s", r)
	}
}

func TestViewBackupCodes(t *testing.T) {
	c := newClient(t, `{"backupCodeOptions":{"alphabet":"0123456789","group":4,"length":12,"amount":3}}`)
	id := c.AddUser("carol@example.com", password)
	view := func(user string) plugintest.Response {
		return c.Do(plugintest.Request{Method: "POST", Path: "/two-factor/view-backup-codes", Body: `{"userId":"` + user + `"}`, ServiceKey: "deployment"})
	}
	wantError(t, view(id), 400, "BACKUP_CODES_NOT_ENABLED")
	c.SignIn(id)
	made := c.post("enable", `{"password":"`+password+`"}`)
	seen := view(id)
	for i := range 3 {
		at := "backupCodes." + strconv.Itoa(i)
		if code := made.Text(at); len(code) != 13 || code[4] != '-' || seen.Text(at) != code {
			t.Errorf("code %q is seen as %q", code, seen.Text(at))
		}
	}
	if r := c.post("view-backup-codes", `{"userId":"`+id+`"}`); r.Status != 404 {
		t.Errorf("without a service key: %s", r)
	}
}

func TestPasswordlessByGroup(t *testing.T) {
	c := newClient(t, `{"allowPasswordless":true,"skipVerificationOnEnable":true,"backupCodeOptions":{"allowPasswordless":false}}`)
	id := c.AddUser("dan@example.com", "")
	c.SignIn(id)
	if r := c.post("enable", "{}"); r.Status != 200 {
		t.Errorf("enable: %s", r)
	}
	if r := c.post("get-totp-uri", "{}"); r.Status != 200 {
		t.Errorf("get-totp-uri: %s", r)
	}
	wantError(t, c.post("generate-backup-codes", "{}"), 400, "INVALID_PASSWORD")
}
