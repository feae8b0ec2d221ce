// Command jwt is the plugin of that name: it issues tokens about the signed-in
// user that other services can check without asking, as Better Auth's jwt
// plugin does. /token gives one, /jwks the keys to check it with, and answers
// of /get-session carry one in the header set-auth-jwt. Servers with a service
// key have tokens signed and checked that are about something else.
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
	sdk.Register(4, signJWT)
	sdk.Register(5, verifyJWT)
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
	subject := "id"
	if field := c.Config("subjectField"); !c.Session().User(sdk.EscapeName(field.String())).IsNullish() {
		subject = sdk.EscapeName(field.String())
	}
	c.Arg("claims.sub", sdk.Copy("session.user."+subject))
	c.Arg("claims.iss", orBaseURL(c, "issuer"))
	c.Arg("claims.aud", orBaseURL(c, "audience"))
	return keys.Sign(keyUse, c.Config("algorithm").String(), c.Config("lifetime").Int(0))
}

// signJWT serves POST /sign-jwt, for servers alone: a token that says what they
// want, under this plugin's issuer and audience. The times are the host's.
func signJWT(c *sdk.Call) sdk.Result {
	c.Arg("base", sdk.Copy("request.body.payload"))
	c.Keys().Reserve("iss", "sub", "aud", "nbf", "jti")
	c.Arg("claims.iss", orBaseURL(c, "issuer"))
	c.Arg("claims.aud", orBaseURL(c, "audience"))
	lifetime := c.Request().Body("expiresIn").Int(c.Config("lifetime").Int(0))
	jwt, status := c.Keys().Sign(keyUse, c.Config("algorithm").String(), lifetime)
	switch {
	case status == sdk.Invalid:
		return c.DenyResult(400)
	case status != sdk.OK:
		return c.Fail(status)
	}
	c.SetBody("token", sdk.String(jwt))
	return sdk.Continue
}

// verifyJWT serves POST /verify-jwt, for servers alone: the claims of a token
// of this plugin's, null if it is none or not good any more.
func verifyJWT(c *sdk.Call) sdk.Result {
	status := c.Keys().Verify(keyUse, c.Config("algorithm").String(), c.Request().Body("token"))
	if status != sdk.OK && status != sdk.Invalid {
		return c.Fail(status)
	}
	c.SetBody("payload", sdk.Null)
	if status == sdk.OK && c.Result("claims.iss") == orBaseURL(c, "issuer") && c.Result("claims.aud") == orBaseURL(c, "audience") {
		c.CopyBody("payload", "result.claims")
	}
	return sdk.Continue
}

// orBaseURL returns an option, or the tenant's base URL if it is not set.
func orBaseURL(c *sdk.Call, option string) sdk.Value {
	if v := c.Config(option); !v.IsAbsent() {
		return v
	}
	return c.Tenant("issuer")
}
