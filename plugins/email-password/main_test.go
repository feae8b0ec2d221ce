//go:build !wasip1

package main

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const (
	ada      = "ada@example.com"
	password = "correct-horse-1"
)

func newHost(t *testing.T, config string) *plugintest.Host {
	t.Helper()
	return plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
}

// wantError checks an answer that refuses.
func wantError(t *testing.T, r plugintest.Response, status int, code string) {
	t.Helper()
	if r.Status != status || r.Text("code") != code {
		t.Errorf("got %s, want %d %s", r, status, code)
	}
}

func wantStatus(t *testing.T, r plugintest.Response, status int) {
	t.Helper()
	if r.Status != status {
		t.Fatalf("got %s, want status %d", r, status)
	}
}

const signUpAda = `{"name":"Ada","email":"Ada@Example.com","password":"correct-horse-1"}`

func TestSignUp(t *testing.T) {
	h := newHost(t, "")
	r := h.POST("/sign-up/email", `{"name":"Ada","email":"Ada@Example.com","password":"correct-horse-1","role":"admin","rememberMe":false}`)
	wantStatus(t, r, 200)
	user := h.Users()[0]
	if r.Text("user.email") != ada || r.Text("user.id") != user["id"] || user["role"] != nil || user["emailVerified"] != false {
		t.Errorf("answer %s for user %v", r, user)
	}
	session := h.SessionsOf(r.Text("user.id"))[0]
	if r.Text("token") != session["token"] || r.Text("token") == "" {
		t.Errorf("token %q is not that of the session %v", r.Text("token"), session)
	}
	if session["expiresAt"] != plugintest.Start.AddDate(0, 0, 1).Format("2006-01-02T15:04:05.000Z") {
		t.Errorf("rememberMe false gave a session until %v", session["expiresAt"])
	}
	wantError(t, h.POST("/sign-up/email", signUpAda), 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
	if len(h.Mails()) != 0 {
		t.Errorf("mails: %v", h.Mails())
	}
}

func TestPasswordLength(t *testing.T) {
	for _, tt := range []struct{ name, config, password, code string }{
		{"least", "", "12345678", ""},
		{"too short", "", "1234567", "PASSWORD_TOO_SHORT"},
		{"greatest", "", strings.Repeat("x", 128), ""},
		{"too long", "", strings.Repeat("x", 129), "PASSWORD_TOO_LONG"},
		{"astral characters count twice", "", "🔑🔑🔑🔑", ""},
		{"others count once", "", "ééééééé", "PASSWORD_TOO_SHORT"},
		{"configured", `{"minPasswordLength":12,"maxPasswordLength":20}`, "eleven-char", "PASSWORD_TOO_SHORT"},
		{"configured", `{"minPasswordLength":12,"maxPasswordLength":20}`, "twenty-one-characters", "PASSWORD_TOO_LONG"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config)
			r := h.POST("/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"`+tt.password+`"}`)
			if r.Text("code") != tt.code {
				t.Errorf("got %s, want code %q", r, tt.code)
			}
		})
	}
}

func TestSwitches(t *testing.T) {
	signIn := `{"email":"ada@example.com","password":"correct-horse-1"}`
	for _, tt := range []struct {
		config, path, body string
		status             int
		code               string
	}{
		{`{"enabled":false}`, "/sign-up/email", signUpAda, 400, "EMAIL_PASSWORD_SIGN_UP_DISABLED"},
		{`{"disableSignUp":true}`, "/sign-up/email", signUpAda, 400, "EMAIL_PASSWORD_SIGN_UP_DISABLED"},
		{`{"enabled":false}`, "/sign-in/email", signIn, 400, "EMAIL_PASSWORD_DISABLED"},
		{"", "/request-password-reset", `{"email":"ada@example.com"}`, 400, "RESET_PASSWORD_DISABLED"},
		{"", "/send-verification-email", `{"email":"ada@example.com"}`, 400, "VERIFICATION_EMAIL_NOT_ENABLED"},
	} {
		wantError(t, newHost(t, tt.config).POST(tt.path, tt.body), tt.status, tt.code)
	}
}

