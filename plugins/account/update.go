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
	switch status {
	case sdk.OK:
	case sdk.Invalid:
		if c.Result("code").String() == "NO_FIELDS" {
			return errNoFields.Deny(c)
		}
		return c.DenyResult(400)
	default:
		return c.Fail(status)
	}
	if status := c.Sessions().Reissue(); status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}
