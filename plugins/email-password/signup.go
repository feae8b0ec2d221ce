package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// signUp serves POST /sign-up/email.
func signUp(c *sdk.Call) error {
	config, body := configOf(c), signUpBody{c.Request()}
	if !config.Enabled() || config.DisableSignUp() {
		return errEmailPasswordSignUpDisabled
	}
	if err := config.checkPassword(body.Body("password").String()); err != nil {
		return err
	}
	email := sdk.ToLower(body.Email())
	if _, err := c.Identity().FindUser(sdk.FindUserOptions{Email: email}); err == nil {
		return duplicate(c, config, email)
	} else if !errors.Is(err, sdk.NotFound) {
		return err
	}
	created, err := c.Identity().CreateUser(newUser(email))
	switch {
	case errors.Is(err, sdk.Conflict): // somebody else was faster
		return duplicate(c, config, email)
	case err != nil:
		return sdk.InvalidInput(err) // an additional field
	}
	replyUser(c, created.User.Fields)
	if err := mailNewUser(c, config, created.User, body.CallbackURL()); err != nil {
		return err
	}
	if config.discreet() {
		return nil
	}
	return startSession(c, created.User.ID, sdk.SessionCreateOptions{Reason: "sign-up", RememberMe: sdk.Bool(!body.RememberMe().IsFalse())})
}

// mailNewUser mails a new user the link that is asked for. If there is none, but
// an address that is taken would get a mail, it does what that costs.
func mailNewUser(c *sdk.Call, config config, user sdk.User, page string) error {
	switch {
	case config.sendsOnSignUp():
		return mailVerification(c, config, user, page)
	case config.discreet() && config.OnExistingUserSignUp():
		return c.Email().Send(user.Email, mailExistingUserSignUp, sdk.EmailSendOptions{Decoy: true})
	}
	return nil
}

// mailKnownUser tells somebody whose address was used to sign up, if that is
// asked for. If not, but a new user would get a mail, it does what that costs.
func mailKnownUser(c *sdk.Call, config config, email string) error {
	switch {
	case config.OnExistingUserSignUp():
		return existingUserSignUpMail{}.Send(c, email)
	case config.sendsOnSignUp():
		return mailNobody(c, config, email, signUpBody{c.Request()}.CallbackURL())
	}
	return nil
}

// newUser describes the user that the request asks for.
func newUser(email string) (sdk.NewUser, sdk.CreateUserOptions) {
	return sdk.NewUser{Email: email, Name: sdk.Copy("request.body.name"), Image: sdk.Copy("request.body.image")}, sdk.CreateUserOptions{
		Input:   sdk.Copy("request.body"),
		Account: sdk.NewAccount{ProviderID: sdk.ProviderCredential, Password: sdk.Copy("request.body.password")},
	}
}

// replyUser answers with a user, and no token so far.
func replyUser(c *sdk.Call, user sdk.Value) {
	c.SetBody("token", sdk.Null)
	c.SetBody("user", user)
}

// startSession signs a user in, and adds the token to such an answer.
func startSession(c *sdk.Call, userID string, o sdk.SessionCreateOptions) error {
	issued, err := c.Sessions().Create(userID, o)
	if err != nil || issued.Pending {
		return err
	}
	return c.Reply(sdk.F("token", sdk.String(issued.Session.Token)))
}

// discreet reports whether sign-up must not tell if an address is taken. It
// is so wherever a sign-up does not sign in, because then both cases can get
// the same answer.
func (x config) discreet() bool { return x.RequireEmailVerification() || !x.AutoSignIn() }

// duplicate answers a sign-up with an address that is taken: openly, or as if
// a user had been created. Then it costs the same hash and the same write.
func duplicate(c *sdk.Call, config config, email string) error {
	if !config.discreet() {
		return errUserAlreadyExistsUseAnotherEmail
	}
	user, o := newUser(email)
	draft, err := c.Identity().DraftUser(user, sdk.DraftUserOptions(o))
	if err != nil {
		return sdk.InvalidInput(err) // as for a free address, and as quickly
	}
	replyUser(c, draft.Fields)
	if err := c.Identity().Equalize(signUpBody{c.Request()}.Password()); err != nil {
		return err
	}
	if err := mailKnownUser(c, config, email); err != nil {
		return err
	}
	_, err = writeDecoy(c)
	return err
}

// decoyLife is how long a decoy is kept, in seconds.
const decoyLife = 60

// writeDecoy stores a short-lived value that means nothing. A durable write
// is the slowest part of a request after hashing; an answer that hides
// whether an address is known must cost one in both cases.
func writeDecoy(c *sdk.Call) (token string, err error) {
	return kit.Tokens{Prefix: "decoy:", Length: resets.Length}.Issue(c, "decoy", decoyLife)
}
