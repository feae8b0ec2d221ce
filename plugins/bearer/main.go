// Command bearer is the plugin of that name: clients without cookies prove
// their session with a token in the Authorization header (RFC 6750), as Better
// Auth's bearer plugin has it. Every answer that hands a session out in a
// cookie has the token in the header set-auth-token, too.
//
// manifest.json declares hooks and options.
package main

import (
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

func main() {} // never called: the host calls handlers

// tokenHeader is the header of answers that has the session token.
const tokenHeader = "set-auth-token"

// useToken makes a session token in the Authorization header the credential of
// the request. One with a wrong signature is passed over, and the cookie
// counts; one of no session does not fall back to the cookie.
func useToken(c *sdk.Call) error {
	return kit.UseBearer(c, c.Request().BearerToken(), configOf(c).RequireSignature())
}

// showToken repeats the session token of the answer's cookie in a header that
// scripts may read.
func showToken(c *sdk.Call) error {
	if token := c.SessionToken(); token != "" {
		c.SetHeader(tokenHeader, sdk.String(token))
		c.SetHeader("access-control-expose-headers", sdk.String(tokenHeader))
	}
	return nil
}
