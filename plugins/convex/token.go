package main

import "github.com/authhost/authhost/sdk"

// keyUse names the signing keys of this plugin.
const keyUse = "convex"

// cookieName is the cookie that holds a token beside the session's cookie.
const cookieName = "convex_jwt"

// droppedFields are the fields of a user that tokens leave out unless they are
// asked for: id and image, and whatever has a meaning of its own to Convex or
// to JWT. The schema of the options refuses to ask for the latter.
var droppedFields = [...]string{
	"id", "image",
	"tokenIdentifier", "issuer", "subject", "iss", "sub", "aud", "iat", "exp", "nbf", "jti", "sessionId",
}

// reservedClaims are what hooks on token.claims must leave alone: who the token
// is about, from and for, and what Convex has under other names itself.
var reservedClaims = [...]string{"tokenIdentifier", "issuer", "subject", "iss", "sub", "aud", "nbf", "sessionId", claimUserID}

// token serves GET /convex/token.
func token(c *sdk.Call) sdk.Result {
	jwt, status := issue(c, 0)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("token", sdk.String(jwt))
	c.SetCookieFor(cookieName, jwt, lifetime(c))
	return sdk.Continue
}

// followSession sets the cookie when the client gets or keeps a session, and
// takes it away when the client has none. Apps read their session often: while
// a token has most of its life before it, it is handed out again.
func followSession(c *sdk.Call) sdk.Result {
	if c.Phase() == "ended" || !c.Session().Exists() {
		c.ExpireCookie(cookieName)
		return sdk.Continue
	}
	jwt, status := issue(c, lifetime(c)*2/3)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetCookieFor(cookieName, jwt, lifetime(c))
	return sdk.Continue
}

// issue signs a token for the session, or gives an earlier one that says the
// same and lives at least left seconds more; 0 asks for a new one. New ones
// have a jti: RS256 gives equal signatures for equal claims, and the Convex
// client takes an unchanged token for a refusal to refresh it.
func issue(c *sdk.Call, left int64) (string, sdk.Status) {
	c.Keys().PutUserClaims(droppedFields[:]...)
	c.Keys().Reserve(reservedClaims[:]...)
	c.Arg("claims.sessionId", sdk.Copy("session.session.id"))
	c.Arg("claims.sub", sdk.Copy(subject(c)))
	if other(c) {
		c.Arg("claims."+claimUserID, sdk.Copy("session.user.id"))
	}
	c.Arg("claims.iss", sdk.String(issuer(c)))
	c.Arg("claims.aud", c.Config("audience"))
	return c.Keys().SignOrReuse(keyUse, c.Config("algorithm").String(), lifetime(c), left)
}

// claimUserID is the claim with the user's id where the subject is another.
const claimUserID = "authUserId"

// other reports whether tokens have another subject than the user's id.
func other(c *sdk.Call) bool { return !c.Config("subject").IsAbsent() }

// subject returns the path of what Convex will know the user by: the field that
// the configuration names, where the user has it, or else the user's id.
func subject(c *sdk.Call) string {
	if name := c.Config("subject").String(); name != "" {
		path := "session.user." + sdk.EscapeName(name)
		if c.Get(path).String() != "" {
			return path
		}
	}
	return "session.user.id"
}

// lifetime returns the life of a token in seconds.
func lifetime(c *sdk.Call) int64 { return c.Config("lifetime").Int(0) }

// issuer returns who signs. Convex identifies a user by issuer and subject, so
// an app that moves its users here keeps its old one by configuration.
func issuer(c *sdk.Call) string {
	return c.Config("issuer").StringOr(c.Tenant("issuer").String())
}
