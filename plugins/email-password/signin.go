package main

import "github.com/authhost/authhost/sdk"

// signIn serves POST /sign-in/email.
func signIn(c *sdk.Call) sdk.Result {
	if !c.Config("enabled").IsTrue() {
		return errDisabled.Deny(c)
	}
	email := c.Request().Body("email").String()
	if !sdk.IsEmail(email) {
		return errInvalidEmail.Deny(c)
	}
	guard, status := guardOf(c, email)
	if status != sdk.OK {
		return c.Fail(status)
	}
	if locked, status := guard.locked(c); status != sdk.OK {
		return c.Fail(status)
	} else if locked {
		return errLocked.Respond(c)
	}
	user, valid, status := c.Identity().VerifyPasswordByEmail(email, sdk.Copy("request.body.password"))
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !valid {
		return errInvalidCredentials.Deny(c)
	}
	if status := guard.open(c); status != sdk.OK {
		return c.Fail(status)
	}
	if c.Config("requireEmailVerification").IsTrue() && !user.EmailVerified {
		return refuseUnverified(c, user)
	}
	session, status := c.Sessions().Create(user.ID, sdk.SessionOptions{
		Reason: "sign-in",
		Forget: c.Request().Body("rememberMe").IsFalse(),
	})
	if status != sdk.OK {
		return c.Fail(status)
	}
	if session.Pending {
		return sdk.Continue
	}
	callback := c.Request().Body("callbackURL")
	c.SetBody("redirect", sdk.Bool(callback.Truthy()))
	c.SetBody("token", sdk.String(session.Token))
	c.SetBody("url", callback)
	c.CopyBody("user", "result.user")
	if callback.Truthy() {
		c.SetHeader("location", callback)
	}
	return sdk.Continue
}

// refuseUnverified answers a right password for an address that has yet to be
// verified. It responds rather than denies, which would take the mail back.
func refuseUnverified(c *sdk.Call, user sdk.User) sdk.Result {
	if sendsVerification(c) && c.Config("emailVerification.sendOnSignIn").IsTrue() {
		if status := mailVerification(c, user.Email, c.Request().Body("callbackURL")); status != sdk.OK {
			return c.Fail(status)
		}
	}
	return errNotVerified.Respond(c)
}

// changePassword serves POST /change-password.
func changePassword(c *sdk.Call) sdk.Result {
	if refused := checkPassword(c, c.Request().Body("newPassword")); refused != nil {
		return refused.Deny(c)
	}
	userID := c.Session().UserID()
	hasPassword, status := c.Identity().FindAccount(userID, sdk.ProviderCredential)
	if status == sdk.NotFound || status == sdk.OK && !hasPassword {
		return errNoCredential.Deny(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	valid, status := c.Identity().VerifyPasswordByID(userID, sdk.Copy("request.body.currentPassword"))
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !valid {
		return errInvalidPassword.Deny(c)
	}
	if status := c.Identity().SetPassword(userID, sdk.Copy("request.body.newPassword")); status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("token", sdk.Null)
	c.CopyBody("user", "session.user")
	if c.Request().Body("revokeOtherSessions").IsTrue() {
		return replaceSessions(c, userID)
	}
	return sdk.Continue
}

// replaceSessions ends every session of a user, this one included, and starts
// a new one for this client. A server that acts in the session is no client:
// the session that it acts in stays. Changes of the address that are under way
// end, too.
func replaceSessions(c *sdk.Call, userID string) sdk.Result {
	if status := voidChanges(c, userID); status != sdk.OK {
		return c.Fail(status)
	}
	if c.Request().ServerCall() {
		if status := c.Sessions().RevokeOthers(userID); status != sdk.OK {
			return c.Fail(status)
		}
		return sdk.Continue
	}
	if status := c.Sessions().RevokeUser(userID, ""); status != sdk.OK {
		return c.Fail(status)
	}
	session, status := c.Sessions().Create(userID, sdk.SessionOptions{Reason: "change-password"})
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !session.Pending {
		c.SetBody("token", sdk.String(session.Token))
	}
	return sdk.Continue
}

// verifyPassword serves POST /verify-password.
func verifyPassword(c *sdk.Call) sdk.Result {
	valid, status := c.Identity().VerifyPasswordByID(c.Session().UserID(), sdk.Copy("request.body.password"))
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !valid {
		return errInvalidPassword.Deny(c)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}
