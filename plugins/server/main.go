// Command server is the plugin of that name: what servers of the application do
// with users and their sessions, where no user is signed in at them. In a
// Better Auth server that was code that called auth.api and the adapter.
//
// Every endpoint is for service keys alone (access "server" in manifest.json);
// to everybody else it does not exist. What changes something is in the audit
// log, with the user it was done to, beside the host's entry with the key.
// Nothing here gives a session or a token away.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, getUser)
	sdk.Register(2, updateUser)
	sdk.Register(3, deleteUser)
	sdk.Register(4, setPassword)
	sdk.Register(5, listSessions)
	sdk.Register(6, revokeSession)
	sdk.Register(7, revokeSessions)
}

func main() {} // never called: the host calls handlers

// The refusals of this plugin.
var (
	errUserNotFound     = sdk.APIError{Status: 404, Code: "USER_NOT_FOUND", Message: "User not found"}
	errSessionNotFound  = sdk.APIError{Status: 404, Code: "SESSION_NOT_FOUND", Message: "Session not found"}
	errWhichUser        = sdk.APIError{Status: 400, Code: "VALIDATION_ERROR", Message: "[body] Invalid input: expected userId or email"}
	errNoFields         = sdk.APIError{Status: 400, Message: "No fields to update"}
	errEmailTaken       = sdk.APIError{Status: 409, Code: "USER_ALREADY_EXISTS", Message: "User already exists."}
	errPasswordTooShort = sdk.APIError{Status: 400, Code: "PASSWORD_TOO_SHORT", Message: "Password too short"}
	errPasswordTooLong  = sdk.APIError{Status: 400, Code: "PASSWORD_TOO_LONG", Message: "Password too long"}
)

// userID returns the user that a request is about.
func userID(c *sdk.Call) string { return c.Request().Body("userId").String() }

// known ends a request about a user that there is not; ok is true if there is
// one. The record is at result.
func known(c *sdk.Call, id string) (r sdk.Result, ok bool) {
	_, status := c.Identity().FindUserByID(id)
	return ended(c, status)
}

func ended(c *sdk.Call, status sdk.Status) (r sdk.Result, ok bool) {
	switch status {
	case sdk.OK:
		return sdk.Continue, true
	case sdk.NotFound:
		return errUserNotFound.Deny(c), false
	}
	return c.Fail(status), false
}

// done records what was done to a user, and answers.
func done(c *sdk.Call, action, user string) sdk.Result {
	if status := c.Audit().Record(action, user, sdk.F("serviceKey", sdk.String(c.Request().ServiceKey()))); status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}
