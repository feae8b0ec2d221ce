package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

// listSessions serves POST /server/list-sessions.
func listSessions(c *sdk.Call) error {
	user, err := known(c, listSessionsBody{c.Request()}.UserID())
	if err != nil {
		return err
	}
	if _, err := c.Sessions().List(user.ID, sdk.SessionListOptions{}); err != nil {
		return err
	}
	return c.Reply(sdk.F("sessions", sdk.Copy("result.sessions")))
}

// revokeSession serves POST /server/revoke-session.
func revokeSession(c *sdk.Call) error {
	body := revokeSessionBody{c.Request()}
	err := c.Sessions().Revoke(sdk.SessionRevokeOptions{ID: body.SessionID(), UserID: body.UserID()})
	if errors.Is(err, sdk.NotFound) {
		return errSessionNotFound
	}
	if err != nil {
		return err
	}
	return done(c, "session-revoked", body.UserID())
}

// revokeSessions serves POST /server/revoke-sessions: all of a user's.
func revokeSessions(c *sdk.Call) error {
	user, err := known(c, revokeSessionsBody{c.Request()}.UserID())
	if err != nil {
		return err
	}
	count, err := c.Sessions().RevokeUser(user.ID, sdk.SessionRevokeUserOptions{})
	if err != nil {
		return err
	}
	c.SetBody("count", sdk.Int(count))
	return done(c, "sessions-revoked", user.ID)
}
