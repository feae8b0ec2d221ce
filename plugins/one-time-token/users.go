package main

import "github.com/authhost/authhost/sdk"

const (
	// userPrefix begins tokens for users. Those for sessions are letters and
	// digits.
	userPrefix = "user."
	userLength = 32 // characters of 62 after the prefix: 190 bits
	userReason = "one-time-token"
)

// create serves POST /one-time-token/create, for servers alone.
func create(c *sdk.Call) error {
	userID := createBody{c.Request()}.UserID()
	user, err := c.Identity().FindUser(sdk.FindUserOptions{ID: userID})
	if err != nil {
		return sdk.IfNotFound(err, errUserNotFound)
	}
	random, err := c.Random().String(userLength, sdk.RandomStringOptions{})
	if err != nil {
		return err
	}
	token, settings := userPrefix+random, configOf(c)
	_, err = c.Verifications().CreateFor(settings.kept(token), user.ID, user.ID, settings.ExpiresIn(), sdk.VerificationCreateForOptions{WhenVerified: true})
	if err != nil {
		return err
	}
	key := sdk.F("serviceKey", sdk.String(c.Request().ServiceKey()))
	err = c.Audit().Record("one-time-token-created", sdk.AuditRecordOptions{UserID: user.ID, Details: []sdk.Field{key}})
	return c.ReplyUnless(err, sdk.F("token", sdk.String(token)))
}

// begin uses a token for a user up, and begins a session of that user. Steps that
// other plugins put before a session are asked for.
func (s config) begin(c *sdk.Call, token string) error {
	kept, err := c.Verifications().Consume(s.kept(token))
	if err != nil {
		return sdk.IfNotFound(err, errInvalidToken)
	}
	issued, err := c.Sessions().Create(kept.Value, sdk.SessionCreateOptions{Reason: userReason})
	switch {
	case err != nil:
		return err
	case issued.Pending:
		return sdk.Respond
	}
	return c.Reply(sdk.F("session", issued.Session.Fields), sdk.F("user", issued.User.Fields))
}

// kept is under what a token for a user is kept.
func (s config) kept(token string) string {
	if s.StoreToken() == "hashed" {
		token = digest(token)
	}
	return "one-time-token-of-" + token
}
