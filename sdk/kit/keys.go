package kit

import (
	"slices"
	"strconv"

	"github.com/authhost/authhost/sdk"
)

// ServeKeys answers with the public keys of a use and of some algorithms, as a
// JSON Web Key Set (RFC 7517, section 5). How long it may be cached comes from the
// key ring, which publishes a new key for longer than that before it signs with
// it.
func ServeKeys(c *sdk.Call, use string, algs ...string) error {
	var keys []sdk.Value
	maxAge := int64(0)
	for i, alg := range algs {
		set, err := c.Keys().JWKS(use, sdk.KeyJWKSOptions{Alg: alg})
		if err != nil {
			return err
		}
		keys = slices.AppendSeq(keys, set.Keys.Items())
		if i == 0 || set.MaxAge < maxAge {
			maxAge = set.MaxAge
		}
	}
	if maxAge > 0 {
		c.SetHeader("cache-control", sdk.String("public, max-age="+strconv.FormatInt(maxAge, 10)))
	}
	return c.Reply(sdk.F("keys", sdk.List(keys...)))
}
