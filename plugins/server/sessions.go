package main

import "github.com/authhost/authhost/sdk"

// listSessions serves POST /server/list-sessions.
func listSessions(c *sdk.Call) sdk.Result {
	id := userID(c)
	if r, ok := known(c, id); !ok {
		return r
	}
	if status := c.Sessions().List(id); status != sdk.OK {
		return c.Fail(status)
	}
	c.CopyBody("sessions", "result.sessions")
	return sdk.Continue
}

// revokeSession serves POST /server/revoke-session.
func revokeSession(c *sdk.Call) sdk.Result {
	id := userID(c)
	switch status := c.Sessions().RevokeID(c.Request().Body("sessionId").String(), id); status {
	case sdk.OK:
		return done(c, "session-revoked", id)
	case sdk.NotFound:
		return errSessionNotFound.Deny(c)
	default:
		return c.Fail(status)
	}
}

// revokeSessions serves POST /server/revoke-sessions: all of a user's.
func revokeSessions(c *sdk.Call) sdk.Result {
	id := userID(c)
	if r, ok := known(c, id); !ok {
		return r
	}
	if status := c.Sessions().RevokeUser(id, ""); status != sdk.OK {
		return c.Fail(status)
	}
	c.CopyBody("count", "result.count")
	return done(c, "sessions-revoked", id)
}
