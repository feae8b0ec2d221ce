package main

import "github.com/authhost/authhost/sdk"

// keyUse names the signing keys of this plugin.
const keyUse = "convex"

// cookieName is the cookie that holds a token beside the session's cookie.
const cookieName = "convex_jwt"

// hiddenFields are the fields of a user that tokens leave out unless they are
// asked for.
var hiddenFields = [...]string{"id", "image"}

// reservedClaims have a meaning of their own to Convex or to JWT; the schema
// of the options refuses them, and a user field of such a name is left out.
var reservedClaims = [...]string{"tokenIdentifier", "issuer", "subject", "iss", "sub", "aud", "iat", "exp", "nbf", "jti", "sessionId"}

// token serves GET /convex/token.
func token(c *sdk.Call) sdk.Result {
	jwt, status := issue(c)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("token", sdk.String(jwt))
	c.SetCookieFor(cookieName, jwt, lifetime(c))
	return sdk.Continue
}

// followSession sets the cookie when the client gets or keeps a session, and
// takes it away when the client has none.
func followSession(c *sdk.Call) sdk.Result {
	if c.Phase() == "ended" || !c.Session().Exists() {
		c.ExpireCookie(cookieName)
		return sdk.Continue
	}
	jwt, status := issue(c)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetCookieFor(cookieName, jwt, lifetime(c))
	return sdk.Continue
}

// issue signs a token for the session. A jti makes two tokens of one second
// differ: RS256 gives equal signatures for equal claims, and the Convex client
// takes an unchanged token for a refusal to refresh it.
func issue(c *sdk.Call) (string, sdk.Status) {
	id, status := c.Random().UUID()
	if status != sdk.OK {
		return "", status
	}
	if c.Config("claims.fields").IsAbsent() {
		copyUser(c)
	} else {
		copyFields(c)
	}
	for _, name := range c.Names("config.claims.constants") {
		name = sdk.EscapeName(name)
		c.Arg("claims."+name, sdk.Copy("config.claims.constants."+name))
	}
	c.Arg("claims.sessionId", sdk.Copy("session.session.id"))
	c.Arg("claims.sub", sdk.Copy("session.user.id"))
	c.Arg("claims.iss", sdk.String(issuer(c)))
	c.Arg("claims.aud", c.Config("audience"))
	c.Arg("claims.jti", sdk.String(id))
	return c.Keys().Sign(keyUse, c.Config("algorithm").String(), lifetime(c))
}

// copyUser makes claims of all fields of the user but those that are hidden
// or reserved.
func copyUser(c *sdk.Call) {
	c.Arg("claims", sdk.Copy("session.user"))
	for _, name := range hiddenFields {
		c.Arg("claims."+name, sdk.Value{})
	}
	for _, name := range reservedClaims {
		c.Arg("claims."+name, sdk.Value{})
	}
}

// copyFields makes claims of the fields that the options list.
func copyFields(c *sdk.Call) {
	c.Arg("claims", sdk.JSON("{}"))
	for i := int64(0); ; i++ {
		name := c.Config("claims.fields." + sdk.Int(i).Text())
		if name.IsAbsent() {
			return
		}
		field := sdk.EscapeName(name.String())
		c.Arg("claims."+field, sdk.Copy("session.user."+field))
	}
}

// lifetime returns the life of a token in seconds.
func lifetime(c *sdk.Call) int64 { return c.Config("lifetime").Int(0) }

// issuer returns who signs. Convex identifies a user by issuer and subject, so
// an app that moves its users here keeps its old one by configuration.
func issuer(c *sdk.Call) string {
	return c.Config("issuer").StringOr(c.Tenant("baseURL").String())
}
