package main

import (
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
	userID    string
	challenge string // its identifier, "" if signed in
	expiresAt string // of the challenge
	forget    bool   // rememberMe was false
}

func (a answerer) signsIn() bool { return a.challenge != "" }

// key names the mailed code of this answerer.
func (a answerer) key(c *sdk.Call) string {
	if a.signsIn() {
		return a.challenge
	}
	return a.userID + "!" + c.Session().Get("id").String()
}

// whoAnswers finds out who sent the request.
func whoAnswers(c *sdk.Call) (answerer, outcome) {
	if c.Session().Exists() {
		return answerer{userID: c.Session().UserID()}, outcome{}
	}
	id := c.Request().Cookie(challengeCookie).String()
	if !strings.HasPrefix(id, challengePrefix) {
		return answerer{}, refuse(&errInvalidCookie)
	}
	value, status := c.Verifications().Find(id)
	if status == sdk.NotFound {
		return answerer{}, refuse(&errInvalidCookie)
	}
	a := answerer{challenge: id, expiresAt: c.Result("expiresAt").String()}
	a.userID, a.forget = strings.CutSuffix(value, forgetMark)
	return a, failed(status)
}

// begin takes an attempt at a sign-in, unless the factor is locked. For a user
// who is signed in there is nothing to count.
func (a answerer) begin(c *sdk.Call, f factor) (attempts int, o outcome) {
	if !a.signsIn() {
		return 0, outcome{}
	}
	if o := checkLock(c, f); !o.ok() {
		return 0, o
	}
	return a.countAttempt(c)
}

// countAttempt takes one of the challenge's attempts; restore gives it back.
// When none is left, the challenge ends.
func (a answerer) countAttempt(c *sdk.Call) (attempts int, o outcome) {
	value, status := c.Verifications().Consume(attemptsPrefix + a.challenge)
	if status == sdk.NotFound {
		return 0, refuse(&errInvalidCookie)
	}
	if status != sdk.OK {
		return 0, failed(status)
	}
	attempts, err := strconv.Atoi(value)
	if err == nil && attempts < maxAttempts {
		return attempts, outcome{}
	}
	if status := c.Verifications().Delete(a.challenge); status != sdk.OK {
		return 0, failed(status)
	}
	c.ExpireCookie(challengeCookie)
	return 0, refuse(&errTooManyAttempts)
}

// setAttempts keeps how many attempts have failed.
func (a answerer) setAttempts(c *sdk.Call, attempts int) sdk.Status {
	if !a.signsIn() {
		return sdk.OK
	}
	return c.Verifications().Create(attemptsPrefix+a.challenge, strconv.Itoa(attempts), secondsUntil(c, a.expiresAt))
}

// accept answers a right code: a challenge becomes a session, and a user who is
// signed in gets to see the session.
func (a answerer) accept(c *sdk.Call, f factor) sdk.Result {
	if !a.signsIn() {
		c.CopyBody("token", "session.session.token")
		c.CopyBody("user", "session.user")
		return sdk.Continue
	}
	_, status := c.Verifications().Consume(a.challenge)
	if status == sdk.NotFound { // somebody was quicker
		c.ExpireCookie(challengeCookie)
		return errInvalidCookie.Respond(c)
	}
	if status == sdk.OK {
		status = c.Verifications().Delete(attemptsPrefix + a.challenge)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	session, status := c.Sessions().Create(a.userID, sdk.SessionOptions{Reason: pluginID, Forget: a.forget})
	if status != sdk.OK {
		return c.Fail(status)
	}
	if session.Pending {
		return sdk.Continue // another plugin has a step of its own
	}
	c.SetBody("token", sdk.String(session.Token))
	c.CopyBody("user", "result.user")
	c.ExpireCookie(challengeCookie)
	if c.Request().Body("trustDevice").IsTrue() {
		if status := trustDevice(c, a.userID, f); status != sdk.OK {
			return c.Fail(status)
		}
	}
	return sdk.Continue
}

// renewSession replaces the session by a new one, as it is right when the
// strength of a sign-in changes. The records of the new one are at
// result.session and result.user. A server that acts in the session keeps it.
func renewSession(c *sdk.Call) sdk.Status {
	if c.Request().ServerCall() {
		return sdk.OK
	}
	old, userID, forget := c.Session().Get("token").String(), c.Session().UserID(), !c.Session().Remembered()
	if status := c.Sessions().Revoke(old, userID); status != sdk.OK {
		return status
	}
	_, status := c.Sessions().Create(userID, sdk.SessionOptions{Reason: pluginID, Forget: forget})
	return status
}
