package main

import (
	"errors"
	"strings"

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

// mailNewUser mails a new user the link that is asked for. If an address that is
// taken would get a mail of its own, it does what that costs, too.
func mailNewUser(c *sdk.Call, config config, user sdk.User, page string) error {
	if config.sendsOnSignUp() {
		if err := mailVerification(c, config, user, page); err != nil {
			return err
		}
	}
	if config.discreet() && config.OnExistingUserSignUp() {
		return c.Email().Send(user.Email, mailExistingUserSignUp, sdk.EmailSendOptions{Decoy: true})
	}
	return nil
}

// mailKnownUser tells somebody whose address was used to sign up, if that is
// asked for. If a new user would get a link, it does what that costs, too.
func mailKnownUser(c *sdk.Call, config config, email string) error {
	if config.sendsOnSignUp() {
		if err := mailNobody(c, config, email, signUpBody{c.Request()}.CallbackURL()); err != nil {
			return err
		}
	}
	if config.OnExistingUserSignUp() {
		return existingUserSignUpMail{}.Send(c, email)
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
// a user had been created. Then it costs the same hash, and a record for each
// that the user and the account would be.
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
	for _, size := range [...]int{userDecoy, accountDecoy} {
		if err := writeDecoy(c, size); err != nil {
			return err
		}
	}
	return nil
}

// decoyLife is how long a decoy is kept, in seconds.
const decoyLife = 60

// userDecoy and accountDecoy are the lengths of the values of decoys that take as
// much room as a user without additional fields, and as an account with a hash.
const (
	userDecoy    = 40
	accountDecoy = 200
)

// writeDecoy stores a short-lived value that means nothing. A durable write
// is the slowest part of a request after hashing; an answer that hides
// whether an address is known must cost one in both cases.
func writeDecoy(c *sdk.Call, size int) error {
	_, err := kit.Tokens{Prefix: "decoy:", Length: resets.Length}.Issue(c, strings.Repeat("-", size), decoyLife)
	return err
}
