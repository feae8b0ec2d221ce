//go:build !wasip1

package kit_test

import (
	"errors"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
	"github.com/authhost/authhost/sdk/plugintest"
)

var manifest = []byte(`{"id": "x", "version": "1.0.0", "abi": "1.1",
  "capabilities": [{"name": "identity", "read": ["account"]}, {"name": "email"}, {"name": "crypto", "purposes": ["link"]}, {"name": "random"}, {"name": "verification"}],
  "mails": {"verify-email": {"subject": "Verify", "body": [{"link": "url"}], "variables": {"url": "url", "token": "string"}}},
  "handlers": [{"handler": "x", "kind": "endpoint", "method": "GET", "path": "/x"}]}`)

var (
	errWrong = &sdk.Error{Status: 400, Code: "WRONG"}
	errNone  = &sdk.Error{Status: 400, Code: "NONE"}
)

func TestCheckPassword(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	ada, social := h.AddUser("ada@example.com", "correct-horse-1"), h.AddUser("social@example.com", "")
	h.AddAccount(social, plugintest.Object{"providerId": "github"})
	both, one := kit.Refusals{WrongPassword: errWrong, NoPassword: errNone}, kit.Refusals{WrongPassword: errWrong}
	for _, tt := range []struct {
		name, user, password string
		refusals             kit.Refusals
		want                 error
	}{
		{"right", ada, "correct-horse-1", both, nil},
		{"wrong", ada, "wrong", both, errWrong},
		{"empty", ada, "", both, errWrong},
		{"no password", social, "x", both, errNone},
		{"nobody", "nobody", "x", both, errNone},
		{"right, without a word for none", ada, "correct-horse-1", one, nil},
		{"no password, without a word for none", social, "x", one, errWrong},
		{"nobody, without a word for none", "nobody", "x", one, errWrong},
	} {
		if got := kit.CheckPassword(sdk.NewCall(h), tt.user, sdk.String(tt.password), tt.refusals); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestHasPassword(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	for user, want := range map[string]bool{h.AddUser("ada@example.com", "x"): true, h.AddUser("social@example.com", ""): false, "nobody": false} {
		if got, err := kit.HasPassword(sdk.NewCall(h), user); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", user, got, err, want)
		}
	}
}

// TestFaults: a host that cannot look is no reason to let pass, nor to refuse.
func TestFaults(t *testing.T) {
	for _, call := range []string{"identity.findAccount", "identity.verifyPassword"} {
		h := plugintest.New(t, plugintest.Config{Manifest: manifest})
		ada := h.AddUser("ada@example.com", "correct-horse-1")
		h.On(call, func(plugintest.Object) (sdk.Status, any) { return sdk.Unavailable, nil })
		err := kit.CheckPassword(sdk.NewCall(h), ada, sdk.String("correct-horse-1"), kit.Refusals{WrongPassword: errWrong, NoPassword: errNone})
		if !errors.Is(err, sdk.Unavailable) {
			t.Errorf("%s: got %v", call, err)
		}
	}
}
