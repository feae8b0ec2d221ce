package main

import "github.com/authhost/authhost/sdk"

// tokenPurpose is that of the signed tokens in links to /verify-email.
const tokenPurpose = "email-verification"

// changeEmail serves POST /change-email. A new address that is taken gets the
// same answer as one that is free.
func changeEmail(c *sdk.Call) sdk.Result {
	if !c.Config("changeEmail.enabled").IsTrue() {
		return errChangeDisabled.Deny(c)
	}
	user := c.Session()
	current := user.User("email").String()
	next := sdk.ToLower(c.Request().Body("newEmail").String())
	if next == current {
		return errSameEmail.Deny(c)
	}
	verified := user.User("emailVerified").IsTrue()
	sends := c.Config("emailVerification.sendVerificationEmail").IsTrue()
	direct := !verified && c.Config("changeEmail.updateEmailWithoutVerification").IsTrue()
	if !direct && !sends { // before the look-up, which must not show here
		return errCannotSend.Deny(c)
	}
	_, status := c.Identity().FindUserByEmail(next)
	switch {
	case status == sdk.OK:
		status = signNothing(c, current, next)
	case status != sdk.NotFound:
	case direct:
		status = replaceEmail(c, next, sends)
	case verified && c.Config("changeEmail.sendChangeEmailConfirmation").IsTrue():
		status = mailLink(c, "change-email-confirmation", current, changeClaims(current, next, "change-email-confirmation"))
	default:
		status = mailLink(c, "verify-email", next, changeClaims(current, next, "change-email-verification"))
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}

// signNothing does the work of signing a token, for an answer that must take
// as long as the one for a free address.
func signNothing(c *sdk.Call, current, next string) sdk.Status {
	_, status := c.Crypto().SignToken(tokenPurpose, 1, changeClaims(current, next, "none")...)
	return status
}

func changeClaims(current, next, requestType string) []sdk.Field {
	return []sdk.Field{
		sdk.F("email", sdk.String(current)),
		sdk.F("updateTo", sdk.String(next)),
		sdk.F("requestType", sdk.String(requestType)),
	}
}

// replaceEmail changes an address that was never verified at once. An address
// that was taken meanwhile is left, with the same answer.
func replaceEmail(c *sdk.Call, next string, sends bool) sdk.Status {
	_, status := c.Identity().UpdateUser(c.Session().UserID(), "", sdk.F("email", sdk.String(next)))
	if status == sdk.Conflict {
		return sdk.OK
	}
	if status == sdk.OK {
		status = c.Sessions().Reissue()
	}
	if status == sdk.OK && sends {
		status = mailLink(c, "verify-email", next, []sdk.Field{sdk.F("email", sdk.String(next))})
	}
	return status
}

// mailLink mails a link to /verify-email with a token of the given claims.
func mailLink(c *sdk.Call, template, to string, claims []sdk.Field) sdk.Status {
	token, status := c.Crypto().SignToken(tokenPurpose, c.Config("emailVerification.expiresIn").Int(0), claims...)
	if status != sdk.OK {
		return status
	}
	return c.Email().Send(sdk.Mail{
		To:       to,
		Template: template,
		URL:      c.Tenant("authURL").String() + "/verify-email?token=" + token + "&callbackURL=" + callbackParameter(c),
		Token:    token,
	})
}

// callbackParameter returns the request's callbackURL, or "/", for a link.
func callbackParameter(c *sdk.Call) string {
	page := c.Request().Body("callbackURL").String()
	if page == "" {
		page = "/"
	}
	return sdk.EncodeURIComponent(page)
}
