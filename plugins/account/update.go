package main

import "github.com/authhost/authhost/sdk"

// updateUser serves POST /update-user. Name and image are set as they are
// sent; of the other members the host takes what plugins have declared as
// open to clients.
func updateUser(c *sdk.Call) error {
	if c.Request().Body("email").Truthy() {
		return errEmailCanNotBeUpdated
	}
	_, err := c.Identity().UpdateUser(c.Session().UserID, sdk.UpdateUserOptions{
		Input: sdk.Copy("request.body"),
		Set:   []sdk.Field{sdk.F("name", sdk.Copy("request.body.name")), sdk.F("image", sdk.Copy("request.body.image"))},
	})
	if err != nil {
		return notUpdated(err)
	}
	return done(c, c.Sessions().Reissue())
}

// updateSession serves POST /update-session. The host takes the fields of
// sessions that clients may set.
func updateSession(c *sdk.Call) error {
	session, err := c.Sessions().Update(sdk.SessionUpdateOptions{Input: sdk.Copy("request.body")})
	if err != nil {
		return notUpdated(err)
	}
	return c.ReplyUnless(c.Sessions().Reissue(), sdk.F("session", session.Fields))
}

// notUpdated answers a change of which the host takes nothing.
func notUpdated(err error) error {
	if sdk.CodeOf(err) == "NO_FIELDS" {
		return errNoFields
	}
	return sdk.InvalidInput(err)
}
