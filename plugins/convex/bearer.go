package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// useBearer makes a session token in the Authorization header the credential
// of the request. A token with a wrong signature is passed over, and the
// cookie counts; a token of no session does not fall back to the cookie.
//
// A token for Convex names a session, too. Where the options say so, it lets a
// server of the app act in that session as long as it lasts, and no further:
// such a request gets neither cookies nor session tokens.
func useBearer(c *sdk.Call) sdk.Result {
	token := c.Request().BearerToken()
	if token == "" {
		return sdk.Continue
	}
	if strings.Count(token, ".") == 2 && takesTokens(c) {
		return useToken(c, token)
	}
	if status := c.Sessions().Use(token, false); status != sdk.OK && status != sdk.Invalid {
		return c.Fail(status)
	}
	return sdk.Continue
}

// useToken makes the session that a token for Convex names the request's. A
// token that is not this plugin's, or not good any more, is passed over.
func useToken(c *sdk.Call, token string) sdk.Result {
	switch status := c.Keys().Verify(keyUse, c.Config("algorithm").String(), sdk.String(token)); status {
	case sdk.OK:
	case sdk.Invalid:
		return sdk.Continue
	default:
		return c.Fail(status)
	}
	claim := func(name string) string { return c.Result("claims." + name).String() }
	session, user := claim("sessionId"), claim("sub")
	if other(c) {
		user = claim(claimUserID)
	}
	if claim("iss") != issuer(c) || claim("aud") != c.Config("audience").String() || session == "" || user == "" {
		return sdk.Continue
	}
	if status := c.Sessions().UseID(session, user); status != sdk.OK {
		return c.Fail(status)
	}
	if status := c.Audit().Record("token-used", user, sdk.F("session", sdk.String(session)),
		sdk.F("route", c.Get("request.route")), sdk.F("method", sdk.String(c.Request().Method()))); status != sdk.OK {
		return c.Fail(status)
	}
	return sdk.Continue
}

// takesTokens reports whether the endpoint takes a token for Convex.
func takesTokens(c *sdk.Call) bool {
	route := c.Get("request.route").String()
	for i := int64(0); ; i++ {
		scope := c.Config("tokenScopes." + sdk.Int(i).Text())
		if scope.IsAbsent() {
			return false
		}
		if below, family := strings.CutSuffix(scope.String(), "/*"); route == scope.String() || family && strings.HasPrefix(route, below+"/") {
			return true
		}
	}
}
