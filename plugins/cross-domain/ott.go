package main

import "github.com/authhost/authhost/sdk"

const (
	identifierPrefix = "one-time-token:" // of the verification under which a token is kept
	tokenLength      = 32                // characters of sdk.Alnum: 190 bits
	tokenSeconds     = 180
	tokenParameter   = "ott"
)

// The refusals of this plugin, as Better Auth words them.
var (
	errInvalidToken    = sdk.APIError{Status: 400, Message: "Invalid token"}
	errSessionNotFound = sdk.APIError{Status: 400, Message: "Session not found"}
)

// exchange serves POST /cross-domain/one-time-token/verify. A token is used up
// whether or not its session is still there.
func exchange(c *sdk.Call) sdk.Result {
	session, status := c.Verifications().Consume(identifierPrefix + c.Request().Body("token").String())
	if status == sdk.NotFound {
		return errInvalidToken.Deny(c)
	}
	if status == sdk.OK {
		status = c.Sessions().Adopt(session, "one-time-token")
	}
	if status == sdk.NotFound {
		return errSessionNotFound.Respond(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.CopyBody("session", "result.session")
	c.CopyBody("user", "result.user")
	return sdk.Continue
}

// addToken puts a one-time token into a redirect that takes a browser with a
// new session to the app. A link in a mail is often opened elsewhere than where
// the app runs, so the one that verifies an address does not sign in there; and
// no other site than the app's gets a token.
func addToken(c *sdk.Call) sdk.Status {
	target := c.RedirectTarget()
	if target == "" || c.Reason() == "verify-email" || !leadsToSite(c, target) {
		return sdk.OK
	}
	token, status := c.Random().String(tokenLength, sdk.Alnum)
	if status == sdk.OK {
		status = c.Verifications().Create(identifierPrefix+token, c.Session().Get("token").String(), tokenSeconds)
	}
	if status == sdk.OK {
		c.Redirect(sdk.SetQuery(sdk.AbsoluteURL("", target), tokenParameter, token))
	}
	return status
}

func leadsToSite(c *sdk.Call, target string) bool {
	for _, s := range sitesOf(c) {
		if origin(target) == origin(s) {
			return true
		}
	}
	return false
}
