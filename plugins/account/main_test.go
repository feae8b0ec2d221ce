//go:build !wasip1

package main

import (
	_ "embed"
	"net/url"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const (
	ada      = "ada@example.com"
	next     = "new@example.com"
	password = "correct-horse-1"
)

func newHost(t *testing.T, config string) *plugintest.Host {
	t.Helper()
	return plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
}

func wantError(t *testing.T, r plugintest.Response, status int, code string) {
	t.Helper()
	if r.Status != status || r.Text("code") != code {
		t.Errorf("got %s, want %d %s", r, status, code)
	}
}

func wantMessage(t *testing.T, r plugintest.Response, status int, message string) {
	t.Helper()
	if r.Status != status || r.Text("message") != message || r.Get("code") != nil {
		t.Errorf("got %s, want %d %s without a code", r, status, message)
	}
}

func TestUpdateUser(t *testing.T) {
	h := newHost(t, "")
	id := h.AddUser(ada, password)
	wantError(t, h.POST("/update-user", `{"name":"x"}`), 401, "UNAUTHORIZED")
	h.SignIn(id)
	if r := h.POST("/update-user", `{"name":"Ada B","image":null,"id":"x","role":"admin"}`); r.Get("status") != true {
		t.Errorf("got %s", r)
	}
	user := h.User(id)
	if image, ok := user["image"]; user["name"] != "Ada B" || !ok || image != nil || user["role"] != nil {
		t.Errorf("user %v", user)
	}
	wantError(t, h.POST("/update-user", `{"email":"x@example.com"}`), 400, "EMAIL_CAN_NOT_BE_UPDATED")
	for _, body := range []string{`{}`, `{"nickname":"x"}`, `{"emailVerified":true}`} {
		wantMessage(t, h.POST("/update-user", body), 400, "No fields to update")
	}
	h.On("identity.updateUser", func(plugintest.Object) (sdk.Status, any) {
		return sdk.Invalid, plugintest.Object{"code": "FIELD_NOT_ALLOWED", "message": "plan is not allowed to be set"}
	})
	wantError(t, h.POST("/update-user", `{"plan":"pro"}`), 400, "FIELD_NOT_ALLOWED")
}

func TestUpdateSession(t *testing.T) {
	h := newHost(t, "")
	id := h.AddUser(ada, password)
	wantError(t, h.POST("/update-session", `{"theme":"dark"}`), 401, "UNAUTHORIZED")
	h.SignIn(id)
	wantMessage(t, h.POST("/update-session", `{"token":"x","theme":"dark"}`), 400, "No fields to update")
	h.On("session.update", func(a plugintest.Object) (sdk.Status, any) {
		input, _ := a["input"].(plugintest.Object)
		return sdk.OK, plugintest.Object{"session": plugintest.Object{"theme": input["theme"]}}
	})
	if r := h.POST("/update-session", `{"theme":"dark"}`); r.Get("session.theme") != "dark" {
		t.Errorf("got %s", r)
	}
	h.On("session.update", func(plugintest.Object) (sdk.Status, any) {
		return sdk.Invalid, plugintest.Object{"code": "FIELD_NOT_ALLOWED", "message": "locked is not allowed to be set"}
	})
	wantError(t, h.POST("/update-session", `{"locked":"x"}`), 400, "FIELD_NOT_ALLOWED")
}

func TestChangeEmail(t *testing.T) {
	const on = `{"changeEmail":{"enabled":true},"emailVerification":{"sendVerificationEmail":true}}`
	const confirm = `{"changeEmail":{"enabled":true,"sendChangeEmailConfirmation":true},"emailVerification":{"sendVerificationEmail":true}}`
	const direct = `{"changeEmail":{"enabled":true,"updateEmailWithoutVerification":true}}`
	for _, tt := range []struct {
		name, config string
		verified     bool
		template, to string // of the mail; "" for none
		requestType  any
		email        string // afterwards
	}{
		{"link to the new address", on, false, "verify-email", next, "change-email-verification", ada},
		{"and so for verified users", on, true, "verify-email", next, "change-email-verification", ada},
		{"consent of a verified address", confirm, true, "change-email-confirmation", ada, "change-email-confirmation", ada},
		{"no consent of an unverified one", confirm, false, "verify-email", next, "change-email-verification", ada},
		{"at once", direct, false, "", "", nil, next},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config)
			id := h.AddUser(ada, password)
			h.SetUser(id, plugintest.Object{"emailVerified": tt.verified})
			h.SignIn(id)
			if r := h.POST("/change-email", `{"newEmail":"NEW@example.com","callbackURL":"/done"}`); r.Get("status") != true {
				t.Fatalf("got %s", r)
			}
			if h.User(id)["email"] != tt.email {
				t.Errorf("the address is %v, want %s", h.User(id)["email"], tt.email)
			}
			if tt.template == "" {
				if len(h.Mails()) != 0 {
					t.Errorf("mails %v", h.Mails())
				}
				return
			}
			m := h.LastMail()
			claims := h.Claims(m.Token)
			if m.Template != tt.template || m.To != tt.to || claims["requestType"] != tt.requestType || claims["email"] != ada || claims["updateTo"] != next {
				t.Errorf("mail %+v with claims %v", m, claims)
			}
			if want := "https://app.example.com/api/auth/verify-email?token=" + m.Token + "&callbackURL=%2Fdone"; m.URL != want {
				t.Errorf("URL %s, want %s", m.URL, want)
			}
		})
	}
}

