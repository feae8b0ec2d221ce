package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

// getUser serves POST /server/get-user: a user by id or address, with the
// accounts.
func getUser(c *sdk.Call) error {
	body := getUserBody{c.Request()}
	by := sdk.FindUserOptions{ID: body.UserID()}
	if by.ID == "" {
		by.Email = body.Email()
	}
	if by == (sdk.FindUserOptions{}) {
		return errWhichUser
	}
	user, err := c.Identity().FindUser(by)
	if err != nil {
		return ofUser(err)
	}
	if _, err := c.Identity().ListAccounts(user.ID); err != nil {
		return err
	}
	return c.Reply(sdk.F("user", user.Fields), sdk.F("accounts", sdk.Copy("result.accounts")))
}

// updateUser serves POST /server/update-user. Name, image, address and whether
// that is verified are set as they are sent; of the other members of user the
// host takes what plugins and the operator have declared as open to clients. A
// new address is not verified unless the caller says so.
func updateUser(c *sdk.Call) error {
	body := updateUserBody{c.Request()}
	user, err := known(c, body.UserID())
	if err != nil {
		return err
	}
	sent := body.User()
	email, verified := sent.Get("email"), sent.Get("emailVerified")
	if !email.IsAbsent() && sdk.ToLower(email.String()) != user.Email && verified.IsAbsent() {
		verified = sdk.Bool(false)
	}
	changed, err := c.Identity().UpdateUser(user.ID, sdk.UpdateUserOptions{Input: sent, Set: []sdk.Field{
		sdk.F("name", sent.Get("name")), sdk.F("image", sent.Get("image")), sdk.F("email", email), sdk.F("emailVerified", verified),
	}})
	if err != nil {
		return notUpdated(err)
	}
	c.SetBody("user", changed.Fields)
	return done(c, "user-updated", user.ID)
}

// notUpdated is the answer to fields that cannot be set.
func notUpdated(err error) error {
	switch {
	case errors.Is(err, sdk.Conflict):
		return errUserAlreadyExists
	case sdk.CodeOf(err) == "NO_FIELDS":
		return errNoFields
	}
	return sdk.InvalidInput(err)
}

// deleteUser serves POST /server/delete-user.
func deleteUser(c *sdk.Call) error {
	id := deleteUserBody{c.Request()}.UserID()
	if err := c.Identity().DeleteUser(id); err != nil {
		return ofUser(err)
	}
	return done(c, "user-deleted", id)
}

// setPassword serves POST /server/set-password, for a user with or without one.
// The user's sessions end: who had the old password may have had them, too.
func setPassword(c *sdk.Call) error {
	body, limits := setPasswordBody{c.Request()}, configOf(c)
	switch n := int64(sdk.UTF16Len(body.Body("newPassword").String())); {
	case n < limits.MinPasswordLength():
		return errPasswordTooShort
	case n > limits.MaxPasswordLength():
		return errPasswordTooLong
	}
	id := body.UserID()
	if err := c.Identity().SetPassword(id, body.NewPassword()); err != nil {
		return ofUser(err)
	}
	if !body.KeepSessions().IsTrue() {
		if _, err := c.Sessions().RevokeUser(id, sdk.SessionRevokeUserOptions{}); err != nil {
			return err
		}
	}
	return done(c, "password-set", id)
}
