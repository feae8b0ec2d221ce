package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// changeEmail serves POST /change-email. A new address that is taken gets the
// same answer as one that is free.
func changeEmail(c *sdk.Call) error {
	config := configOf(c)
	if !config.ChangeEmail().Enabled() {
		return errChangeEmailDisabled
	}
	user, next := c.Session().User, sdk.ToLower(changeEmailBody{c.Request()}.NewEmail())
	if next == user.Email {
		return errSameEmail
	}
	direct := !user.EmailVerified && config.ChangeEmail().UpdateEmailWithoutVerification()
	if !direct && !config.EmailVerification().SendVerificationEmail() { // before the look-up, which must not show here
		return errCannotVerifyEmail
	}
	_, err := c.Identity().FindUser(sdk.FindUserOptions{Email: next})
	switch {
	case err == nil:
		err = mailNobody(c, config, user, next, direct)
	case !errors.Is(err, sdk.NotFound):
	case direct:
		err = replaceEmail(c, config, user, next)
	case user.EmailVerified && config.ChangeEmail().SendChangeEmailConfirmation():
		err = mailLink(c, config, mailChangeEmailConfirmation, user.Email, change(user, next, "change-email-confirmation"))
	default:
		err = mailLink(c, config, mailVerifyEmail, next, change(user, next, "change-email-verification"))
	}
	return done(c, err)
}

// mailNobody does the work of mailing a link, for an answer that must take as
// long as the one for a free address.
func mailNobody(c *sdk.Call, config config, user sdk.User, next string, direct bool) error {
	if direct && !config.EmailVerification().SendVerificationEmail() {
		return nil
	}
	link := kit.LinkMail{To: next, Template: mailVerifyEmail, Path: "/verify-email", CallbackURL: changeEmailBody{c.Request()}.CallbackURL(), Decoy: true}
	return link.SendSigned(c, purposeEmailVerification, 1, change(user, next, "none"))
}

// change is a token for a step of a change of a user's address.
func change(user sdk.User, next, requestType string) sdk.SignTokenOptions {
	return sdk.SignTokenOptions{UserID: user.ID, Claims: []sdk.Field{
		sdk.F("email", sdk.String(user.Email)), sdk.F("updateTo", sdk.String(next)), sdk.F("requestType", sdk.String(requestType)),
	}}
}

// replaceEmail changes an address that was never verified at once. An address
// that was taken meanwhile is left, with the same answer.
func replaceEmail(c *sdk.Call, config config, user sdk.User, next string) error {
	email := []sdk.Field{sdk.F("email", sdk.String(next))}
	_, err := c.Identity().UpdateUser(user.ID, sdk.UpdateUserOptions{Set: email})
	if errors.Is(err, sdk.Conflict) {
		return nil
	}
	if err == nil {
		err = c.Sessions().Reissue()
	}
	if err != nil || !config.EmailVerification().SendVerificationEmail() {
		return err
	}
	return mailLink(c, config, mailVerifyEmail, next, sdk.SignTokenOptions{Claims: email, UserID: user.ID, WhenVerified: true})
}

// mailLink mails a link to /verify-email with a token.
func mailLink(c *sdk.Call, config config, template, to string, token sdk.SignTokenOptions) error {
	link := kit.LinkMail{To: to, Template: template, Path: "/verify-email", CallbackURL: changeEmailBody{c.Request()}.CallbackURL()}
	return link.SendSigned(c, purposeEmailVerification, config.EmailVerification().ExpiresIn(), token)
}