func TestChangeEmailRefusals(t *testing.T) {
	h := newHost(t, "")
	h.SignIn(h.AddUser(ada, password))
	wantError(t, h.POST("/change-email", `{"newEmail":"new@example.com"}`), 400, "CHANGE_EMAIL_DISABLED")

	h = newHost(t, `{"changeEmail":{"enabled":true}}`)
	h.SignIn(h.AddUser(ada, password))
	wantMessage(t, h.POST("/change-email", `{"newEmail":"ADA@example.com"}`), 400, "Email is the same")
	wantMessage(t, h.POST("/change-email", `{"newEmail":"new@example.com"}`), 400, "Verification email isn't enabled")

	h = newHost(t, `{"changeEmail":{"enabled":true,"updateEmailWithoutVerification":true},"emailVerification":{"sendVerificationEmail":true}}`)
	id := h.AddUser(ada, password)
	h.AddUser(next, password)
	h.SignIn(id)
	if r := h.POST("/change-email", `{"newEmail":"new@example.com"}`); r.Get("status") != true || len(h.Mails()) != 0 || h.User(id)["email"] != ada {
		t.Errorf("an address that is taken: got %s, mails %v", r, h.Mails())
	}
}

func TestDeleteUser(t *testing.T) {
	h := newHost(t, "")
	h.SignIn(h.AddUser(ada, password))
	if r := h.POST("/delete-user", `{}`); r.Status != 404 || r.Body != nil {
		t.Errorf("when disabled: got %s", r)
	}
	wantError(t, h.GET("/delete-user/callback?token=x"), 404, "NOT_FOUND")

	h = newHost(t, `{"deleteUser":{"enabled":true}}`)
	h.SignIn(h.AddUser(ada, password))
	wantError(t, h.POST("/delete-user", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
	wantError(t, h.POST("/delete-user", `{"token":"nonsense"}`), 404, "INVALID_TOKEN")
	h.Advance(25 * time.Hour)
	wantError(t, h.POST("/delete-user", `{}`), 400, "SESSION_EXPIRED")
	if r := h.POST("/delete-user", `{"password":"correct-horse-1"}`); r.Text("message") != "User deleted" || len(h.Users()) != 0 || h.CurrentSession() != nil {
		t.Errorf("got %s", r)
	}
	h.SignIn(h.AddUser("social@example.com", ""))
	wantError(t, h.POST("/delete-user", `{"password":"x"}`), 400, "CREDENTIAL_ACCOUNT_NOT_FOUND")
	if r := h.POST("/delete-user", `{}`); r.Get("success") != true {
		t.Errorf("with a fresh session: got %s", r)
	}
}

func TestDeleteUserByMail(t *testing.T) {
	h := newHost(t, `{"deleteUser":{"enabled":true,"sendDeleteAccountVerification":true,"deleteTokenExpiresIn":60}}`)
	id := h.AddUser(ada, password)
	h.SignIn(id)
	mail := func(body string) plugintest.Mail {
		t.Helper()
		if r := h.POST("/delete-user", body); r.Text("message") != "Verification email sent" {
			t.Fatalf("got %s", r)
		}
		return h.LastMail()
	}
	m := mail(`{"callbackURL":"/bye"}`)
	if want := "https://app.example.com/api/auth/delete-user/callback?token=" + m.Token + "&callbackURL=%2Fbye"; m.URL != want || len(m.Token) != 32 || m.To != ada {
		t.Errorf("mail %+v", m)
	}
	h.SignOut()
	wantError(t, h.GET("/delete-user/callback?token="+m.Token), 404, "FAILED_TO_GET_USER_INFO")
	h.SignIn(h.AddUser("eve@example.com", password))
	wantError(t, h.GET("/delete-user/callback?token="+m.Token), 404, "INVALID_TOKEN")
	h.SignIn(id)
	u, err := url.Parse(m.URL)
	if err != nil {
		t.Fatal(err)
	}
	if r := h.GET("/delete-user/callback?" + u.RawQuery); r.Status != 302 || r.Location != "/bye" || r.Body != nil || h.User(id) != nil || h.CurrentSession() != nil {
		t.Errorf("link: got %s", r)
	}

	id = h.AddUser(ada, password)
	h.SignIn(id)
	if r := h.POST("/delete-user", `{"token":"`+mail(`{"password":"correct-horse-1"}`).Token+`"}`); r.Text("message") != "User deleted" || h.User(id) != nil {
		t.Errorf("token in the body: got %s", r)
	}
	h.SignIn(h.AddUser(ada, password))
	m = mail(`{}`)
	h.Advance(time.Minute)
	wantError(t, h.GET("/delete-user/callback?token="+m.Token), 404, "INVALID_TOKEN")

	// Another request was faster.
	h.On("identity.deleteUser", func(plugintest.Object) (sdk.Status, any) { return sdk.NotFound, nil })
	wantError(t, h.GET("/delete-user/callback?token="+mail(`{}`).Token), 404, "FAILED_TO_GET_USER_INFO")
	wantError(t, h.POST("/delete-user", `{"token":"`+mail(`{}`).Token+`"}`), 404, "FAILED_TO_GET_USER_INFO")
}

func TestAccounts(t *testing.T) {
	h := newHost(t, "")
	id := h.AddUser(ada, password)
	h.SignIn(id)
	r := h.GET("/list-accounts")
	list, _ := r.Body.([]any)
	if len(list) != 1 {
		t.Fatalf("got %s", r)
	}
	account := list[0].(plugintest.Object)
	if scopes, ok := account["scopes"].([]any); account["providerId"] != "credential" || account["userId"] != id || !ok || len(scopes) != 0 || account["hasPassword"] != nil || account["password"] != nil {
		t.Errorf("account %v", account)
	}
	unlink := func(body string) plugintest.Response { return h.POST("/unlink-account", body) }
	wantError(t, unlink(`{"providerId":"credential"}`), 400, "FAILED_TO_UNLINK_LAST_ACCOUNT")

	h.AddAccount(id, plugintest.Object{"providerId": "github", "accountId": "4711", "scope": "read,user:email"})
	if r := h.GET("/list-accounts"); r.Text("1.scopes.1") != "user:email" || r.Get("1.scope") != nil {
		t.Errorf("got %s", r)
	}
	wantError(t, unlink(`{"providerId":"google"}`), 400, "ACCOUNT_NOT_FOUND")
	wantError(t, unlink(`{"providerId":"github","accountId":"42"}`), 400, "ACCOUNT_NOT_FOUND")
	wantError(t, unlink(`{"providerId":""}`), 400, "ACCOUNT_NOT_FOUND")
	if r := unlink(`{"providerId":"github","accountId":"4711"}`); r.Get("status") != true {
		t.Errorf("got %s", r)
	}
	h = newHost(t, `{"allowUnlinkingAll":true}`)
	h.SignIn(h.AddUser(ada, password))
	if r := unlink(`{"providerId":"credential"}`); r.Get("status") != true {
		t.Errorf("got %s", r)
	}
}

// TestUnlinkByID: in the dialect 1.7 an account is known by its id here, and
// none of somebody else's.
func TestUnlinkByID(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest, Dialect: "1.7"})
	id := h.AddUser(ada, password)
	h.AddAccount(id, plugintest.Object{"providerId": "github", "accountId": "4711"})
	other := h.AddUser("bob@example.com", password)
	h.SignIn(id)
	accounts := func() map[string]string {
		out := map[string]string{}
		list, _ := h.GET("/list-accounts").Body.([]any)
		for _, a := range list {
			a := a.(plugintest.Object)
			out[a["providerId"].(string)] = a["id"].(string)
		}
		return out
	}
	mine := accounts()
	unlink := func(id string) plugintest.Response { return h.POST("/unlink-account", `{"accountId":"`+id+`"}`) }
	wantError(t, unlink("4711"), 400, "ACCOUNT_NOT_FOUND")
	h.SignIn(other)
	h.AddAccount(other, plugintest.Object{"providerId": "github", "accountId": "5"})
	wantError(t, unlink(mine["github"]), 400, "ACCOUNT_NOT_FOUND")
	h.SignIn(id)
	if r := unlink(mine["github"]); r.Get("status") != true {
		t.Errorf("got %s", r)
	}
	wantError(t, unlink(mine["credential"]), 400, "FAILED_TO_UNLINK_LAST_ACCOUNT")
}
