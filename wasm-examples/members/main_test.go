package main

import (
	_ "embed"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const rules = `{"rules":[
	{"provider":"google","path":"hd","values":["acme.example","acme.test"]},
	{"provider":"okta","path":"org.groups","values":["staff"]},
	{"provider":"okta","path":"org.active","values":["true"]}]}`

// TestCheckProfile: every rule for the provider must hold, whatever the user is
// about to do.
func TestCheckProfile(t *testing.T) {
	type object = plugintest.Object
	okta := func(active any, groups ...any) object {
		return object{"org": object{"groups": groups, "active": active}}
	}
	for _, tt := range []struct {
		name, provider string
		profile        object
		admitted       bool
	}{
		{"a value that may be", "google", object{"hd": "acme.test"}, true},
		{"another", "google", object{"hd": "evil.example"}, false},
		{"another type", "google", object{"hd": object{"acme.test": true}}, false},
		{"none", "google", object{"email": "ada@acme.example"}, false},
		{"one of a list, and true", "okta", okta(true, "all", "staff"), true},
		{"one rule of two", "okta", okta(false, "all", "staff"), false},
		{"the other rule", "okta", okta(true, "all"), false},
		{"an empty list", "okta", okta(true), false},
		{"a provider without rules", "github", object{}, true},
	} {
		for _, action := range []string{"create-user", "sign-in", "link-account"} {
			h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: rules})
			r := h.Fire(plugintest.Event{Name: "social/profile.checking", Record: object{
				"action": action, "providerId": tt.provider, "accountId": "1", "email": "ada@acme.example", "emailVerified": true, "name": "Ada", "profile": tt.profile,
			}})
			if admitted := r.Result == sdk.ResultContinue; admitted != tt.admitted || !admitted && (r.Status != 403 || r.Text("code") != "NOT_A_MEMBER") {
				t.Errorf("%s, %s: %s", tt.name, action, r)
			}
		}
	}
}