// TestDiscreetSignUp: where sign-up does not sign in, its answer for an
// address that is taken has the members of the one for a free address.
func TestDiscreetSignUp(t *testing.T) {
	for _, config := range []string{
		`{"autoSignIn":false,"onExistingUserSignUp":true}`,
		`{"requireEmailVerification":true,"onExistingUserSignUp":true}`,
	} {
		h := newHost(t, config)
		first := h.POST("/sign-up/email", signUpAda)
		second := h.POST("/sign-up/email", `{"name":"Eve","email":"ADA@example.com","password":"another-pass-1"}`)
		for _, r := range []plugintest.Response{first, second} {
			if r.Status != 200 || r.Get("token") != nil || r.Text("user.email") != ada {
				t.Errorf("%s: got %s", config, r)
			}
		}
		if a, b := members(first), members(second); a != b {
			t.Errorf("%s: members differ: %s and %s", config, a, b)
		}
		if first.Text("user.id") == second.Text("user.id") || second.Text("user.name") != "Eve" || len(h.Users()) != 1 {
			t.Errorf("%s: got %s then %s with users %v", config, first, second, h.Users())
		}
		if m := h.LastMail(); m.Template != "existing-user-sign-up" || m.To != ada {
			t.Errorf("%s: mail %+v", config, m)
		}
		if len(h.Verifications()) != 2 { // in the place of a user and an account
			t.Errorf("%s: the second answer cost %d writes, want 2", config, len(h.Verifications()))
		}
	}
}

// members lists the members of a user that the plugin is answerable for: the
// host's drafts have an image that is null, where a stored user has none.
func members(r plugintest.Response) string {
	user, _ := r.Get("user").(plugintest.Object)
	names := ""
	for _, name := range []string{"id", "name", "email", "emailVerified", "createdAt", "updatedAt"} {
		if _, ok := user[name]; ok {
			names += name + " "
		}
	}
	return names
}

func TestSignIn(t *testing.T) {
	h := newHost(t, "")
	id := h.AddUser(ada, password)
	h.AddUser("social@example.com", "")
	r := h.POST("/sign-in/email", `{"email":"ADA@example.com","password":"correct-horse-1","callbackURL":"/dashboard"}`)
	wantStatus(t, r, 200)
	if r.Text("user.id") != id || r.Get("redirect") != true || r.Text("url") != "/dashboard" || r.Location != "/dashboard" {
		t.Errorf("got %s", r)
	}
	r = h.POST("/sign-in/email", `{"email":"ada@example.com","password":"correct-horse-1"}`)
	if _, ok := r.Body.(plugintest.Object)["url"]; ok || r.Get("redirect") != false || r.Location != "" {
		t.Errorf("without callbackURL: got %s", r)
	}
	for _, body := range []string{
		`{"email":"ada@example.com","password":"wrong"}`,
		`{"email":"ada@example.com","password":""}`,
		`{"email":"nobody@example.com","password":"correct-horse-1"}`,
		`{"email":"social@example.com","password":"correct-horse-1"}`,
	} {
		wantError(t, h.POST("/sign-in/email", body), 401, "INVALID_EMAIL_OR_PASSWORD")
	}
	wantError(t, h.POST("/sign-in/email", `{"email":"not-an-email","password":"x"}`), 400, "INVALID_EMAIL")
}

func TestSignInPending(t *testing.T) {
	h := newHost(t, "")
	h.AddUser(ada, password)
	h.On("session.create", func(plugintest.Object) (sdk.Status, any) { return sdk.OK, plugintest.Object{"pending": true} })
	r := h.POST("/sign-in/email", `{"email":"ada@example.com","password":"correct-horse-1"}`)
	if r.Status != 200 || r.Body != nil {
		t.Errorf("got %s, want nothing beside the other plugin's answer", r)
	}
}

