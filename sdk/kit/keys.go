package kit

import (
	"strconv"

	"github.com/authhost/authhost/sdk"
)

// ServeKeys answers with the public keys of a use and algorithm, as a JSON Web
// Key Set (RFC 7517, section 5). How long it may be cached comes from the key
// ring, which publishes a new key for longer than that before it signs with it.
func ServeKeys(c *sdk.Call, use, alg string) error {
	set, err := c.Keys().JWKS(use, sdk.KeyJWKSOptions{Alg: alg})
	if err != nil {
		return err
	}
	if set.MaxAge > 0 {
		c.SetHeader("cache-control", sdk.String("public, max-age="+strconv.FormatInt(set.MaxAge, 10)))
	}
	return c.Reply(sdk.F("keys", set.Keys))
}
