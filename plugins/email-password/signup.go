package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// signUp serves POST /sign-up/email.
func signUp(c *sdk.Call) sdk.Result {
	if !c.Config("enabled").IsTrue() || c.Config("disableSignUp").IsTrue() {
		return errSignUpDisabled.Deny(c)
	}
	if refused := checkPassword(c, c.Request().Body("password")); refused != nil {
		return refused.Deny(c)
	}
	email := sdk.ToLower(c.Request().Body("email").String())
	existing, status := c.Identity().FindUserByEmail(email)
	switch status {
	case sdk.OK:
		return duplicate(c, existing.Email)
	case sdk.NotFound:
		return register(c, email)
	default:
		return c.Fail(status)
	}
}

// newUser describes the user that the request asks for.
func newUser(email string) sdk.NewUser {
	return sdk.NewUser{
		Email:      email,
		Name:       sdk.Copy("request.body.name"),
		Image:      sdk.Copy("request.body.image"),
		Input:      "request.body",
		ProviderID: sdk.ProviderCredential,
		Password:   sdk.Copy("request.body.password"),
	}
}

func register(c *sdk.Call, email string) sdk.Result {
	user, status := c.Identity().CreateUser(newUser(email))
	switch status {
	case sdk.OK:
	case sdk.Conflict: // somebody else was faster
		return duplicate(c, email)
	case sdk.Invalid: // an additional field
		return c.DenyResult(400)
	default:
		return c.Fail(status)
	}
	c.SetBody("token", sdk.Null)
	c.CopyBody("user", "result.user")
	if sendsOnSignUp(c) {
		if status := mailVerification(c, user.Email, c.Request().Body("callbackURL")); status != sdk.OK {
			return c.Fail(status)
		}
	}
	if discreet(c) {
		return sdk.Continue
	}
	session, status := c.Sessions().Create(user.ID, sdk.SessionOptions{
		Reason: "sign-up",
		Forget: c.Request().Body("rememberMe").IsFalse(),
	})
	if status != sdk.OK {
		return c.Fail(status)
	}
	if !session.Pending {
		c.SetBody("token", sdk.String(session.Token))
	}
	return sdk.Continue
}

// discreet reports whether sign-up must not tell if an address is taken. It
// is so wherever a sign-up does not sign in, because then both cases can get
// the same answer.
func discreet(c *sdk.Call) bool {
	return c.Config("requireEmailVerification").IsTrue() || c.Config("autoSignIn").IsFalse()
}

// duplicate answers a sign-up with an address that is taken: openly, or as if
// a user had been created. Then it costs the same hash and the same write.
func duplicate(c *sdk.Call, existing string) sdk.Result {
	if !discreet(c) {
		return errUserExists.Deny(c)
	}
	switch _, status := c.Identity().DraftUser(newUser(existing)); status {
	case sdk.OK:
	case sdk.Invalid: // as register answers it, and as quickly
		return c.DenyResult(400)
	default:
		return c.Fail(status)
	}
	c.SetBody("token", sdk.Null)
	c.CopyBody("user", "result.user")
	if status := c.Identity().Equalize(sdk.Copy("request.body.password")); status != sdk.OK {
		return c.Fail(status)
	}
	if c.Config("onExistingUserSignUp").IsTrue() {
		if status := c.Email().Send(sdk.Mail{To: existing, Template: "existing-user-sign-up"}); status != sdk.OK {
			return c.Fail(status)
		}
	}
	if status := writeDecoy(c); status != sdk.OK {
		return c.Fail(status)
	}
	return sdk.Continue
}

// decoyLife is how long a decoy is kept, in seconds.
const decoyLife = 60

// writeDecoy stores a short-lived value that means nothing. A durable write
// is the slowest part of a request after hashing; an answer that hides
// whether an address is known must cost one in both cases.
func writeDecoy(c *sdk.Call) sdk.Status {
	name, status := c.Random().String(resetTokenLength, sdk.Alnum)
	if status != sdk.OK {
		return status
	}
	return c.Verifications().Create("decoy:"+name, "decoy", decoyLife)
}

// checkPassword returns the refusal of a new password that is too short or too
// long, or has one of the words that the tenant does not want; nil if it may
// be. Lengths count UTF-16 code units, as JavaScript does.
func checkPassword(c *sdk.Call, password sdk.Value) *sdk.APIError {
	n := int64(sdk.UTF16Len(password.String()))
	switch {
	case n < c.Config("minPasswordLength").Int(0):
		return &errPasswordTooShort
	case n > c.Config("maxPasswordLength").Int(0):
		return &errPasswordTooLong
	case hasDeniedWord(c, strings.ToLower(password.String())):
		return &errPasswordWord
	default:
		return nil
	}
}

// refuseDeniedWord hears of passwords that other plugins set.
func refuseDeniedWord(c *sdk.Call) sdk.Result {
	if hasDeniedWord(c, strings.ToLower(c.Record("password").String())) {
		return errPasswordWord.Deny(c)
	}
	return sdk.Continue
}

func hasDeniedWord(c *sdk.Call, password string) bool {
	for i := int64(0); ; i++ {
		word := c.Config("deniedPasswordWords." + sdk.Int(i).Text())
		if word.IsAbsent() {
			return false
		}
		if strings.Contains(password, strings.ToLower(word.String())) {
			return true
		}
	}
}
