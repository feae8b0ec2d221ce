package main

import "github.com/authhost/authhost/sdk"

// deletePrefix starts the identifier under which the token of a deletion mail
// is kept; deleteTokenLength is its number of characters: 165 bits.
const (
	deletePrefix      = "delete-account-"
	deleteTokenLength = 32
	deleteAlphabet    = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// deleteUser serves POST /delete-user: by a mailed token, by mail, or at once
// with the password or a fresh session.
func deleteUser(c *sdk.Call) sdk.Result {
	if !c.Config("deleteUser.enabled").IsTrue() {
		return errDeleteDisabled.Deny(c)
	}
	password := c.Request().Body("password").Truthy()
	if password {
		if refused, status := checkPassword(c); status != sdk.OK {
			return c.Fail(status)
		} else if refused != nil {
			return refused.Deny(c)
		}
	}
	if token := c.Request().Body("token").String(); token != "" {
		return deleteByToken(c, token)
	}
	if c.Config("deleteUser.sendDeleteAccountVerification").IsTrue() {
		return mailDeletion(c)
	}
	if !password && !c.Session().Fresh() {
		return errSessionExpired.Deny(c)
	}
	if status := deleteAndEnd(c); status != sdk.OK {
		return notDeleted(c, status)
	}
	return answer(c, "User deleted")
}

// checkPassword checks the password in the body; refused is nil if it is
// right.
func checkPassword(c *sdk.Call) (refused *sdk.APIError, status sdk.Status) {
	userID := c.Session().UserID()
	hasPassword, status := c.Identity().FindAccount(userID, sdk.ProviderCredential)
	if status == sdk.NotFound || status == sdk.OK && !hasPassword {
		return &errNoCredential, sdk.OK
	}
	if status != sdk.OK {
		return nil, status
	}
	valid, status := c.Identity().VerifyPasswordByID(userID, sdk.Copy("request.body.password"))
	if status == sdk.OK && !valid {
		refused = &errInvalidPassword
	}
	return refused, status
}

func mailDeletion(c *sdk.Call) sdk.Result {
	token, status := c.Random().String(deleteTokenLength, deleteAlphabet)
	if status == sdk.OK {
		status = c.Verifications().Create(deletePrefix+token, c.Session().UserID(), c.Config("deleteUser.deleteTokenExpiresIn").Int(0))
	}
	if status == sdk.OK {
		status = c.Email().Send(sdk.Mail{
			To:       c.Session().User("email").String(),
			Template: "delete-account",
			URL:      c.Tenant("authURL").String() + "/delete-user/callback?token=" + token + "&callbackURL=" + callbackParameter(c),
			Token:    token,
		})
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	return answer(c, "Verification email sent")
}

// deleteUserCallback serves GET /delete-user/callback, the mailed link. It
// works only where the user is signed in.
func deleteUserCallback(c *sdk.Call) sdk.Result {
	if !c.Config("deleteUser.enabled").IsTrue() {
		return errCallbackDisabled.Deny(c)
	}
	if !c.Session().Exists() {
		return errNoSession.Deny(c)
	}
	if refused, status := spendToken(c, c.Request().Query("token").String()); status != sdk.OK {
		return c.Fail(status)
	} else if refused != nil {
		return refused.Deny(c)
	}
	if status := deleteAndEnd(c); status != sdk.OK {
		return notDeleted(c, status)
	}
	if page := c.Request().Query("callbackURL").String(); page != "" {
		return c.Redirect(page)
	}
	return answer(c, "User deleted")
}

// deleteByToken deletes the user with a mailed token in the body. The client
// keeps its cookies, which are worth nothing; its next look at the session
// takes them away.
func deleteByToken(c *sdk.Call, token string) sdk.Result {
	if refused, status := spendToken(c, token); status != sdk.OK {
		return c.Fail(status)
	} else if refused != nil {
		return refused.Deny(c)
	}
	if status := c.Identity().DeleteUser(c.Session().UserID()); status != sdk.OK {
		return notDeleted(c, status)
	}
	return answer(c, "User deleted")
}

// spendToken uses up the token of a deletion mail, which must be the user's
// own: a token of somebody else is refused, and not used up.
func spendToken(c *sdk.Call, token string) (refused *sdk.APIError, status sdk.Status) {
	owner, status := c.Verifications().Consume(deletePrefix + token)
	if status == sdk.NotFound || status == sdk.OK && owner != c.Session().UserID() {
		return &errInvalidDeleteToken, sdk.OK
	}
	return nil, status
}

// deleteAndEnd deletes the user with all that belongs to it, and takes the
// session's cookies away.
func deleteAndEnd(c *sdk.Call) sdk.Status {
	userID := c.Session().UserID()
	if status := c.Sessions().End(); status != sdk.OK {
		return status
	}
	return c.Identity().DeleteUser(userID)
}

// notDeleted answers when the user could not be deleted: another request may
// have done it while this one was under way.
func notDeleted(c *sdk.Call, status sdk.Status) sdk.Result {
	if status == sdk.NotFound {
		return errNoSession.Deny(c)
	}
	return c.Fail(status)
}

func answer(c *sdk.Call, message string) sdk.Result {
	c.SetBody("success", sdk.Bool(true))
	c.SetBody("message", sdk.String(message))
	return sdk.Continue
}
