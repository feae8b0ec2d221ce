package main

import "github.com/authhost/authhost/sdk"

// getUser serves POST /server/get-user: a user by id or address, with the
// accounts.
func getUser(c *sdk.Call) sdk.Result {
	var user sdk.User
	var status sdk.Status
	switch id, email := userID(c), c.Request().Body("email").String(); {
	case id != "":
		user, status = c.Identity().FindUserByID(id)
	case email != "":
		user, status = c.Identity().FindUserByEmail(email)
	default:
		return errWhichUser.Deny(c)
	}
	if r, ok := ended(c, status); !ok {
		return r
	}
	c.CopyBody("user", "result")
	if status := c.Identity().ListAccounts(user.ID); status != sdk.OK {
		return c.Fail(status)
	}
	c.CopyBody("accounts", "result.accounts")
	return sdk.Continue
}

// updateUser serves POST /server/update-user. Name, image, address and whether
// that is verified are set as they are sent; of the other members of user the
// host takes what plugins and the operator have declared as open to clients. A
// new address is not verified unless the caller says so.
func updateUser(c *sdk.Call) sdk.Result {
	id := userID(c)
	if r, ok := known(c, id); !ok {
		return r
	}
	verified := sdk.Copy("request.body.user.emailVerified")
	moved := c.Request().Body("user.email")
	if !moved.IsAbsent() && sdk.ToLower(moved.String()) != c.Result("email").String() && c.Request().Body("user.emailVerified").IsAbsent() {
		verified = sdk.Bool(false)
	}
	_, status := c.Identity().UpdateUser(id, "request.body.user",
		sdk.F("name", sdk.Copy("request.body.user.name")),
		sdk.F("image", sdk.Copy("request.body.user.image")),
		sdk.F("email", sdk.Copy("request.body.user.email")),
		sdk.F("emailVerified", verified))
	switch status {
	case sdk.OK:
	case sdk.Conflict:
		return errEmailTaken.Deny(c)
	case sdk.Invalid:
		if c.Result("code").String() == "NO_FIELDS" {
			return errNoFields.Deny(c)
		}
		return c.DenyResult(400)
	default:
		return c.Fail(status)
	}
	c.CopyBody("user", "result")
	return done(c, "user-updated", id)
}

// deleteUser serves POST /server/delete-user.
func deleteUser(c *sdk.Call) sdk.Result {
	id := userID(c)
	if r, ok := ended(c, c.Identity().DeleteUser(id)); !ok {
		return r
	}
	return done(c, "user-deleted", id)
}

// setPassword serves POST /server/set-password, for a user with or without one.
// The user's sessions end: who had the old password may have had them, too.
func setPassword(c *sdk.Call) sdk.Result {
	id := userID(c)
	switch n := int64(sdk.UTF16Len(c.Request().Body("newPassword").String())); {
	case n < c.Config("minPasswordLength").Int(0):
		return errPasswordTooShort.Deny(c)
	case n > c.Config("maxPasswordLength").Int(0):
		return errPasswordTooLong.Deny(c)
	}
	if r, ok := ended(c, c.Identity().SetPassword(id, sdk.Copy("request.body.newPassword"))); !ok {
		return r
	}
	if !c.Request().Body("keepSessions").IsTrue() {
		if status := c.Sessions().RevokeUser(id, ""); status != sdk.OK {
			return c.Fail(status)
		}
	}
	return done(c, "password-set", id)
}
