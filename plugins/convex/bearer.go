package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// useBearer makes a session token in the Authorization header the credential
// of the request. A token with a wrong signature is passed over, and the
// cookie counts; a token of no session does not fall back to the cookie.
//
// A token for Convex names a session, too. Where the options say so, it lets a
// server of the app act in that session as long as it lasts, and no further:
// such a request gets neither cookies nor session tokens.
func useBearer(c *sdk.Call) error {
	token := c.Request().BearerToken()
	if strings.Count(token, ".") == 2 {
		if settings := configOf(c); settings.takesTokens(c.Request().Route()) {
			return useToken(c, settings, token)
		}
	}
	return kit.UseBearer(c, token, false)
}

// useToken makes the session that a token for Convex names the request's. A
// token that is not this plugin's, or not good any more, is passed over.
func useToken(c *sdk.Call, settings config, token string) error {
	claims, err := c.Keys().Verify(keyConvex, sdk.String(token), sdk.KeyVerifyOptions{Alg: settings.Algorithm()})
	if errors.Is(err, sdk.Invalid) {
		return nil
	}
	if err != nil {
		return err
	}
	claim := func(name string) string { return claims.Get(name).String() }
	session, user := claim("sessionId"), claim("sub")
	if settings.Subject() != "" {
		user = claim(claimUserID)
	}
	if claim("iss") != settings.issuer(c) || claim("aud") != settings.Audience() || session == "" || user == "" {
		return nil
	}
	if err := c.Sessions().Use(sdk.SessionUseOptions{ID: session, UserID: user}); err != nil {
		return err
	}
	return c.Audit().Record("token-used", sdk.AuditRecordOptions{UserID: user, Details: []sdk.Field{
		sdk.F("session", sdk.String(session)), sdk.F("route", sdk.String(c.Request().Route())), sdk.F("method", sdk.String(c.Request().Method())),
	}})
}

// takesTokens reports whether the endpoint with a route takes a token for
// Convex.
func (s config) takesTokens(route string) bool {
	return slices.ContainsFunc(s.TokenScopes(), func(scope string) bool {
		below, family := strings.CutSuffix(scope, "/*")
		return route == scope || family && strings.HasPrefix(route, below+"/")
	})
}
