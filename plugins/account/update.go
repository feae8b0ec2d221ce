package main

import "github.com/authhost/authhost/sdk"

// updateUser serves POST /update-user. Name and image are set as they are
// sent; of the other members the host takes what plugins have declared as
// open to clients.
func updateUser(c *sdk.Call) sdk.Result {
	if c.Request().Body("email").Truthy() {
		return errEmailNotUpdatable.Deny(c)
	}
	_, status := c.Identity().UpdateUser(c.Session().UserID(), "request.body",
		sdk.F("name", sdk.Copy("request.body.name")),
		sdk.F("image", sdk.Copy("request.body.image")))
	if status != sdk.OK {
		return refused(c, status)
	}
	if status := c.Sessions().Reissue(); status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}

// updateSession serves POST /update-session. The host takes the fields of
// sessions that clients may set.
func updateSession(c *sdk.Call) sdk.Result {
	if status := c.Sessions().Update("request.body"); status != sdk.OK {
		return refused(c, status)
	}
	c.SetBody("session", sdk.Copy("result.session"))
	if status := c.Sessions().Reissue(); status != sdk.OK {
		return c.Fail(status)
	}
	return sdk.Continue
}

// refused answers a change of which the host takes nothing.
func refused(c *sdk.Call, status sdk.Status) sdk.Result {
	switch {
	case status != sdk.Invalid:
		return c.Fail(status)
	case c.Result("code").String() == "NO_FIELDS":
		return errNoFields.Deny(c)
	}
	return c.DenyResult(400)
}
