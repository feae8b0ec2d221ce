// Command one-time-token is the plugin of that name: a signed-in client gets a
// short-lived token that another client can exchange, once, for the same
// session, as Better Auth's oneTimeToken plugin has it.
//
// manifest.json declares routes, hook and options.
package main

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/authhost/authhost/sdk"
)

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, generate)
	sdk.Register(2, verify)
	sdk.Register(3, offer)
}

func main() {} // never called: the host calls handlers

const (
	identifierPrefix = "one-time-token:" // of the verification under which a token is kept
	tokenLength      = 32                // characters of sdk.Alnum: 190 bits
	tokenHeader      = "set-ott"         // of answers that begin a session
)

// The refusals of this plugin, as Better Auth words them.
var (
	errClientRequests  = sdk.APIError{Status: 400, Message: "Client requests are disabled"}
	errServerCall      = sdk.APIError{Status: 403, Code: "SERVER_CALL", Message: "A server call cannot hand a session over"}
	errInvalidToken    = sdk.APIError{Status: 400, Message: "Invalid token"}
	errSessionNotFound = sdk.APIError{Status: 400, Message: "Session not found"}
)

// generate serves GET /one-time-token/generate.
func generate(c *sdk.Call) sdk.Result {
	if c.Config("disableClientRequest").IsTrue() {
		return errClientRequests.Deny(c)
	}
	if c.Request().ServerCall() {
		return errServerCall.Deny(c)
	}
	token, status := issue(c)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("token", sdk.String(token))
	return sdk.Continue
}

// verify serves POST /one-time-token/verify. A token is used up whether or not
// its session is still there.
func verify(c *sdk.Call) sdk.Result {
	session, status := c.Verifications().Consume(identifier(c, c.Request().Body("token").String()))
	if status == sdk.NotFound {
		return errInvalidToken.Deny(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	if c.Config("disableSetSessionCookie").IsTrue() {
		status = c.Sessions().Find(session)
	} else {
		status = c.Sessions().Adopt(session, "one-time-token")
	}
	if status == sdk.NotFound {
		return errSessionNotFound.Respond(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.CopyBody("session", "result.session")
	c.CopyBody("user", "result.user")
	return sdk.Continue
}

// offer puts a token into the answer that hands a session out.
func offer(c *sdk.Call) sdk.Result {
	if !c.Config("setOttHeaderOnNewSession").IsTrue() {
		return sdk.Continue
	}
	token, status := issue(c)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetHeader(tokenHeader, sdk.String(token))
	c.SetHeader("access-control-expose-headers", sdk.String(tokenHeader))
	return sdk.Continue
}

// issue makes a token for the session.
func issue(c *sdk.Call) (string, sdk.Status) {
	token, status := c.Random().String(tokenLength, sdk.Alnum)
	if status == sdk.OK {
		status = c.Verifications().Create(identifier(c, token), c.Session().Get("token").String(), c.Config("expiresIn").Int(0))
	}
	return token, status
}

// identifier names the verification of a token. With storeToken "hashed" it
// holds the token's SHA-256, so that who reads the database cannot use it.
func identifier(c *sdk.Call, token string) string {
	if c.Config("storeToken").String() == "hashed" {
		hash := sha256.Sum256([]byte(token))
		token = base64.RawURLEncoding.EncodeToString(hash[:])
	}
	return identifierPrefix + token
}
