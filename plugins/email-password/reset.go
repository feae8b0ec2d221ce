package main

import "github.com/authhost/authhost/sdk"

// resetTokenLength is the number of characters of a mailed reset token: 142
// bits.
const resetTokenLength = 24

// resetPrefix starts the identifier under which a reset token is kept.
const resetPrefix = "reset-password:"

// requestPasswordReset serves POST /request-password-reset. Its answer, and
// what it costs, are the same for known and unknown addresses.
func requestPasswordReset(c *sdk.Call) sdk.Result {
	if !c.Config("sendResetPassword").IsTrue() {
		return errResetDisabled.Deny(c)
	}
	user, status := c.Identity().FindUserByEmail(c.Request().Body("email").String())
	switch status {
	case sdk.OK:
		status = mailReset(c, user)
	case sdk.NotFound:
		status = writeDecoy(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	c.SetBody("message", sdk.String("If this email exists in our system, check your email for the reset link"))
	return sdk.Continue
}

func mailReset(c *sdk.Call, user sdk.User) sdk.Status {
	token, status := c.Random().String(resetTokenLength, sdk.Alnum)
	if status != sdk.OK {
		return status
	}
	status = c.Verifications().Create(resetPrefix+token, user.ID, c.Config("resetPasswordTokenExpiresIn").Int(0))
	if status != sdk.OK {
		return status
	}
	callback := sdk.EncodeURIComponent(c.Request().Body("redirectTo").String())
	return c.Email().Send(sdk.Mail{
		To:       user.Email,
		Template: "reset-password",
		URL:      c.Tenant("authURL").String() + "/reset-password/" + token + "?callbackURL=" + callback,
		Token:    token,
	})
}

// resetPasswordCallback serves GET /reset-password/:token, the mailed link: it
// sends the browser to the app's own page, with the token or an error.
func resetPasswordCallback(c *sdk.Call) sdk.Result {
	callback := c.Request().Query("callbackURL").String()
	if callback == "" {
		return c.Redirect(c.Tenant("authURL").String() + "/error?error=INVALID_TOKEN")
	}
	page := sdk.AbsoluteURL(c.Tenant("baseURL").String(), callback)
	token := c.Request().Param("token")
	switch _, status := c.Verifications().Find(resetPrefix + token); status {
	case sdk.OK:
		return c.Redirect(sdk.SetQuery(page, "token", token))
	case sdk.NotFound:
		return c.Redirect(sdk.SetQuery(page, "error", errResetToken.Code))
	default:
		return c.Fail(status)
	}
}

// resetPassword serves POST /reset-password. A password that is refused does
// not use up the token.
func resetPassword(c *sdk.Call) sdk.Result {
	token := c.Request().Body("token").String()
	if token == "" {
		token = c.Request().Query("token").String()
	}
	if token == "" {
		return errResetToken.Deny(c)
	}
	if refused := checkPassword(c, c.Request().Body("newPassword")); refused != nil {
		return refused.Deny(c)
	}
	userID, status := c.Verifications().Consume(resetPrefix + token)
	if status == sdk.OK {
		status = c.Identity().SetPassword(userID, sdk.Copy("request.body.newPassword"))
	}
	switch status {
	case sdk.OK:
	case sdk.NotFound: // no such token, or its user is gone
		return errResetToken.Deny(c)
	default:
		return c.Fail(status)
	}
	if status := afterReset(c, userID); status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}

func afterReset(c *sdk.Call, userID string) sdk.Status {
	if c.Config("onPasswordReset").IsTrue() {
		user, status := c.Identity().FindUserByID(userID)
		if status == sdk.OK {
			status = c.Email().Send(sdk.Mail{To: user.Email, Template: "password-was-reset"})
		}
		if status != sdk.OK {
			return status
		}
	}
	if c.Config("revokeSessionsOnPasswordReset").IsTrue() {
		return shutOut(c, userID)
	}
	return sdk.OK
}
