package main

import "github.com/authhost/authhost/sdk"

const (
	challengePrefix = "2fa-"          // of the identifier of a challenge
	attemptsPrefix  = "2fa-attempts-" // of that of its count of failures
	challengeLength = 20              // characters of sdk.Alnum: 119 bits
)

// gate puts the second step before a session.
func gate(c *sdk.Call) sdk.Result {
	if c.Cause() == pluginID || !gated(c) {
		return sdk.Continue
	}
	user := c.Record("userId").String()
	if _, status := c.Identity().FindUserByID(user); status != sdk.OK {
		return c.Fail(status)
	}
	if !c.Result("twoFactorEnabled").IsTrue() {
		return sdk.Continue
	}
	f, found, status := findFactor(c, user)
	if status != sdk.OK {
		return c.Fail(status)
	}
	trusted, status := useTrust(c, user, f)
	if status != sdk.OK {
		return c.Fail(status)
	}
	if trusted {
		return sdk.Continue
	}
	if status := challenge(c, user); status != sdk.OK {
		return c.Fail(status)
	}
	if page := c.Config("pageURL"); !page.IsAbsent() && c.Request().Method() == "GET" {
		return c.Redirect(page.String())
	}
	c.SetBody("twoFactorRedirect", sdk.Bool(true))
	c.SetBody("twoFactorMethods", sdk.JSON("[]"))
	if found && !f.unverified && !c.Config("totpOptions.disable").IsTrue() {
		c.SetBody("twoFactorMethods.-", sdk.String("totp"))
	}
	if c.Config("otpOptions.sendOTP").IsTrue() {
		c.SetBody("twoFactorMethods.-", sdk.String("otp"))
	}
	return sdk.Respond
}

// gated reports whether the policy asks for the second step. It does for
// sign-ins with a password; under "all" for every other sign-in, too, but not
// for a new session of a user who is signed in.
func gated(c *sdk.Call) bool {
	if c.Reason() == "sign-in" {
		return true
	}
	return c.Config("policy").String() == "all" && c.Session().UserID() != c.Record("userId").String()
}

// challenge opens a challenge and gives the client its cookie. Whether the
// user wants to be remembered is kept on the server.
func challenge(c *sdk.Call, userID string) sdk.Status {
	seconds := c.Config("twoFactorCookieMaxAge").Int(0)
	random, status := c.Random().String(challengeLength, sdk.Alnum)
	if status != sdk.OK {
		return status
	}
	id := challengePrefix + random
	value := userID
	if c.Get("event.rememberMe").IsFalse() {
		value += forgetMark
	}
	if status = c.Verifications().Create(id, value, seconds); status == sdk.OK {
		status = c.Verifications().Create(attemptsPrefix+id, "0", seconds)
	}
	if status == sdk.OK {
		status = c.SetCookieFor(challengeCookie, id, seconds)
	}
	return status
}
