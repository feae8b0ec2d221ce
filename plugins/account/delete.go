package main

import (
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// deletions are the tokens in mails about a deletion, of 165 bits. They stand
// for users.
var deletions = kit.Tokens{Prefix: "delete-account-", Length: 32, Alphabet: "0123456789abcdefghijklmnopqrstuvwxyz", WhenVerified: true}

// deleteUser serves POST /delete-user: by a mailed token, by mail, or at once
// with the password or a fresh session.
func deleteUser(c *sdk.Call) error {
	config := configOf(c).DeleteUser()
	if !config.Enabled() {
		return errDeleteUserDisabled
	}
	session, body := c.Session(), deleteUserBody{c.Request()}
	withPassword := body.Body("password").Truthy()
	if withPassword {
		refusals := kit.Refusals{WrongPassword: errInvalidPassword, NoPassword: errCredentialAccountNotFound}
		if err := kit.CheckPassword(c, session.UserID, body.Password(), refusals); err != nil {
			return err
		}
	}
	if token := body.Token(); token != "" {
		return deleteByToken(c, token, session.UserID)
	}
	if config.SendDeleteAccountVerification() {
		return mailDeletion(c, session.User, config.DeleteTokenExpiresIn())
	}
	if !withPassword && !session.Fresh {
		return errSessionExpired
	}
	return endAndDelete(c, session.UserID, "")
}

func mailDeletion(c *sdk.Call, user sdk.User, expiresIn int64) error {
	token, err := deletions.IssueFor(c, user.ID, user.ID, expiresIn)
	if err != nil {
		return err
	}
	mail := kit.LinkMail{
		To: user.Email, Template: mailDeleteAccount, Path: "/delete-user/callback", Token: token,
		CallbackURL: deleteUserBody{c.Request()}.CallbackURL(),
	}
	return answer(c, mail.Send(c), "Verification email sent")
}

// deleteUserCallback serves GET /delete-user/callback, the mailed link. It
// works only where the user is signed in, and not before somebody opens it.
func deleteUserCallback(c *sdk.Call) error {
	if !configOf(c).DeleteUser().Enabled() {
		return errNotFound
	}
	if kit.IsPrefetch(c) {
		return errPrefetch
	}
	session, query := c.Session(), deleteUserCallbackQuery{c.Request()}
	if !session.Exists() {
		return errFailedToGetUserInfo
	}
	if err := spendToken(c, query.Token(), session.UserID); err != nil {
		return err
	}
	return endAndDelete(c, session.UserID, query.CallbackURL())
}

// deleteByToken deletes the user with a mailed token in the body. The client
// keeps its cookies, which are worth nothing; its next look at the session
// takes them away.
func deleteByToken(c *sdk.Call, token, userID string) error {
	if err := spendToken(c, token, userID); err != nil {
		return err
	}
	return deleteNow(c, userID, "")
}

// spendToken uses up the token of a deletion mail, which must be the user's
// own: a token of somebody else is refused, and not used up.
func spendToken(c *sdk.Call, token, userID string) error {
	owner, err := deletions.Spend(c, token)
	if err == nil && owner != userID {
		return errInvalidToken
	}
	return sdk.IfNotFound(err, errInvalidToken)
}

// endAndDelete takes the session's cookies away, and deletes the user.
func endAndDelete(c *sdk.Call, userID, page string) error {
	if err := c.Sessions().End(sdk.SessionEndOptions{}); err != nil {
		return err
	}
	return deleteNow(c, userID, page)
}

// deleteNow deletes the user with all that belongs to it, and sends the browser
// to a page if there is one. Another request may have deleted the user while
// this one was under way.
func deleteNow(c *sdk.Call, userID, page string) error {
	if err := c.Identity().DeleteUser(userID); err != nil {
		return sdk.IfNotFound(err, errFailedToGetUserInfo)
	}
	if page != "" {
		return c.Redirect(page)
	}
	return answer(c, nil, "User deleted")
}

// answer says what was done, unless there was an error.
func answer(c *sdk.Call, err error, message string) error {
	return c.ReplyUnless(err, sdk.F("success", sdk.Bool(true)), sdk.F("message", sdk.String(message)))
}
