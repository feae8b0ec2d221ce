package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// bearerScheme is the authentication scheme of RFC 6750 with the space after
// it.
const bearerScheme = "bearer "

// useBearer makes a session token in the Authorization header the credential
// of the request. The token may be signed and percent-encoded, as in the
// cookie, or plain. A token with a wrong signature is passed over, and the
// cookie counts; a token of no session does not fall back to the cookie.
func useBearer(c *sdk.Call) sdk.Result {
	header := c.Request().Header("authorization")
	if len(header) < len(bearerScheme) || !strings.EqualFold(header[:len(bearerScheme)], bearerScheme) {
		return sdk.Continue
	}
	token := strings.TrimSpace(header[len(bearerScheme):])
	if token == "" {
		return sdk.Continue
	}
	if strings.Contains(token, ".") {
		if decoded, ok := sdk.DecodeURIComponent(token); ok {
			token = decoded
		}
	}
	if status := c.Sessions().Use(token, false); status != sdk.OK && status != sdk.Invalid {
		return c.Fail(status)
	}
	return sdk.Continue
}
