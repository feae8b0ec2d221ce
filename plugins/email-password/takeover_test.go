//go:build !wasip1

package main

import (
	"testing"
	"time"

	"github.com/authhost/authhost/sdk/plugintest"
)

// TestResetShutsOut: who came to an address before its owner has nothing left
// after a reset, where the tenant ends sessions with it. A change of the address
// that is under way is void wherever the password changes.
func TestResetShutsOut(t *testing.T) {
	const sends = `"sendResetPassword":true,"emailVerification":{"sendVerificationEmail":true}`
	for _, tt := range []struct {
		name, config string
		verified     bool
		unlinked     bool
		ended        bool
	}{
		{"never verified", `{"revokeSessionsOnPasswordReset":true,` + sends + `}`, false, true, true},
		{"verified", `{"revokeSessionsOnPasswordReset":true,` + sends + `}`, true, false, true},
		{"by default", `{` + sends + `}`, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config)
			id := h.AddUser(ada, password)
			h.SetUser(id, plugintest.Object{"emailVerified": tt.verified})
			h.AddAccount(id, plugintest.Object{"providerId": "acme", "accountId": "mallory"})
			h.AddSession(id)
			change := func(to string) string {
				return "/verify-email?token=" + h.SignTokenFor(id, purposeEmailVerification, time.Hour, plugintest.Object{"email": ada, "updateTo": to, "requestType": verifyChange})
			}
			before := change("mallory@example.com")
			h.POST("/request-password-reset", `{"email":"ada@example.com"}`)
			wantStatus(t, h.POST("/reset-password", `{"token":"`+h.LastMail().Token+`","newPassword":"another-horse-1"}`), 200)

			if gone := len(h.Accounts()) == 1; gone != tt.unlinked {
				t.Errorf("accounts %v", h.Accounts())
			}
			if gone := len(h.SessionsOf(id)) == 0; gone != tt.ended {
				t.Errorf("sessions %v", h.SessionsOf(id))
			}
			wantError(t, h.GET(before), 401, "INVALID_TOKEN")
			wantStatus(t, confirm(h, change("new@example.com")), 200)
		})
	}
}

// TestChangedPasswordVoidsChanges: so it is after a change of the password in a
// session.
func TestChangedPasswordVoidsChanges(t *testing.T) {
	h := newHost(t, "")
	id := h.AddUser(ada, password)
	h.SignIn(id)
	link := "/verify-email?token=" + h.SignTokenFor(id, purposeEmailVerification, time.Hour, plugintest.Object{"email": ada, "updateTo": "mallory@example.com", "requestType": verifyChange})
	wantStatus(t, h.POST("/change-password", `{"currentPassword":"correct-horse-1","newPassword":"another-horse-1"}`), 200)
	wantError(t, h.GET(link), 401, "INVALID_TOKEN")
}
