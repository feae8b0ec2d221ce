package main

import (
	"strings"
	"time"

	"github.com/authhost/authhost/sdk"
)

// tokens is what a token endpoint answered, but for the tokens themselves:
// those are at scratch.tokens.
type tokens struct {
	expires, refreshExpires string // times as records have them, "" if unknown
	scopes                  string // with commas between
	hasID                   bool
}

// exchange trades a code for tokens (RFC 6749, section 4.1.3).
func (p *provider) exchange(code, verifier, redirect, device string) (tokens, bool) {
	form := []sdk.Field{sdk.F("grant_type", sdk.String("authorization_code")), sdk.F("code", sdk.String(code))}
	add := func(name, value string) {
		if value != "" {
			form = append(form, sdk.F(name, sdk.String(value)))
		}
	}
	if p.usesPKCE() {
		add("code_verifier", verifier)
	}
	add("device_id", device)
	add("redirect_uri", redirect)
	for _, name := range p.c.Names("config." + p.path + "tokenUrlParams") {
		add(name, p.get("tokenUrlParams."+sdk.EscapeName(name)).String())
	}
	return p.ask(form)
}

// refresh trades a refresh token, which is at scratch.stored, for new tokens
// (RFC 6749, section 6).
func (p *provider) refresh() (tokens, bool) {
	form := []sdk.Field{sdk.F("grant_type", sdk.String("refresh_token")), sdk.F("refresh_token", sdk.Copy("scratch.stored.refreshToken"))}
	if p.preset.id == "microsoft" {
		form = append(form, sdk.F("scope", sdk.String(strings.Join(p.scopes(nil), " "))))
	}
	return p.ask(form)
}

// ask calls the token endpoint as this client.
func (p *provider) ask(form []sdk.Field) (tokens, bool) {
	c := p.c
	r := sdk.HTTPRequest{Method: "POST", URL: p.token}
	for _, name := range c.Names("config." + p.path + "authorizationHeaders") {
		r.Headers = append(r.Headers, sdk.F(name, sdk.Secret(p.path+"authorizationHeaders."+sdk.EscapeName(name))))
	}
	hasSecret := !p.get("clientSecret").IsAbsent()
	secret := sdk.Secret(p.path + "clientSecret")
	if p.text("authentication", "") == "basic" || p.basic && p.text("authentication", "") == "" {
		r.Username, r.Password = sdk.String(p.clientID()), sdk.String("")
		if hasSecret {
			r.Password = secret
		}
	} else {
		if p.clientKey {
			form = append(form, sdk.F("client_key", sdk.String(p.text("clientKey", p.clientID()))))
		} else {
			form = append(form, sdk.F(p.clientIDName(), sdk.String(p.clientID())))
		}
		if hasSecret {
			form = append(form, sdk.F(p.secretName(), secret))
		}
	}
	r.Form = form
	if status := c.HTTP().Do(r); status != sdk.OK {
		c.Log(sdk.Warn, "the token endpoint of the provider "+p.id+" did not answer")
		return tokens{}, false
	}
	if code := c.Result("status").Int(0); code < 200 || code > 299 || !c.Result("body.access_token").Truthy() && !c.Result("body.id_token").Truthy() {
		c.Log(sdk.Warn, "the provider "+p.id+" refused a code or token: "+c.Result("body.error").String()+" "+c.Result("body.error_description").String())
		return tokens{}, false
	}
	c.Keep("tokens", sdk.Copy("result.body"))
	return p.read(), true
}

func (p *provider) secretName() string {
	if p.preset.id == "wechat" {
		return "secret"
	}
	return "client_secret"
}

func (p *provider) read() tokens {
	c := p.c
	t := tokens{hasID: c.Kept("tokens.id_token").Kind() == sdk.KindString}
	life := c.Kept("tokens.expires_in").Int(p.get("accessTokenExpiresIn").Int(0))
	t.expires = after(c, life)
	t.refreshExpires = after(c, c.Kept("tokens.refresh_token_expires_in").Int(0))
	t.scopes = strings.Join(strings.FieldsFunc(c.Kept("tokens.scope").String(), func(r rune) bool { return r == ' ' || p.separator != "" && r == ',' }), ",")
	return t
}

// after is the time in so many seconds, as records have it; "" for none.
func after(c *sdk.Call, seconds int64) string {
	if seconds <= 0 || seconds > maxLife {
		return ""
	}
	return time.UnixMilli(c.Now() + seconds*1000).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

const maxLife = 100 * 365 * 24 * 3600 // seconds

// fields are those of an account that the answer changes. Tokens are copied
// within the host; one that did not come leaves the account's as it is.
func (t tokens) fields(c *sdk.Call) []sdk.Field {
	var out []sdk.Field
	add := func(name string, v sdk.Value) { out = append(out, sdk.F(name, v)) }
	for _, f := range [...][2]string{{"accessToken", "access_token"}, {"refreshToken", "refresh_token"}, {"idToken", "id_token"}} {
		if c.Kept("tokens."+f[1]).Kind() == sdk.KindString {
			add(f[0], sdk.Copy("scratch.tokens."+f[1]))
		}
	}
	for _, f := range [...][2]string{{"accessTokenExpiresAt", t.expires}, {"refreshTokenExpiresAt", t.refreshExpires}, {"scope", t.scopes}} {
		if f[1] != "" {
			add(f[0], sdk.String(f[1]))
		}
	}
	return out
}
