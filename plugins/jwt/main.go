// Command jwt is the plugin of that name: it issues tokens about the signed-in
// user that other services can check without asking, as Better Auth's jwt
// plugin does. /token gives one, /jwks the keys to check it with, and answers
// of /get-session carry one in the header set-auth-jwt. Servers with a service
// key have tokens signed and checked that are about something else.
//
// Keys are the host's (capability keys, use "jwt"). manifest.json declares
// routes, hook and options.
package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

func main() {} // never called: the host calls handlers

// tokenHeader is the header with the token in answers of /get-session.
const tokenHeader = "set-auth-jwt"

// registered are the claims that have a meaning of their own in tokens (RFC
// 7519, section 4.1); the schema of the options refuses them, and a user field
// of such a name is left out.
var registered = []string{"iss", "sub", "aud", "iat", "exp", "nbf", "jti"}

// reserved are those that hooks on token.claims must leave alone; the times are
// the host's.
var reserved = []string{"iss", "sub", "aud", "nbf", "jti"}

// token serves GET /token.
func token(c *sdk.Call) error {
	signed, err := issue(c, configOf(c), c.Session())
	return c.ReplyUnless(err, sdk.F("token", sdk.String(signed)))
}

// jwks serves GET /jwks, or where the options put it, unless they say that the
// keys are published elsewhere.
func jwks(c *sdk.Call) error {
	settings := configOf(c)
	if settings.RemoteURL() != "" {
		return errKeysElsewhere
	}
	return kit.ServeKeys(c, keyJWT, settings.signs()...)
}

// followSession puts a token into the answer that shows a session.
func followSession(c *sdk.Call) error {
	settings, session := configOf(c), c.Session()
	if settings.DisableSettingJWTHeader() || !session.Exists() {
		return nil
	}
	signed, err := issue(c, settings, session)
	if err != nil {
		return err
	}
	c.SetHeader(tokenHeader, sdk.String(signed))
	c.SetHeader("access-control-expose-headers", sdk.String(tokenHeader))
	return nil
}

// issue signs a token for the session.
func issue(c *sdk.Call, settings config, session sdk.CurrentSession) (string, error) {
	o := kit.UserClaims(c, session, registered...)
	subject := session.User.Fields.Get(settings.SubjectField())
	if subject.IsNullish() {
		subject = sdk.String(session.User.ID)
	}
	o.Claims = append(o.Claims, sdk.F("sub", subject))
	o.Claims = append(o.Claims, sdk.F("iss", settings.issuer(c)), sdk.F("aud", settings.audience(c)))
	return settings.sign(c, settings.Algorithm(), settings.Lifetime(), o)
}

// signs lists the algorithms of the tokens, each once. The first is that of
// tokens about users.
func (s config) signs() []string {
	algs := []string{s.Algorithm()}
	for _, alg := range s.Algorithms() {
		if alg != s.Algorithm() {
			algs = append(algs, alg)
		}
	}
	return algs
}

// sign signs claims.
func (s config) sign(c *sdk.Call, alg string, lifetime int64, o sdk.KeySignOptions) (string, error) {
	o.Alg, o.Reserved = alg, reserved
	signed, err := c.Keys().Sign(keyJWT, lifetime, o)
	return signed.Token, err
}

// signJWT serves POST /sign-jwt, for servers alone: a token that says what they
// want, under this plugin's issuer and audience unless they name others. It ends
// when they say.
func signJWT(c *sdk.Call) error {
	settings, body := configOf(c), signJWTBody{c.Request()}
	alg := cmp.Or(body.SigningAlgorithm(), settings.Algorithm())
	if !slices.Contains(settings.signs(), alg) {
		return errUnknownAlgorithm
	}
	o := sdk.KeySignOptions{Base: sdk.Copy("request.body.payload")}
	for name, own := range map[string]sdk.Value{"iss": settings.issuer(c), "aud": settings.audience(c)} {
		if body.Payload().Get(name).IsNullish() {
			o.Claims = append(o.Claims, sdk.F(name, own))
		}
	}
	lifetime := body.ExpiresIn().Int(settings.Lifetime())
	if exp := body.Payload().Get("exp"); !exp.IsNullish() {
		lifetime = exp.Int(0) - c.Now()/1000
	}
	if lifetime <= 0 {
		return errPastExpiry
	}
	signed, err := settings.sign(c, alg, lifetime, o)
	if refused, ok := errors.AsType[*sdk.HostError](err); ok && refused.Status == sdk.Invalid {
		return refused.Answer(400)
	}
	return c.ReplyUnless(err, sdk.F("token", sdk.String(signed)))
}

// verifyJWT serves POST /verify-jwt, for servers alone: the claims of a token
// of this plugin's, null if it is none or not good any more.
func verifyJWT(c *sdk.Call) error {
	settings := configOf(c)
	alg := algorithmOf(verifyJWTBody{c.Request()}.Token())
	if !slices.Contains(settings.signs(), alg) {
		return c.Reply(sdk.F("payload", sdk.Null))
	}
	claims, err := c.Keys().Verify(keyJWT, sdk.Copy("request.body.token"), sdk.KeyVerifyOptions{Alg: alg})
	if err != nil && !errors.Is(err, sdk.Invalid) {
		return err
	}
	if err != nil || claims.Get("iss") != settings.issuer(c) || claims.Get("aud") != settings.audience(c) {
		claims = sdk.Null
	}
	return c.Reply(sdk.F("payload", claims))
}

// algorithmOf is the algorithm that a token says it is signed by; "" if it does
// not say so. Only the host's check tells whether that is true.
func algorithmOf(token string) string {
	header, _, _ := strings.Cut(token, ".")
	text, ok := sdk.DecodeBase64URL(header)
	if !ok {
		return ""
	}
	return sdk.JSON(string(text)).Get("alg").String()
}

// issuer returns who signs: the tenant's base URL unless the options say
// otherwise.
func (s config) issuer(c *sdk.Call) sdk.Value {
	return sdk.String(cmp.Or(s.Issuer(), c.Tenant("issuer").String()))
}

// audience returns for whom tokens are, likewise.
func (s config) audience(c *sdk.Call) sdk.Value {
	if s.Audience().IsAbsent() {
		return c.Tenant("issuer")
	}
	return s.Audience()
}
