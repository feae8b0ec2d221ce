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
		return refuseInput(c)
	default:
		return c.Fail(status)
	}
	if status := c.Sessions().Reissue(); status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}

// refuseInput passes on what the host found wrong with the client's fields.
func refuseInput(c *sdk.Call) sdk.Result {
	code := c.Result("code").String()
	if code == "NO_FIELDS" {
		return errNoFields.Deny(c)
	}
	return c.Deny(400, code, c.Result("message").String())
}
