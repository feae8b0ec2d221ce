package main

import (
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// changePassword serves POST /change-password.
func changePassword(c *sdk.Call) error {
	body, userID := changePasswordBody{c.Request()}, c.Session().UserID
	if err := configOf(c).checkPassword(body.Body("newPassword").String()); err != nil {
		return err
	}
	refusals := kit.Refusals{WrongPassword: errInvalidPassword, NoPassword: errCredentialAccountNotFound}
	if err := kit.CheckPassword(c, userID, body.CurrentPassword(), refusals); err != nil {
		return err
	}
	if err := c.Identity().SetPassword(userID, body.NewPassword()); err != nil {
		return err
	}
	replyUser(c, sdk.Copy("session.user"))
	if !body.RevokeOtherSessions() {
		return nil
	}
	return replaceSessions(c, userID)
}

// replaceSessions ends every session of a user, and puts a new one in the place
// of this one. A server that acts in the session is no client: the session that
// it acts in stays.
func replaceSessions(c *sdk.Call, userID string) error {
	if c.Request().ServerCall() {
		_, err := c.Sessions().RevokeUser(userID, sdk.SessionRevokeUserOptions{ExceptCurrent: true})
		return err
	}
	issued, err := c.Sessions().Create(userID, sdk.SessionCreateOptions{Reason: "change-password", Replace: true})
	if err != nil || issued.Pending {
		return err
	}
	if _, err := c.Sessions().RevokeUser(userID, sdk.SessionRevokeUserOptions{ExceptToken: issued.Session.Token}); err != nil {
		return err
	}
	return c.Reply(sdk.F("token", sdk.String(issued.Session.Token)))
}

// verifyPassword serves POST /verify-password.
func verifyPassword(c *sdk.Call) error {
	password := verifyPasswordBody{c.Request()}.Password()
	return done(c, kit.CheckPassword(c, c.Session().UserID, password, kit.Refusals{WrongPassword: errInvalidPassword}))
}

// checkPassword refuses a new password that is too short or too long, or has
// one of the words that the tenant does not want. Lengths count UTF-16 code
// units, as JavaScript does.
func (x config) checkPassword(password string) error {
	n := int64(sdk.UTF16Len(password))
	switch {
	case n < x.MinPasswordLength():
		return errPasswordTooShort
	case n > x.MaxPasswordLength():
		return errPasswordTooLong
	}
	return x.checkWords(password)
}

func (x config) checkWords(password string) error {
	password = strings.ToLower(password)
	if slices.ContainsFunc(x.DeniedPasswordWords(), func(word string) bool { return strings.Contains(password, strings.ToLower(word)) }) {
		return errPasswordNotAllowed
	}
	return nil
}

// refuseDeniedWord hears of passwords that other plugins set.
func refuseDeniedWord(c *sdk.Call) error {
	return configOf(c).checkWords(c.Record("password").String())
}
