package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// tokenPurpose is that of the signed tokens in verification mails. The account
// plugin signs tokens of the same purpose for changes of address.
const tokenPurpose = "email-verification"

// Request types of tokens that change an address: the first is mailed to the
// present address, the second to the new one.
const (
	confirmChange = "change-email-confirmation"
	verifyChange  = "change-email-verification"
)

func sendsVerification(c *sdk.Call) bool {
	return c.Config("emailVerification.sendVerificationEmail").IsTrue()
}

// sendsOnSignUp reports whether sign-up mails a verification link. Unless it
// is said, it does when the address must be verified.
func sendsOnSignUp(c *sdk.Call) bool {
	onSignUp := c.Config("emailVerification.sendOnSignUp")
	if onSignUp.IsAbsent() {
		onSignUp = c.Config("requireEmailVerification")
	}
	return onSignUp.IsTrue() && sendsVerification(c)
}

// mailVerification mails a link that verifies an address.
func mailVerification(c *sdk.Call, email string, callback sdk.Value) sdk.Status {
	return mailLink(c, email, callback, sdk.F("email", sdk.String(sdk.ToLower(email))))
}

// mailLink mails a link to /verify-email with a token of the given claims.
func mailLink(c *sdk.Call, to string, callback sdk.Value, claims ...sdk.Field) sdk.Status {
	token, status := c.Crypto().SignToken(tokenPurpose, c.Config("emailVerification.expiresIn").Int(0), claims...)
	if status != sdk.OK {
		return status
	}
	page := callback.String()
	if page == "" {
		page = "/"
	}
	return c.Email().Send(sdk.Mail{
		To:       to,
		Template: "verify-email",
		URL:      c.Tenant("authURL").String() + "/verify-email?token=" + token + "&callbackURL=" + sdk.EncodeURIComponent(page),
		Token:    token,
	})
}

