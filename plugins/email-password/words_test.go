//go:build !wasip1

package main

import (
	"testing"

	"github.com/authhost/authhost/sdk/plugintest"
)

// TestDeniedPasswordWords: words of the context, wherever a password is chosen.
func TestDeniedPasswordWords(t *testing.T) {
	h := newHost(t, `{"sendResetPassword":true,"deniedPasswordWords":["Acme","Grün-Haus"]}`)
	up := func(password string) string {
		return `{"name":"Ada","email":"ada@example.com","password":"` + password + `"}`
	}
	for _, denied := range []string{"acme-2026!", "My-ACME-login", "my grün-haus"} {
		wantError(t, h.POST("/sign-up/email", up(denied)), 400, "PASSWORD_NOT_ALLOWED")
	}
	wantStatus(t, h.POST("/sign-up/email", up(password)), 200)
	id := h.Users()[0]["id"].(string)
	h.SignIn(id)
	wantError(t, h.POST("/change-password", `{"currentPassword":"correct-horse-1","newPassword":"acme-acme-1"}`), 400, "PASSWORD_NOT_ALLOWED")
	h.POST("/request-password-reset", `{"email":"ada@example.com"}`)
	token := h.LastMail().Token
	wantError(t, h.POST("/reset-password", `{"token":"`+token+`","newPassword":"acme-acme-1"}`), 400, "PASSWORD_NOT_ALLOWED")
	wantStatus(t, h.POST("/reset-password", `{"token":"`+token+`","newPassword":"another-horse-1"}`), 200)
	set := func(password string) plugintest.Response {
		return h.Fire(plugintest.Event{Name: "password.policy", Record: plugintest.Object{"password": password}})
	}
	if got := set("acme-acme-1"); got.Text("code") != "PASSWORD_NOT_ALLOWED" {
		t.Errorf("another plugin may set any password: %s", got)
	}
	if got := set("another-horse-2"); got.Text("code") != "" {
		t.Errorf("another plugin cannot set a password: %s", got)
	}
	wantStatus(t, newHost(t, "").POST("/sign-up/email", up("acme-2026!")), 200)
}
