package main

import (
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

const (
	challengePrefix = "2fa-"          // of the identifier of a challenge
	attemptsPrefix  = "2fa-attempts-" // of that of its count of failures
)

// challenges are the tokens in the cookies of open challenges, of 119 bits. They
// stand for users.
var challenges = kit.Tokens{Prefix: challengePrefix, Length: 20, WhenVerified: true}

// gate puts the second step before a session. Sessions that this plugin creates
// have passed it.
func gate(c *sdk.Call) error {
	settings, userID := configOf(c), c.Record("userId").String()
	if c.Cause() == pluginID || !settings.gated(c, userID) {
		return nil
	}
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: userID})
	if err != nil || !isOn(user) {
		return err
	}
	f, err := findFactor(c, userID)
	if err != nil {
		return err
	}
	if trusted, err := f.useTrust(c); trusted || err != nil {
		return err
	}
	if err := challenge(c, userID, settings.TwoFactorCookieMaxAge()); err != nil {
		return err
	}
	link := c.Request().Method() == "GET" || c.Reason() == "verify-email"
	if link && settings.PageURL() != "" {
		return c.Redirect(settings.PageURL())
	}
	c.SetBody("twoFactorRedirect", sdk.Bool(true))
	c.SetBody("twoFactorMethods", sdk.Strings(settings.methods(f)...))
	return sdk.Respond
}

// isOn reports whether sign-ins of a user take a second step.
func isOn(user sdk.User) bool { return user.Fields.Get("twoFactorEnabled").IsTrue() }

// gated reports whether the policy asks for the second step. It does for every
// sign-in, of whichever plugin it is, but not for a new session of a user who is
// signed in, nor for one in which somebody else acts as the user. Under
// "credential" it does for sign-ins with a password alone.
func (s config) gated(c *sdk.Call, userID string) bool {
	if !c.Record("impersonatedBy").IsNullish() {
		return false
	}
	return c.Reason() == "sign-in" || s.Policy() == "all" && c.Session().UserID != userID
}

// methods lists how a user can answer, backup codes apart.
func (s config) methods(f factor) []string {
	var methods []string
	if f.verified && !s.TOTPOptions().Disable() {
		methods = append(methods, "totp")
	}
	if s.OTPOptions().SendOTP() {
		methods = append(methods, "otp")
	}
	return methods
}

// challenge opens a challenge for so many seconds and gives the client its
// cookie. Whether the user wants to be remembered is kept on the server.
func challenge(c *sdk.Call, userID string, seconds int64) error {
	value := userID
	if c.Get("event.rememberMe").IsFalse() {
		value += forgetMark
	}
	random, err := challenges.IssueFor(c, userID, value, seconds)
	if err != nil {
		return err
	}
	id := challengePrefix + random
	if _, err := c.Verifications().Create(attemptsPrefix+id, "0", seconds); err != nil {
		return err
	}
	c.SetCookieFor(cookieTwoFactor, id, seconds)
	return nil
}
