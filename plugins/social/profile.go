package main

import (
	"encoding/base64"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// profile is a user at the provider, in the terms of users here. All that the
// provider said is at scratch.profile.
type profile struct {
	id, name, email string
	image           sdk.Value
	verified        bool
	extra           []sdk.Field // further fields, by the setting mapProfileToUser
}

// idTokenMaxAge is how old an id token may be that a client brings along.
const idTokenMaxAge = 3600

// identify finds out who the tokens at scratch.tokens belong to. An id token
// counts once its signature, issuer, audience and nonce are right; the user
// info endpoint must speak of the same subject.
func (p *provider) identify(t tokens, nonce string) (profile, bool) {
	c := p.c
	subject := ""
	if t.hasID && p.verifies() {
		token := sdk.RemoteToken{Token: sdk.Copy("scratch.tokens.id_token"), JWKSURL: p.jwks, Issuer: p.issuers(), Audience: p.audiences()}
		if nonce != "" {
			token.Nonce = sdk.String(nonce)
		}
		if status := c.HTTP().VerifyToken(token); status != sdk.OK {
			c.Log(sdk.Warn, "the id token of the provider "+p.id+" is refused: "+c.Result("message").String())
			return profile{}, false
		}
		subject = c.Result("claims.sub").String()
		c.Keep("profile", sdk.Copy("result.claims"))
		if p.fromIDToken || p.preset.id == "" && c.Result("claims.email").Truthy() || p.userInfo == "" {
			return p.profile()
		}
	} else if p.fromIDToken {
		return profile{}, false
	}
	if !p.fetchProfile("scratch.tokens.access_token") {
		return profile{}, false
	}
	if sub := c.Kept("profile.sub"); subject != "" && !sub.IsAbsent() && sub.String() != subject {
		c.Log(sdk.Warn, "the user info of the provider "+p.id+" is about another subject than the id token")
		return profile{}, false
	}
	return p.profile()
}

// fetchProfile asks the user info endpoint, with the access token at a path.
func (p *provider) fetchProfile(token string) bool {
	c := p.c
	if p.userInfo == "" {
		return false
	}
	r := sdk.HTTPRequest{URL: p.userInfo, Bearer: sdk.Copy(token)}
	p.prepare(&r, token)
	if status := c.HTTP().Do(r); status != sdk.OK || c.Result("status").Int(0) != 200 || c.Result("body").Kind() != sdk.KindJSON {
		c.Log(sdk.Warn, "the user info endpoint of the provider "+p.id+" gave no profile")
		return false
	}
	c.Keep("profile", sdk.Copy("result.body"))
	return p.complete(token)
}

// profile reads the user out of scratch.profile.
func (p *provider) profile() (profile, bool) {
	c := p.c
	if !p.admits() {
		return profile{}, false
	}
	out := profile{id: p.mapped("id", p.sub).Text(), name: p.mapped("name", p.name).String(), image: p.mapped("image", p.image)}
	out.email = sdk.ToLower(p.mapped("email", p.email).String())
	if verified := p.mapped("emailVerified", p.verified); verified.IsTrue() || verified.String() == "true" || p.preset.id == "twitter" && verified.Truthy() {
		out.verified = true
	}
	if !strings.Contains(out.email, "@") {
		out.email = ""
	}
	if out.email == "" && p.placeholder != "" && out.id != "" {
		out.email, out.verified = sdk.ToLower(out.id)+"@"+p.placeholder, false
	}
	if out.image.Kind() != sdk.KindString {
		out.image = sdk.Value{}
	}
	for _, name := range c.Names("config." + p.path + "mapProfileToUser") {
		switch name {
		case "id", "name", "email", "image", "emailVerified":
		default:
			out.extra = append(out.extra, sdk.F(sdk.EscapeName(name), p.mapped(name, "")))
		}
	}
	return out, out.id != ""
}

// mapped returns a user's field: from where mapProfileToUser says, and else
// from the first of the given paths that has a value.
func (p *provider) mapped(field, paths string) sdk.Value {
	if own := p.text("mapProfileToUser."+sdk.EscapeName(field), ""); own != "" {
		if strings.Contains(own, "{") {
			return sdk.String(p.template(own))
		}
		paths = own
	}
	for _, path := range strings.Split(paths, "|") {
		if path == "" {
			continue
		}
		if v := p.c.Kept("profile." + path); v.Truthy() {
			return v
		}
	}
	return sdk.Value{}
}

// template fills "{path}" of a text with the profile's values.
func (p *provider) template(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		path, after, _ := strings.Cut(rest, "}")
		b.WriteString(p.c.Kept("profile." + path).Text())
		text = after
	}
}

// verifyIDToken checks an id token that a client got from the provider by
// itself, and leaves its claims as the profile. The token is at a path.
func (p *provider) verifyIDToken(path string, nonce sdk.Value) bool {
	status := p.c.HTTP().VerifyToken(sdk.RemoteToken{
		Token: sdk.Copy(path), JWKSURL: p.jwks, Issuer: p.issuers(), Audience: p.audiences(), MaxAge: idTokenMaxAge, Nonce: p.clientNonce(nonce),
	})
	if status != sdk.OK {
		p.c.Log(sdk.Warn, "an id token of the provider "+p.id+" is refused: "+p.c.Result("message").String())
		return false
	}
	p.c.Keep("profile", sdk.Copy("result.claims"))
	return true
}

// clientNonce is the nonce that a client's id token must have. Apps on Apple's
// devices hand the provider its hash.
func (p *provider) clientNonce(nonce sdk.Value) sdk.Value {
	if p.preset.id != "apple" || nonce.String() == "" {
		return nonce
	}
	digest, status := p.c.Crypto().Digest(nonce, "hex")
	if status != sdk.OK {
		return nonce
	}
	return sdk.String(digest)
}

// payload leaves the claims of an id token at a path as the profile, without
// checking it: it was checked before it was stored.
func (p *provider) payload(path string) bool {
	_, rest, _ := strings.Cut(p.c.Get(path).String(), ".")
	text, _, _ := strings.Cut(rest, ".")
	claims, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && p.c.Keep("profile", sdk.JSON(string(claims))) == sdk.OK
}
