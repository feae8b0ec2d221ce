package kit

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

// UseBearer makes a session token, such as Request.BearerToken gives, the
// credential of the request; hooks on request.before may. A token with a wrong
// signature, or without one where that is required, is passed over, and the
// cookie counts. "" is no token.
func UseBearer(c *sdk.Call, token string, requireSignature bool) error {
	if token == "" {
		return nil
	}
	err := c.Sessions().Use(sdk.SessionUseOptions{Token: token, RequireSignature: requireSignature})
	if errors.Is(err, sdk.Invalid) {
		return nil
	}
	return err
}
