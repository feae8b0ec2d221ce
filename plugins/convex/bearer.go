package main

import "github.com/authhost/authhost/sdk"

// useBearer makes a session token in the Authorization header the credential
// of the request. A token with a wrong signature is passed over, and the
// cookie counts; a token of no session does not fall back to the cookie.
func useBearer(c *sdk.Call) sdk.Result {
	token := c.Request().BearerToken()
	if token == "" {
		return sdk.Continue
	}
	if status := c.Sessions().Use(token, false); status != sdk.OK && status != sdk.Invalid {
		return c.Fail(status)
	}
	return sdk.Continue
}
