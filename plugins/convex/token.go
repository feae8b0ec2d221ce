package main

import (
	"cmp"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// droppedFields are the fields of a user that tokens leave out unless they are
// asked for: id and image, and whatever has a meaning of its own to Convex or
// to JWT. The schema of the options refuses to ask for the latter.
var droppedFields = []string{
	"id", "image",
	"tokenIdentifier", "issuer", "subject", "iss", "sub", "aud", "iat", "exp", "nbf", "jti", "sessionId",
}

// reservedClaims are what hooks on token.claims must leave alone: who the token
// is about, from and for, and what Convex has under other names itself.
var reservedClaims = []string{"tokenIdentifier", "issuer", "subject", "iss", "sub", "aud", "nbf", "sessionId", claimUserID}

// claimUserID is the claim with the user's id where the subject is another.
const claimUserID = "authUserId"

// token serves GET /convex/token.
func token(c *sdk.Call) error {
	signed, err := issue(c, configOf(c), c.Session(), 0)
	return c.ReplyUnless(err, sdk.F("token", sdk.String(signed)))
}

// followSession sets the cookie when the client gets or keeps a session, and
// takes it away when the client has none. Apps read their session often: while
// a token has most of its life before it, it is handed out again.
func followSession(c *sdk.Call) error {
	session := c.Session() // of a session that has ended there is none
	if !session.Exists() {
		c.ExpireCookie(cookieConvexJWT)
		return nil
	}
	settings := configOf(c)
	_, err := issue(c, settings, session, settings.Lifetime()*2/3)
	return err
}

// issue signs a token for the session and sets the cookie. It gives an earlier
// one that says the same and lives at least left seconds more; 0 asks for a new
// one. New ones have a jti: RS256 gives equal signatures for equal claims, and
// the Convex client takes an unchanged token for a refusal to refresh it.
func issue(c *sdk.Call, settings config, session sdk.CurrentSession, left int64) (string, error) {
	o := kit.UserClaims(c, session, droppedFields...)
	o.Claims = append(o.Claims,
		sdk.F("sessionId", sdk.String(session.ID)),
		sdk.F("sub", sdk.String(settings.subject(session.User))))
	if settings.Subject() != "" {
		o.Claims = append(o.Claims, sdk.F(claimUserID, sdk.String(session.User.ID)))
	}
	o.Claims = append(o.Claims, sdk.F("iss", sdk.String(settings.issuer(c))), sdk.F("aud", sdk.String(settings.Audience())))
	o.Alg, o.ID, o.Reuse, o.Reserved = settings.Algorithm(), true, left, reservedClaims
	signed, err := c.Keys().Sign(keyConvex, settings.Lifetime(), o)
	if err == nil {
		c.SetCookieFor(cookieConvexJWT, signed.Token, settings.Lifetime())
	}
	return signed.Token, err
}

// subject returns what Convex will know the user by: the text of the field that
// the configuration names, where the user has it, or else the user's id.
func (s config) subject(user sdk.User) string {
	if s.Subject() == "" {
		return user.ID
	}
	return cmp.Or(user.Fields.Get(s.Subject()).String(), user.ID)
}

// issuer returns who signs. Convex identifies a user by issuer and subject, so
// an app that moves its users here keeps its old one by configuration.
func (s config) issuer(c *sdk.Call) string {
	return cmp.Or(s.Issuer(), c.Tenant("issuer").String())
}
