package grants_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/pluginapi"
)

func on(event string) pluginapi.Handler {
	return pluginapi.Handler{Kind: pluginapi.KindHook, Event: event}
}

// made is a manifest of an ABI version with hooks on events.
func made(abi string, events ...string) *pluginapi.Manifest {
	m := &pluginapi.Manifest{ID: "p", ABI: abi}
	for _, event := range events {
		m.Handlers = append(m.Handlers, on(event))
	}
	return m
}

func TestMissing(t *testing.T) {
	asks := made("1.1", pluginapi.EventMailSending)
	asks.Capabilities = []pluginapi.Capability{{Name: pluginapi.CapIdentity, Read: []string{"user"}, Reason: "greets"}}
	asks.Permissions = []pluginapi.Permission{{Name: "mails", Reason: "translates"}, {Name: "fields", Write: []string{"user.role"}}}
	old := made("1.0", pluginapi.EventUserCreating, pluginapi.EventTokenClaims)
	for _, tt := range []struct {
		m       *pluginapi.Manifest
		granted string
		lacks   string
		message string
	}{
		{asks, "", "identity", `asks for the capability "identity", which is not granted (reads user; greets)`},
		{asks, "identity", "mails", `asks for the permission "mails", which is not granted (sees every mail`},
		{asks, "identity mails", "fields", "(changes user.role)"},
		{asks, "identity mails fields", "", ""},
		{old, "", "claims", `was made for ABI 1.0, and has a hook on "token.claims", which takes the permission "claims" since ABI 1.1 (sees and changes`},
		{old, "claims", "", ""},
		{made("1.0", pluginapi.EventRequestBefore), "", "", ""},
	} {
		lack := grants.Missing(tt.m, strings.Fields(tt.granted))
		if lack == nil && tt.lacks != "" || lack != nil && (lack.Name != tt.lacks || !strings.Contains(lack.Message, tt.message)) {
			t.Errorf("with %q: %+v, want %q", tt.granted, lack, tt.lacks)
		}
		if lack := grants.Missing(tt.m, grants.Asked(tt.m)); lack != nil {
			t.Errorf("with all that is asked for: %+v", lack)
		}
	}
}

func TestPermissions(t *testing.T) {
	asks := made("1.1", pluginapi.EventRequestBefore)
	asks.Permissions = []pluginapi.Permission{{Name: "tokens"}}
	cookies := made("1.1", pluginapi.EventRequestBefore)
	cookies.Capabilities = []pluginapi.Capability{{Name: pluginapi.CapCookies}}
	old := made("1.0", pluginapi.EventRequestBefore)
	for _, tt := range []struct {
		m       *pluginapi.Manifest
		granted string
		want    pluginapi.PermissionSet
	}{
		{asks, "tokens", pluginapi.PermTokens},
		{asks, "tokens passwords cookies", pluginapi.PermTokens}, // it did not ask for more
		{asks, "passwords", 0},
		{cookies, "cookies", pluginapi.PermCookies},
		{cookies, "", 0},
		{old, "", 0},
		{old, "tokens cookies random", pluginapi.PermTokens | pluginapi.PermCookies},
	} {
		if got := grants.Permissions(tt.m, strings.Fields(tt.granted)); got != tt.want {
			t.Errorf("with %q: %q, want %q", tt.granted, got, tt.want)
		}
	}
}

func TestWithheld(t *testing.T) {
	signs := made("1.0", pluginapi.EventUserCreated)
	signs.Capabilities = []pluginapi.Capability{{Name: pluginapi.CapKeys}}
	durable := made("1.0", pluginapi.EventUserCreated)
	durable.Handlers[0].Delivery = pluginapi.DeliverDurable
	for _, tt := range []struct {
		m    *pluginapi.Manifest
		may  pluginapi.PermissionSet
		want string
	}{
		{made("1.1", pluginapi.EventRequestBefore), 0, ""},
		{made("1.0", pluginapi.EventRequestBefore), 0, "passwords, authorization, tokens, requests, cookies"},
		{made("1.0", pluginapi.EventRequestBefore), pluginapi.PermPasswords | pluginapi.PermTokens, "authorization, requests, cookies"},
		{made("1.0", pluginapi.EventResponseSession), 0, "authorization, tokens, responses, cookies"},
		{made("1.0", pluginapi.EventSessionCreating), 0, "passwords, authorization, tokens, responses, fields, cookies"},
		{made("1.0", pluginapi.EventUserUpdating), 0, "passwords, authorization, tokens, fields, cookies"},
		{signs, 0, "authorization, tokens, subjects, cookies"},
		{durable, 0, "fields"},
		{made("1.0", pluginapi.EventRequestBefore), pluginapi.AllPermissions, ""},
	} {
		if got := grants.Withheld(tt.m, tt.may).String(); got != tt.want {
			t.Errorf("%s with %q: %q, want %q", tt.m.Handlers[0].Event, tt.may, got, tt.want)
		}
	}
}

// TestEverything: of an ABI version with permissions it is what was asked for.
func TestEverything(t *testing.T) {
	asks := made("1.1", pluginapi.EventTokenClaims)
	asks.Permissions = []pluginapi.Permission{{Name: "claims"}}
	if got := grants.Everything(asks); !slices.Equal(got, []string{"claims"}) {
		t.Errorf("got %v", got)
	}
	all := grants.Everything(made("1.0", pluginapi.EventTokenClaims))
	for _, name := range append(pluginapi.PermissionNames(), pluginapi.CapCookies) {
		if !slices.Contains(all, name) {
			t.Errorf("%s is missing in %v", name, all)
		}
	}
}
