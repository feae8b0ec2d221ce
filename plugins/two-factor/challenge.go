package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// maxAttempts is how many wrong codes a challenge takes.
const maxAttempts = 5

// forgetMark ends the value of a challenge whose user does not want to be
// remembered. Ids of users do not have it.
const forgetMark = "!forget"

// answerer is who answers with a code: a user who is signing in and has an open
// challenge, or one who is signed in.
type answerer struct {
	factor
	session   sdk.CurrentSession // as it was at first, if signed in
	challenge string             // its identifier, "" if signed in
	expiresAt string             // of the challenge
	forget    bool               // rememberMe was false
	attempts  int                // wrong codes before this one
}

func (a *answerer) signsIn() bool { return a.challenge != "" }

// whoAnswers finds out who sent the request.
func whoAnswers(c *sdk.Call) (a answerer, err error) {
	a.session = c.Session()
	userID := a.session.UserID
	if !a.session.Exists() {
		a.challenge = c.Request().Cookie(cookieTwoFactor).String()
		if !strings.HasPrefix(a.challenge, challengePrefix) {
			return a, errInvalidTwoFactorCookie.KeepWrites()
		}
		open, err := c.Verifications().Find(a.challenge)
		if err != nil {
			return a, sdk.IfNotFound(err, errInvalidTwoFactorCookie.KeepWrites())
		}
		a.expiresAt = open.ExpiresAt
		userID, a.forget = strings.CutSuffix(open.Value, forgetMark)
	}
	a.factor, err = findFactor(c, userID)
	return a, err
}

// begin takes one of the attempts at a sign-in, which keepAttempts gives back,
// unless the account is locked. When none is left, the challenge ends. For a
// user who is signed in there is nothing to count.
func (a *answerer) begin(c *sdk.Call) error {
	if !a.signsIn() {
		return nil
	}
	if err := a.checkLock(c); err != nil {
		return err
	}
	count, err := c.Verifications().Consume(attemptsPrefix + a.challenge)
	if err != nil {
		return sdk.IfNotFound(err, errInvalidTwoFactorCookie.KeepWrites())
	}
	if a.attempts, err = strconv.Atoi(count.Value); err == nil && a.attempts < maxAttempts {
		return nil
	}
	if err := c.Verifications().Delete(a.challenge); err != nil {
		return err
	}
	c.ExpireCookie(cookieTwoFactor)
	return errTooManyAttemptsRequestNewCode.KeepWrites()
}

// keepAttempts keeps how many attempts at a sign-in have failed.
func (a *answerer) keepAttempts(c *sdk.Call, attempts int) error {
	_, err := c.Verifications().Create(attemptsPrefix+a.challenge, strconv.Itoa(attempts), secondsUntil(c, a.expiresAt))
	return err
}

// reject refuses a wrong code. At a sign-in it counts for the challenge and for
// the account.
func (a *answerer) reject(c *sdk.Call, refusal *sdk.Error) error {
	if a.signsIn() {
		if err := a.keepAttempts(c, a.attempts+1); err != nil {
			return err
		}
		if err := a.recordFailure(c); err != nil {
			return err
		}
	}
	return refusal.KeepWrites()
}

// accept answers a right code: a challenge becomes a session, and a user who is
// signed in gets to see the session.
func (a *answerer) accept(c *sdk.Call) error {
	if !a.signsIn() {
		return reply(c, a.session.Session, a.session.User)
	}
	_, err := c.Verifications().Consume(a.challenge)
	if errors.Is(err, sdk.NotFound) { // somebody was quicker
		c.ExpireCookie(cookieTwoFactor)
		return errInvalidTwoFactorCookie.KeepWrites()
	}
	if err != nil {
		return err
	}
	if err := c.Verifications().Delete(attemptsPrefix + a.challenge); err != nil {
		return err
	}
	created, err := c.Sessions().Create(a.userID, sdk.SessionCreateOptions{Reason: pluginID, RememberMe: sdk.Bool(!a.forget)})
	if err != nil || created.Pending { // another plugin has a step of its own
		return err
	}
	c.ExpireCookie(cookieTwoFactor)
	if c.Request().Body("trustDevice").IsTrue() {
		if err := a.trustDevice(c); err != nil {
			return err
		}
	}
	return reply(c, created.Session, created.User)
}

// reply answers as a sign-in does. The session of a server call has no token.
func reply(c *sdk.Call, session sdk.Session, user sdk.User) error {
	return c.Reply(sdk.F("token", session.Fields.Get("token")), sdk.F("user", user.Fields))
}

// renewSession replaces the session by a new one, as it is right when the
// strength of a sign-in changes, and returns that. A server that acts in the
// session keeps it.
func renewSession(c *sdk.Call) (sdk.SessionCreateResult, error) {
	old := c.Session()
	if c.Request().ServerCall() {
		return sdk.SessionCreateResult{Session: old.Session, User: old.User}, nil
	}
	return c.Sessions().Create(old.UserID, sdk.SessionCreateOptions{Reason: pluginID, Replace: true})
}
