package main

import (
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// usesNonce reports whether the provider is asked for a nonce in its id token
// (OpenID Connect Core, section 3.1.2.1).
func (p *provider) usesNonce() bool {
	return p.verifies() && p.flag("nonce", true) && slices.Contains(p.scopes(nil), "openid")
}

// usesPKCE reports whether flows use PKCE (RFC 7636).
func (p *provider) usesPKCE() bool { return p.flag("pkce", !p.noPKCE) }

// authorizationURL is where the browser goes. The parameters are in the
// reference's order.
func (p *provider) authorizationURL(f flow, scopes []string, loginHint string) string {
	url := p.authorize
	set := func(name, value string) {
		if value != "" {
			url = sdk.SetQuery(url, name, value)
		}
	}
	extra := p.c.Names("config." + p.path + "authorizationUrlParams")
	for _, name := range extra {
		set(name, p.get("authorizationUrlParams."+sdk.EscapeName(name)).String())
	}
	set("response_type", p.text("responseType", p.responseType()))
	if p.clientKey {
		set("client_key", p.text("clientKey", p.clientID()))
	} else {
		set(p.clientIDName(), p.clientID())
	}
	set("state", f.state)
	if asked := p.scopes(scopes); len(asked) > 0 || !p.omitScope {
		separator := p.separator
		if separator == "" {
			separator = " "
		}
		url = sdk.SetQuery(url, "scope", strings.Join(asked, separator))
	}
	set("redirect_uri", p.callbackURL(f.route))
	set("duration", p.text("duration", ""))
	set("display", p.text("display", ""))
	if p.loginHint || p.preset.id == "" {
		set("login_hint", loginHint)
	}
	set("prompt", p.prompt)
	set("hd", p.text("hd", ""))
	set(p.accessTypeName(), p.accessType)
	set("response_mode", p.text("responseMode", p.responseMode()))
	if p.usesPKCE() {
		set("code_challenge_method", "S256")
		set("code_challenge", f.challenge)
	}
	for _, pair := range strings.Split(p.params, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if value, ok := sdk.DecodeURIComponent(value); ok {
			set(name, value)
		}
	}
	set("nonce", f.nonce)
	return url + p.fragment()
}

// What some providers call differently.

func (p *provider) responseType() string {
	if p.preset.id == "apple" {
		return "code id_token"
	}
	return "code"
}

func (p *provider) responseMode() string {
	if p.preset.id == "apple" {
		return "form_post"
	}
	return ""
}

func (p *provider) clientIDName() string {
	if p.preset.id == "wechat" {
		return "appid"
	}
	return "client_id"
}

func (p *provider) accessTypeName() string {
	if p.preset.id == "dropbox" {
		return "token_access_type"
	}
	return "access_type"
}

func (p *provider) fragment() string {
	if p.preset.id == "wechat" {
		return "#wechat_redirect"
	}
	return ""
}
