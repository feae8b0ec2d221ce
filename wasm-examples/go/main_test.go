package main

import (
	_ "embed"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

func host(t *testing.T) *plugintest.Host {
	return plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"blockedDomain":"blocked.example"}`})
}

func TestUserCreating(t *testing.T) {
	for email, want := range map[string]sdk.Result{
		"eve@blocked.example":     sdk.ResultDeny,
		"eve@Blocked.EXAMPLE":     sdk.ResultDeny,
		"eve@sub.blocked.example": sdk.ResultContinue,
		"ada@example.com":         sdk.ResultContinue,
	} {
		r := host(t).Fire(plugintest.Event{Name: "user.creating", Record: plugintest.Object{"email": email}})
		if r.Result != want {
			t.Errorf("%s: got %s", email, r)
		}
		if want == sdk.ResultDeny && (r.Status != 400 || r.Text("code") != "EMAIL_DOMAIN_NOT_ALLOWED") {
			t.Errorf("%s: refused with %s", email, r)
		}
	}
}

func TestTokenClaims(t *testing.T) {
	claims := plugintest.Object{"sub": "ada"}
	r := host(t).Fire(plugintest.Event{Name: "token.claims", Claims: claims})
	if r.Result != sdk.ResultContinue || claims["plan"] != "free" || claims["sub"] != "ada" {
		t.Errorf("got %s, claims %v", r, claims)
	}
}
