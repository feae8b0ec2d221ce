// Command one-time-token is the plugin of that name: a signed-in client gets a
// short-lived token that another client can exchange, once, for the same
// session, as Better Auth's oneTimeToken plugin has it. A server with a service
// key gets one for a user, who need not have a session: it begins one.
//
// manifest.json declares routes, hook, errors and options.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

func main() {} // never called: the host calls handlers

// tokenHeader is the header with a token in answers that begin a session.
const tokenHeader = "set-ott"

// generate serves GET /one-time-token/generate.
func generate(c *sdk.Call) error {
	settings := configOf(c)
	if settings.DisableClientRequest() {
		return errClientRequestsDisabled
	}
	if c.Request().ServerCall() {
		return errServerCall
	}
	token, err := settings.tokens().Issue(c)
	return c.ReplyUnless(err, sdk.F("token", sdk.String(token)))
}

// verify serves POST /one-time-token/verify.
func verify(c *sdk.Call) error {
	settings, token := configOf(c), verifyBody{c.Request()}.Token()
	if strings.HasPrefix(token, userPrefix) {
		return settings.begin(c, token)
	}
	return settings.tokens().Exchange(c, token)
}

// offer puts a token into the answer that hands a session out.
func offer(c *sdk.Call) error {
	settings := configOf(c)
	if !settings.SetOttHeaderOnNewSession() {
		return nil
	}
	token, err := settings.tokens().Issue(c)
	if err != nil {
		return err
	}
	c.SetHeader(tokenHeader, sdk.String(token))
	c.SetHeader("access-control-expose-headers", sdk.String(tokenHeader))
	return nil
}

// tokens are those that the options ask for. Hashed ones are kept as their
// SHA-256.
func (s config) tokens() kit.OneTimeTokens {
	t := kit.OneTimeTokens{Lifetime: s.ExpiresIn(), CookieLess: s.DisableSetSessionCookie(), Unknown: errInvalidToken, Ended: errSessionNotFound, Expired: errSessionExpired}
	if s.StoreToken() == "hashed" {
		t.Digest = digest
	}
	return t
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