// sendVerificationEmail serves POST /send-verification-email.
func sendVerificationEmail(c *sdk.Call) sdk.Result {
	if !sendsVerification(c) {
		return errVerifyDisabled.Deny(c)
	}
	email := sdk.ToLower(c.Request().Body("email").String())
	status := sdk.OK
	if c.Session().Exists() {
		if sdk.ToLower(c.Session().User("email").String()) != email {
			return errEmailMismatch.Deny(c)
		}
		if c.Session().User("emailVerified").IsTrue() {
			return errAlreadyVerified.Deny(c)
		}
		status = mailVerification(c, email, c.Request().Body("callbackURL"))
	} else {
		status = mailDiscreetly(c, email)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}

// mailDiscreetly mails a link if there is somebody to verify, and signs a
// token for nobody if there is not, so that both take the same time: the mail
// itself is sent after the answer.
func mailDiscreetly(c *sdk.Call, email string) sdk.Status {
	user, status := c.Identity().FindUserByEmail(email)
	if status == sdk.OK && !user.EmailVerified {
		return mailVerification(c, email, c.Request().Body("callbackURL"))
	}
	if status != sdk.OK && status != sdk.NotFound {
		return status
	}
	_, status = c.Crypto().SignToken(tokenPurpose, 1, sdk.F("email", sdk.String(email)))
	return status
}

// verifyEmail serves GET /verify-email, the mailed link.
func verifyEmail(c *sdk.Call) sdk.Result {
	if status := c.Crypto().VerifyToken(tokenPurpose, sdk.Copy("request.query.token")); status == sdk.Invalid {
		if c.Result("code").String() == "expired" {
			return refuseLink(c, &errTokenExpired)
		}
		return refuseLink(c, &errVerifyToken)
	} else if status != sdk.OK {
		return c.Fail(status)
	}
	email := c.Result("claims.email").String()
	updateTo := c.Result("claims.updateTo").String()
	requestType := c.Result("claims.requestType").String()
	issued := c.Result("claims.iat").Int(0)
	if !sdk.IsEmail(email) || updateTo != "" && !sdk.IsEmail(updateTo) {
		return refuseLink(c, &errVerifyToken)
	}
	user, status := c.Identity().FindUserByEmail(email)
	if status == sdk.NotFound {
		return refuseLink(c, &errUserNotFound)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	if updateTo != "" {
		void, status := isVoid(c, user.ID, issued)
		if status != sdk.OK {
			return c.Fail(status)
		}
		if void {
			return refuseLink(c, &errVerifyToken)
		}
		return changeAddress(c, user, updateTo, requestType)
	}
	return markVerified(c, user)
}

// refuseLink answers a link that is no good: at the app's page if the link
// has one, else with the error.
func refuseLink(c *sdk.Call, e *sdk.APIError) sdk.Result {
	page := c.Request().Query("callbackURL").String()
	if page == "" {
		return e.Deny(c)
	}
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	return c.Redirect(page + separator + "error=" + e.Code)
}

// acceptLink answers a link that did its work: at the app's page if the link
// has one, else with the status and a user.
func acceptLink(c *sdk.Call, user sdk.Value) sdk.Result {
	if page := c.Request().Query("callbackURL").String(); page != "" {
		return c.Redirect(page)
	}
	c.SetBody("status", sdk.Bool(true))
	c.SetBody("user", user)
	return sdk.Continue
}

// markVerified marks the address of a user as verified. A link works until it
// expires, but only its first use signs in.
func markVerified(c *sdk.Call, user sdk.User) sdk.Result {
	if user.EmailVerified {
		return acceptLink(c, sdk.Null)
	}
	if _, status := c.Identity().UpdateUser(user.ID, "", sdk.F("emailVerified", sdk.Bool(true))); status != sdk.OK {
		return c.Fail(status)
	}
	if c.Config("emailVerification.autoSignInAfterVerification").IsTrue() {
		pending, status := ensureSession(c, user, c.Session().User("email").String() == user.Email)
		if status != sdk.OK {
			return c.Fail(status)
		}
		if pending {
			return sdk.Continue
		}
	}
	return acceptLink(c, sdk.Null)
}

// ensureSession sends the cookie of the present session again, or signs the
// user in: until the browser closes, if that was chosen in it before.
func ensureSession(c *sdk.Call, user sdk.User, present bool) (pending bool, status sdk.Status) {
	if present {
		return false, c.Sessions().Reissue()
	}
	session, status := c.Sessions().Create(user.ID, sdk.SessionOptions{Reason: "verify-email", Keep: true})
	return session.Pending, status
}

// changeAddress takes a step of a change of address. Tokens without a request
// type, which old versions of Better Auth issued, are refused: they changed
// an address without the consent of its new owner.
func changeAddress(c *sdk.Call, user sdk.User, updateTo, requestType string) sdk.Result {
	present := c.Session().Exists()
	if present && c.Session().User("email").String() != user.Email {
		return refuseLink(c, &errInvalidUser)
	}
	switch requestType {
	case confirmChange:
		return confirmAddress(c, user, updateTo)
	case verifyChange:
		return replaceAddress(c, user, updateTo, present)
	default:
		return refuseLink(c, &errVerifyToken)
	}
}

// confirmAddress follows the link in the mail to the present address: the new
// address gets a link of its own.
func confirmAddress(c *sdk.Call, user sdk.User, updateTo string) sdk.Result {
	if sendsVerification(c) {
		status := mailLink(c, updateTo, c.Request().Query("callbackURL"),
			sdk.F("email", sdk.String(user.Email)),
			sdk.F("updateTo", sdk.String(updateTo)),
			sdk.F("requestType", sdk.String(verifyChange)))
		if status != sdk.OK {
			return c.Fail(status)
		}
	}
	return acceptLink(c, sdk.Value{})
}

// replaceAddress follows the link in the mail to the new address.
func replaceAddress(c *sdk.Call, user sdk.User, updateTo string, present bool) sdk.Result {
	_, status := c.Identity().UpdateUser(user.ID, "",
		sdk.F("email", sdk.String(updateTo)),
		sdk.F("emailVerified", sdk.Bool(true)))
	if status == sdk.Conflict { // taken since the link was mailed
		return refuseLink(c, &errUserExists)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	pending, status := ensureSession(c, user, present)
	if status != sdk.OK {
		return c.Fail(status)
	}
	if pending {
		return sdk.Continue
	}
	return acceptLink(c, sdk.Copy("session.user"))
}
