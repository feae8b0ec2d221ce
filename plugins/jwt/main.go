// Command jwt is the plugin of that name: it issues tokens about the signed-in
// user that other services can check without asking, as Better Auth's jwt
// plugin does. /token gives one, /jwks the keys to check it with, and answers
// of /get-session carry one in the header set-auth-jwt.
//
// Keys are the host's (capability keys, use "jwt"). manifest.json declares
// routes, hook and options.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, token)
	sdk.Register(2, jwks)
	sdk.Register(3, followSession)
}

func main() {} // never called: the host calls handlers

const (
	keyUse      = "jwt"          // names the signing keys of this plugin
	tokenHeader = "set-auth-jwt" // of answers of /get-session
)

// reservedClaims have a meaning of their own in tokens (RFC 7519, section
// 4.1); the schema of the options refuses them, and a user field of such a
// name is left out.
var reservedClaims = [...]string{"iss", "sub", "aud", "iat", "exp", "nbf", "jti"}

// token serves GET /token.
func token(c *sdk.Call) sdk.Result {
	jwt, status := issue(c)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetBody("token", sdk.String(jwt))
	return sdk.Continue
}

// jwks serves GET /jwks, or where the options put it. How long the keys may be
// cached comes from the key ring, which publishes a new one for longer than
// that before it signs with it.
func jwks(c *sdk.Call) sdk.Result {
	if status := c.Keys().JWKS(keyUse, c.Config("algorithm").String()); status != sdk.OK {
		return c.Fail(status)
	}
	if maxAge := c.Result("maxAge"); maxAge.Int(0) > 0 {
		c.SetHeader("cache-control", sdk.String("public, max-age="+maxAge.Text()))
	}
	c.CopyBody("keys", "result.keys")
	return sdk.Continue
}

// followSession puts a token into the answer that shows a session.
func followSession(c *sdk.Call) sdk.Result {
	if c.Config("disableSettingJwtHeader").IsTrue() || !c.Session().Exists() {
		return sdk.Continue
	}
	jwt, status := issue(c)
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.SetHeader(tokenHeader, sdk.String(jwt))
	c.SetHeader("access-control-expose-headers", sdk.String(tokenHeader))
	return sdk.Continue
}

// issue signs a token for the session.
func issue(c *sdk.Call) (string, sdk.Status) {
	keys := c.Keys()
	keys.PutUserClaims(reservedClaims[:]...)
	keys.Reserve("iss", "sub", "aud", "nbf", "jti")
	c.Arg("claims.sub", sdk.Copy("session.user.id"))
	c.Arg("claims.iss", orBaseURL(c, "issuer"))
	c.Arg("claims.aud", orBaseURL(c, "audience"))
	return keys.Sign(keyUse, c.Config("algorithm").String(), c.Config("lifetime").Int(0))
}

// orBaseURL returns an option, or the tenant's base URL if it is not set.
func orBaseURL(c *sdk.Call, option string) sdk.Value {
	if v := c.Config(option); !v.IsAbsent() {
		return v
	}
	return c.Tenant("issuer")
}
