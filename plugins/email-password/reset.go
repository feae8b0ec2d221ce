package main

import (
	"cmp"
	"errors"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// resets are the tokens in mails for a new password, of 142 bits. They stand
// for users.
var resets = kit.Tokens{Prefix: "reset-password:", Length: 24, WhenVerified: true}

// requestPasswordReset serves POST /request-password-reset. Its answer, and
// what it costs, are the same for known and unknown addresses.
func requestPasswordReset(c *sdk.Call) error {
	config, body := configOf(c), requestPasswordResetBody{c.Request()}
	if !config.SendResetPassword() {
		return errResetPasswordDisabled
	}
	user, err := c.Identity().FindUser(sdk.FindUserOptions{Email: body.Email()})
	switch {
	case err == nil:
		err = mailReset(c, user, body.RedirectTo(), config.ResetPasswordTokenExpiresIn())
	case errors.Is(err, sdk.NotFound):
		err = mailNoReset(c, body)
	}
	const message = "If this email exists in our system, check your email for the reset link"
	return c.ReplyUnless(err, sdk.F("status", sdk.Bool(true)), sdk.F("message", sdk.String(message)))
}

func mailReset(c *sdk.Call, user sdk.User, page string, expiresIn int64) error {
	token, err := resets.IssueFor(c, user.ID, user.ID, expiresIn)
	if err != nil {
		return err
	}
	return resetPasswordMail{URL: resetURL(c, token, page), Token: token}.Send(c, user.Email)
}

func resetURL(c *sdk.Call, token, page string) string {
	return c.Tenant("authURL").String() + "/reset-password/" + token + "?callbackURL=" + sdk.EncodeURIComponent(page)
}

// noResets are tokens for nobody, which cost what resets do.
var noResets = kit.Tokens{Prefix: "decoy:", Length: resets.Length, WhenVerified: resets.WhenVerified}

// mailNoReset does what mailReset does, for an address that nobody has.
func mailNoReset(c *sdk.Call, body requestPasswordResetBody) error {
	token, err := noResets.IssueFor(c, kit.Nobody, kit.Nobody, decoyLife)
	if err != nil {
		return err
	}
	return c.Email().Send(body.Email(), mailResetPassword, sdk.EmailSendOptions{URL: resetURL(c, token, body.RedirectTo()), Token: token, Decoy: true})
}

// resetPasswordCallback serves GET /reset-password/:token, the mailed link: it
// sends the browser to the app's own page, with the token or an error.
func resetPasswordCallback(c *sdk.Call) error {
	callback := resetPasswordCallbackQuery{c.Request()}.CallbackURL()
	if callback == "" {
		return c.Redirect(c.Tenant("authURL").String() + "/error?error=" + errInvalidToken.Code)
	}
	page, token := sdk.AbsoluteURL(c.Tenant("baseURL").String(), callback), c.Request().Param("token")
	_, err := resets.Find(c, token)
	switch {
	case err == nil:
		return c.Redirect(sdk.SetQuery(page, "token", token))
	case errors.Is(err, sdk.NotFound):
		return c.Redirect(sdk.SetQuery(page, "error", errInvalidToken.Code))
	}
	return err
}

// resetPassword serves POST /reset-password. A password that is refused does
// not use up the token.
func resetPassword(c *sdk.Call) error {
	config, body := configOf(c), resetPasswordBody{c.Request()}
	token := cmp.Or(body.Token(), resetPasswordQuery{c.Request()}.Token())
	if token == "" {
		return errInvalidToken
	}
	if err := config.checkPassword(body.Body("newPassword").String()); err != nil {
		return err
	}
	userID, err := resets.Spend(c, token)
	if err == nil {
		err = c.Identity().SetPassword(userID, body.NewPassword())
	}
	if err != nil { // no such token, or its user is gone
		return sdk.IfNotFound(err, errInvalidToken)
	}
	return done(c, afterReset(c, config, userID))
}

func afterReset(c *sdk.Call, config config, userID string) error {
	if !config.OnPasswordReset() && !config.RevokeSessionsOnPasswordReset() {
		return nil
	}
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: userID})
	if err == nil && config.OnPasswordReset() {
		err = passwordWasResetMail{}.Send(c, user.Email)
	}
	if err == nil && config.RevokeSessionsOnPasswordReset() {
		err = shutOut(c, user)
	}
	return err
}