// TestHostRefusals: a host that cannot do its part is no reason to sign in.
func TestHostRefusals(t *testing.T) {
	for _, call := range []string{"identity.verifyPassword", "session.create"} {
		h := newHost(t, "")
		h.AddUser(ada, password)
		h.On(call, func(plugintest.Object) (sdk.Status, any) { return sdk.Unavailable, nil })
		if r := h.POST("/sign-in/email", `{"email":"ada@example.com","password":"correct-horse-1"}`); r.Result != sdk.ResultFailed {
			t.Errorf("%s: got %s", call, r)
		}
	}
}

// TestFieldOfAnotherPlugin: what the host says about a field that it checks
// for another plugin reaches the client.
func TestFieldOfAnotherPlugin(t *testing.T) {
	h := newHost(t, "")
	h.On("identity.createUser", func(plugintest.Object) (sdk.Status, any) {
		return sdk.Invalid, plugintest.Object{"code": "MISSING_FIELD", "message": "username is required"}
	})
	wantError(t, h.POST("/sign-up/email", signUpAda), 400, "MISSING_FIELD")
}

func TestSignUpRace(t *testing.T) {
	h := newHost(t, "")
	h.On("identity.createUser", func(plugintest.Object) (sdk.Status, any) { return sdk.Conflict, nil })
	wantError(t, h.POST("/sign-up/email", signUpAda), 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
}

func TestChangePassword(t *testing.T) {
	h := newHost(t, "")
	id := h.AddUser(ada, password)
	change := func(current, next, more string) plugintest.Response {
		return h.POST("/change-password", `{"currentPassword":"`+current+`","newPassword":"`+next+`"`+more+`}`)
	}
	wantError(t, change(password, "new-password-1", ""), 401, "UNAUTHORIZED")
	h.SignIn(id)
	mine := h.SignIn(id)
	wantError(t, change("wrong-one-1", "new-password-1", ""), 400, "INVALID_PASSWORD")
	wantError(t, change("wrong-one-1", "short", ""), 400, "PASSWORD_TOO_SHORT")
	r := change(password, "new-password-1", "")
	if r.Status != 200 || r.Get("token") != nil || r.Text("user.id") != id || h.Password(id) != "new-password-1" || len(h.SessionsOf(id)) != 2 {
		t.Errorf("got %s with sessions %v", r, h.SessionsOf(id))
	}
	r = change("new-password-1", "new-password-2", `,"revokeOtherSessions":true`)
	if sessions := h.SessionsOf(id); len(sessions) != 1 || sessions[0]["token"] != r.Text("token") || r.Text("token") == mine {
		t.Errorf("got %s with sessions %v", r, sessions)
	}
	h.SignIn(h.AddUser("social@example.com", ""))
	wantError(t, change("x", "new-password-1", ""), 400, "CREDENTIAL_ACCOUNT_NOT_FOUND")
}

func TestVerifyPassword(t *testing.T) {
	h := newHost(t, "")
	h.SignIn(h.AddUser(ada, password))
	if r := h.POST("/verify-password", `{"password":"correct-horse-1"}`); r.Get("status") != true {
		t.Errorf("got %s", r)
	}
	wantError(t, h.POST("/verify-password", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
}

func TestResetPassword(t *testing.T) {
	h := newHost(t, `{"sendResetPassword":true,"revokeSessionsOnPasswordReset":true,"onPasswordReset":true}`)
	id := h.AddUser(ada, password)
	h.SignIn(id)
	r := h.POST("/request-password-reset", `{"email":"ada@example.com","redirectTo":"/reset?x=1"}`)
	wantStatus(t, r, 200)
	mail := h.LastMail()
	if want := "https://app.example.com/api/auth/reset-password/" + mail.Token + "?callbackURL=%2Freset%3Fx%3D1"; mail.URL != want || len(mail.Token) != 24 {
		t.Fatalf("mail %+v, want the URL %s", mail, want)
	}
	link := "/reset-password/" + mail.Token + "?callbackURL=%2Freset%3Fx%3D1"
	if r := h.GET(link); r.Status != 302 || r.Location != "https://app.example.com/reset?x=1&token="+mail.Token {
		t.Errorf("link: got %s", r)
	}
	wantError(t, h.POST("/reset-password", `{"newPassword":"short","token":"`+mail.Token+`"}`), 400, "PASSWORD_TOO_SHORT")
	wantError(t, h.POST("/reset-password", `{"newPassword":"brand-new-pass-1"}`), 400, "INVALID_TOKEN")
	r = h.POST("/reset-password?token="+mail.Token, `{"newPassword":"brand-new-pass-1"}`)
	if r.Get("status") != true || h.Password(id) != "brand-new-pass-1" || len(h.SessionsOf(id)) != 0 {
		t.Errorf("got %s with sessions %v", r, h.SessionsOf(id))
	}
	if notice := h.LastMail(); notice.Template != "password-was-reset" || notice.To != ada {
		t.Errorf("mail %+v", notice)
	}
	wantError(t, h.POST("/reset-password", `{"newPassword":"brand-new-pass-2","token":"`+mail.Token+`"}`), 400, "INVALID_TOKEN")
	if r := h.GET(link); r.Location != "https://app.example.com/reset?x=1&error=INVALID_TOKEN" {
		t.Errorf("used link: got %s", r)
	}
	if r := h.GET("/reset-password/x?callbackURL="); r.Location != "https://app.example.com/api/auth/error?error=INVALID_TOKEN" {
		t.Errorf("link without a page: got %s", r)
	}
}

func TestResetTokenExpires(t *testing.T) {
	h := newHost(t, `{"sendResetPassword":true,"resetPasswordTokenExpiresIn":60}`)
	h.AddUser(ada, password)
	h.POST("/request-password-reset", `{"email":"ada@example.com"}`)
	h.Advance(time.Minute)
	wantError(t, h.POST("/reset-password", `{"newPassword":"brand-new-pass-1","token":"`+h.LastMail().Token+`"}`), 400, "INVALID_TOKEN")
}

// TestResetIsDiscreet: an unknown address gets the same answer and costs the
// same write, whose token nobody can use.
func TestResetIsDiscreet(t *testing.T) {
	h := newHost(t, `{"sendResetPassword":true}`)
	h.AddUser(ada, password)
	known := h.POST("/request-password-reset", `{"email":"ada@example.com"}`)
	unknown := h.POST("/request-password-reset", `{"email":"nobody@example.com"}`)
	if known.String() != unknown.String() {
		t.Errorf("known: %s, unknown: %s", known, unknown)
	}
	if len(h.Mails()) != 1 || len(h.Verifications()) != 2 {
		t.Errorf("%d mails and %d writes, want 1 and 2", len(h.Mails()), len(h.Verifications()))
	}
}

// TestLockout: too many wrong passwords lock an address, whether anybody has it
// or not, and a right one in between forgets them.
func TestLockout(t *testing.T) {
	h := newHost(t, `{"accountLockout":{"enabled":true,"maxFailedAttempts":3,"durationSeconds":60}}`)
	h.AddUser(ada, password)
	try := func(email, password string) plugintest.Response {
		return h.POST("/sign-in/email", `{"email":"`+email+`","password":"`+password+`"}`)
	}
	for _, email := range []string{ada, "nobody@example.com"} {
		for range 3 {
			wantError(t, try(email, "wrong-horse-1"), 401, "INVALID_EMAIL_OR_PASSWORD")
		}
		wantError(t, try(strings.ToUpper(email), password), 429, "ACCOUNT_TEMPORARILY_LOCKED")
	}
	if log := h.Audit(); len(log) != 2 || log[0]["action"] != "locked" {
		t.Errorf("audit log %v", log)
	}
	h = newHost(t, `{"accountLockout":{"enabled":true,"maxFailedAttempts":3}}`)
	h.AddUser(ada, password)
	for range 4 {
		wantError(t, try(ada, "wrong-horse-1"), 401, "INVALID_EMAIL_OR_PASSWORD")
		if r := try(ada, password); r.Text("token") == "" {
			t.Fatalf("got %s", r)
		}
	}
	h = newHost(t, "")
	h.AddUser(ada, password)
	for range 20 {
		wantError(t, try(ada, "wrong-horse-1"), 401, "INVALID_EMAIL_OR_PASSWORD")
	}
}
