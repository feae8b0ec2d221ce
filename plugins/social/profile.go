package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// profile is a user at the provider, in the terms of users here.
type profile struct {
	info            sdk.Value // all that the provider said
	id, name, email string
	otherID         string // by which accounts of the other dialect know the user; usually ""
	image           sdk.Value
	verified        bool
	extra           []sdk.Field // further fields, by the setting mapProfileToUser
}

// idTokenMaxAge is how old an id token may be that a client brings along.
const idTokenMaxAge = 3600

// identify finds out who tokens belong to. An id token counts once its
// signature, issuer, audience and nonce are right; the user info endpoint must
// speak of the same subject.
func (p *provider) identify(t tokens, nonce string) (info sdk.Value, ok bool) {
	if t.id.IsAbsent() || !p.verifies() {
		if p.fromIDToken {
			return sdk.Value{}, false
		}
		return p.fetchProfile(t)
	}
	claims, ok := p.verify(t.id, sdk.HTTPVerifyTokenOptions{Nonce: given(nonce)})
	if !ok || p.fromIDToken || p.generic() && claims.Get("email").Truthy() || p.userInfo == "" {
		return claims, ok
	}
	if info, ok = p.fetchProfile(t); !ok {
		return info, false
	}
	subject, sub := claims.Get("sub").Text(), info.Get("sub")
	if subject != "" && !sub.IsAbsent() && sub.Text() != subject {
		p.c.Log(sdk.LevelWarn, "the user info of the provider "+p.id+" is about another subject than the id token")
		return info, false
	}
	return info, true
}

// verify checks an id token of the provider and returns its claims.
func (p *provider) verify(token sdk.Value, o sdk.HTTPVerifyTokenOptions) (sdk.Value, bool) {
	issuer := sdk.String(p.issuer)
	if strings.Contains(p.issuer, " ") {
		issuer = sdk.Strings(strings.Fields(p.issuer)...)
	}
	claims, err := p.c.HTTP().VerifyToken(token, p.jwks, issuer, p.ClientID(), o)
	if err != nil {
		p.c.Log(sdk.LevelWarn, "an id token of the provider "+p.id+" is refused: "+err.Error())
	}
	return claims, err == nil
}

// clientNonce is the nonce that a client's id token must have. Apps on Apple's
// devices hand the provider its hash.
func (p *provider) clientNonce(nonce sdk.Value) sdk.Value {
	if p.preset.id == "apple" && nonce.String() != "" {
		if digest, err := p.c.Crypto().Digest(nonce, sdk.DigestOptions{Encoding: "hex"}); err == nil {
			return sdk.String(digest)
		}
	}
	return nonce
}

// fetchProfile asks the user info endpoint.
func (p *provider) fetchProfile(t tokens) (info sdk.Value, ok bool) {
	if p.userInfo == "" {
		return sdk.Value{}, false
	}
	url, o := p.profileRequest(t)
	o.Answer = answerJSON
	answer, err := p.c.HTTP().Request(url, o)
	if err != nil || answer.Status != 200 || answer.Body.Kind() != sdk.KindJSON {
		p.c.Log(sdk.LevelWarn, "the user info endpoint of the provider "+p.id+" gave no profile")
		return sdk.Value{}, false
	}
	return p.complete(answer.Body, t)
}

// profile reads the user out of what the provider said. apple is what Apple
// says beside it, at the first sign-in.
func (p *provider) profile(info, apple sdk.Value) (profile, bool) {
	if !p.admits(info) {
		return profile{}, false
	}
	if p.preset.id == "apple" {
		info = withAppleName(info, apple)
	}
	mapped := func(field, paths string) sdk.Value { return p.mapped(info, field, paths) }
	out := profile{info: info, id: p.subject(info).Text(), otherID: p.otherSubject(info), name: mapped("name", p.name).String(), image: textOf(mapped("image", p.image))}
	if email := mapped("email", p.email).String(); strings.Contains(email, "@") {
		out.email = sdk.ToLower(strings.TrimSpace(email))
	}
	verified := mapped("emailVerified", p.verified)
	out.verified = verified.IsTrue() || verified.String() == "true" || p.preset.id == "twitter" && verified.Truthy()
	if out.email == "" && p.placeholder != "" && out.id != "" {
		out.email, out.verified = sdk.ToLower(out.id)+"@"+p.placeholder, false
	}
	for name := range p.profileMap().Members() {
		switch name {
		case "id", "name", "email", "image", "emailVerified":
		default:
			out.extra = append(out.extra, sdk.F(name, mapped(name, "")))
		}
	}
	return out, out.id != ""
}

// profileMap is the setting mapProfileToUser.
func (p *provider) profileMap() sdk.Value { return p.c.Config(p.path + ".mapProfileToUser") }

// mapped returns a user's field: what mapProfileToUser says, or from where it
// says, and else from the first of the given paths that has a value.
func (p *provider) mapped(info sdk.Value, field, paths string) sdk.Value {
	set := p.profileMap().Get(field)
	if constant := set.Get("constant"); !constant.IsAbsent() {
		return constant
	}
	if own := set.String(); own != "" {
		if strings.Contains(own, "{") {
			return sdk.String(fillIn(own, info))
		}
		paths = own
	}
	for path := range strings.SplitSeq(paths, "|") {
		if v := info.At(path); path != "" && v.Truthy() {
			return v
		}
	}
	return sdk.Value{}
}

// subject is by what the provider knows the user.
func (p *provider) subject(info sdk.Value) sdk.Value {
	if p.profileMap().Get("id").String() != "" {
		return p.mapped(info, "id", "")
	}
	for path := range strings.SplitSeq(p.subjectPaths(), "|") {
		if v := info.At(path); v.Kind() == sdk.KindNumber || v.String() != "" {
			return v
		}
	}
	return sdk.Value{}
}

// subjectPaths are where a profile says by what the provider knows the user. It
// decides which account a user has: what Better Auth takes in the tenant's
// dialect, migrated users have.
func (p *provider) subjectPaths() string {
	switch {
	case p.preset.id == "microsoft" && newer(p.c):
		return "oid|sub"
	case p.profilePaths != openIDProfile || !p.ofGenericOAuth():
		return p.sub
	case newer(p.c) && (p.openID || p.verifies()):
		return "sub"
	}
	return "id|sub"
}

// otherSubject is by what an account from the other dialect knows a user of
// Microsoft: 1.6 knows them by sub, 1.7 by oid. Both are Microsoft's alone to
// give, in a signed token.
func (p *provider) otherSubject(info sdk.Value) string {
	if p.preset.id != "microsoft" {
		return ""
	}
	if newer(p.c) {
		return info.Get("sub").String()
	}
	return info.Get("oid").String()
}

// fillIn fills "{path}" of a text with the profile's values.
func fillIn(text string, info sdk.Value) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		path, after, _ := strings.Cut(rest, "}")
		b.WriteString(info.At(path).Text())
		text = after
	}
}

// claimsOf reads the claims of an id token without checking it: it was checked
// before it was stored.
func claimsOf(token string) sdk.Value {
	_, rest, _ := strings.Cut(token, ".")
	text, _, _ := strings.Cut(rest, ".")
	claims, ok := sdk.DecodeBase64URL(text)
	if !ok {
		return sdk.Value{}
	}
	return sdk.JSON(string(claims))
}
