package main

import "github.com/authhost/authhost/sdk"

// signIn serves POST /sign-in/email.
func signIn(c *sdk.Call) error {
	config, body := configOf(c), signInBody{c.Request()}
	if !config.Enabled() {
		return errEmailPasswordDisabled
	}
	email := body.Email()
	if !sdk.IsEmail(email) {
		return errInvalidEmail
	}
	user, err := authenticate(c, config.AccountLockout(), email, body.Password())
	if err != nil {
		return err
	}
	if config.RequireEmailVerification() && !user.EmailVerified {
		return refuseUnverified(c, config, user, body.CallbackURL())
	}
	issued, err := c.Sessions().Create(user.ID, sdk.SessionCreateOptions{Reason: "sign-in", RememberMe: sdk.Bool(body.RememberMe())})
	if err != nil || issued.Pending {
		return err
	}
	page := body.Body("callbackURL")
	if page.Truthy() {
		c.SetHeader("location", page)
	}
	return c.Reply(
		sdk.F("redirect", sdk.Bool(page.Truthy())), sdk.F("token", sdk.String(issued.Session.Token)),
		sdk.F("url", page), sdk.F("user", issued.User.Fields))
}

// authenticate returns the user with an address and a password.
func authenticate(c *sdk.Call, lockout configAccountLockout, email string, password sdk.Value) (sdk.User, error) {
	tries, err := countTry(c, lockout, email)
	if err != nil {
		return sdk.User{}, err
	}
	check, err := c.Identity().VerifyPassword(password, sdk.VerifyPasswordOptions{Email: email})
	if err != nil {
		return sdk.User{}, err
	}
	if !check.Valid {
		return sdk.User{}, errInvalidEmailOrPassword
	}
	return check.User, forgetTries(c, tries)
}

// refuseUnverified answers a right password for an address that has yet to be
// verified, and keeps the mail.
func refuseUnverified(c *sdk.Call, config config, user sdk.User, page string) error {
	if config.EmailVerification().SendVerificationEmail() && config.EmailVerification().SendOnSignIn() {
		if err := mailVerification(c, config, user, page); err != nil {
			return err
		}
	}
	return errEmailNotVerified.KeepWrites()
}
