package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// usesNonce reports whether the provider is asked for a nonce in its id token
// (OpenID Connect Core, section 3.1.2.1).
func (p *provider) usesNonce() bool {
	return p.verifies() && !p.Nonce().IsFalse() && slices.Contains(p.scopes(nil), "openid")
}

// usesPKCE reports whether flows use PKCE (RFC 7636).
func (p *provider) usesPKCE() bool { return p.PKCE().IsTrue() || !p.noPKCE && !p.PKCE().IsFalse() }

// authorizationURL is where the browser goes. The parameters are in the
// reference's order.
func (p *provider) authorizationURL(s *state, scopes []string, loginHint string) string {
	url := p.authorize
	set := func(name, value string) {
		if value != "" {
			url = sdk.SetQuery(url, name, value)
		}
	}
	for name, value := range p.AuthorizationURLParams().Members() {
		set(name, value.String())
	}
	set("response_type", cmp.Or(p.responseType, "code"))
	set(cmp.Or(p.clientName, "client_id"), p.clientID)
	set("state", s.id)
	if asked := p.scopes(scopes); len(asked) > 0 || !p.omitScope {
		url = sdk.SetQuery(url, "scope", strings.Join(asked, cmp.Or(p.separator, " ")))
	}
	set("redirect_uri", p.callbackURL(s.route))
	set("duration", p.Duration())
	set("display", p.Display())
	if p.loginHint || p.generic() {
		set("login_hint", loginHint)
	}
	set("prompt", p.prompt)
	set("hd", p.Hd())
	set(cmp.Or(p.accessTypeName, "access_type"), p.AccessType())
	set("response_mode", p.responseMode)
	if p.usesPKCE() {
		set("code_challenge_method", "S256")
		set("code_challenge", s.challenge)
	}
	for pair := range strings.SplitSeq(p.params, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if value, ok := sdk.DecodeURIComponent(value); ok {
			set(name, value)
		}
	}
	set("nonce", s.nonce)
	if newer(p.c) {
		for name, value := range p.c.Request().Body("additionalParams").Members() {
			if name != p.clientName {
				set(name, value.String())
			}
		}
	}
	return url + p.fragment
}

// reservedParams are those of the authorization URL that no client may set.
var reservedParams = []string{"state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope"}

// checkParams refuses parameters of a client's for the authorization URL, which
// the dialect 1.7 has, that are none or the flow's own.
func checkParams(c *sdk.Call) error {
	sent := c.Request().Body("additionalParams")
	if sent.IsAbsent() || !newer(c) {
		return nil
	}
	invalid := func(message string) error {
		return &sdk.Error{Status: 400, Code: "VALIDATION_ERROR", Message: "[body.additionalParams" + message}
	}
	if sent.Kind() != sdk.KindJSON || !strings.HasPrefix(strings.TrimSpace(sent.Text()), "{") {
		return invalid("] Invalid input: expected record")
	}
	for name, value := range sent.Members() {
		if value.Kind() != sdk.KindString {
			return invalid("." + name + "] Invalid input: expected string")
		}
		if slices.Contains(reservedParams, name) {
			return invalid("] additionalParams cannot include reserved OAuth parameters: " + strings.Join(reservedParams, ", "))
		}
	}
	return nil
}
