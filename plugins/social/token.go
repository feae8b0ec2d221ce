package main

import (
	"cmp"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// tokens is what a token endpoint answers, or an app has got by itself. What
// did not come is absent.
type tokens struct {
	access, refresh, id     sdk.Value // texts
	expires, refreshExpires sdk.Value // times as records have them
	scopes                  sdk.Value // with commas between
	openID                  string    // the user, as WeChat names it beside the tokens
}

// fields are those of an account that the tokens change. What did not come
// leaves the account's as it is.
func (t tokens) fields() []sdk.Field {
	return present(
		sdk.F("accessToken", t.access), sdk.F("refreshToken", t.refresh), sdk.F("idToken", t.id),
		sdk.F("accessTokenExpiresAt", t.expires), sdk.F("refreshTokenExpiresAt", t.refreshExpires), sdk.F("scope", t.scopes))
}

// present leaves out fields whose values are absent.
func present(fields ...sdk.Field) []sdk.Field {
	var out []sdk.Field
	for _, f := range fields {
		if !f.Value.IsAbsent() {
			out = append(out, f)
		}
	}
	return out
}

// textOf is a value if it is a text, else absent.
func textOf(v sdk.Value) sdk.Value {
	if v.Kind() != sdk.KindString {
		return sdk.Value{}
	}
	return v
}

// given is a text, absent if it is "".
func given(text string) sdk.Value {
	if text == "" {
		return sdk.Value{}
	}
	return sdk.String(text)
}

// exchange trades a code for tokens (RFC 6749, section 4.1.3).
func (p *provider) exchange(code, device string, s *state) (tokens, bool) {
	verifier := ""
	if p.usesPKCE() {
		verifier = s.verifier
	}
	form := append([]sdk.Field{sdk.F("grant_type", sdk.String("authorization_code")), sdk.F("code", sdk.String(code))}, present(
		sdk.F("code_verifier", given(verifier)), sdk.F("device_id", given(device)), sdk.F("redirect_uri", given(p.callbackURL(s.route))))...)
	for name, value := range p.TokenURLParams().Members() {
		form = append(form, sdk.F(name, given(value.String())))
	}
	return p.ask(form)
}

// refresh trades a refresh token for new tokens (RFC 6749, section 6).
func (p *provider) refresh(refreshToken string) (tokens, bool) {
	form := []sdk.Field{sdk.F("grant_type", sdk.String("refresh_token")), sdk.F("refresh_token", sdk.String(refreshToken))}
	for name, value := range p.RefreshTokenParams().Members() {
		form = append(form, sdk.F(name, value))
	}
	if p.preset.id == "microsoft" && p.RefreshTokenParams().Get("scope").IsAbsent() {
		form = append(form, sdk.F("scope", sdk.String(strings.Join(p.scopes(nil), " "))))
	}
	return p.ask(form)
}

// answerJSON reads the answers of providers as JSON, because some, such as
// WeChat, call it a text.
const answerJSON = "json"

// ask calls the token endpoint as this client.
func (p *provider) ask(form []sdk.Field) (tokens, bool) {
	o := sdk.HTTPRequestOptions{Method: "POST", Answer: answerJSON}
	for name := range p.AuthorizationHeaders().Members() {
		o.Headers = append(o.Headers, sdk.F(name, sdk.Secret(p.path+".authorizationHeaders."+sdk.EscapeName(name))))
	}
	if err := p.authenticate(&o, form); err != nil {
		p.c.Log(sdk.LevelError, "the client of the provider "+p.id+" cannot prove itself: "+err.Error())
		return tokens{}, false
	}
	answer, err := p.c.HTTP().Request(p.token, o)
	if err != nil {
		p.c.Log(sdk.LevelWarn, "the token endpoint of the provider "+p.id+" did not answer")
		return tokens{}, false
	}
	body := readAnswer(answer.Body)
	t := p.tokensOf(body)
	if answer.Status < 200 || answer.Status > 299 || t.access.IsAbsent() && t.id.IsAbsent() {
		p.c.Log(sdk.LevelWarn, "the provider "+p.id+" refused a code or token: "+body.Get("error").String()+" "+body.Get("error_description").String())
		return tokens{}, false
	}
	return t, true
}

// authenticate adds to a request to the token endpoint by what the provider
// knows this client (RFC 6749, section 2.3).
func (p *provider) authenticate(o *sdk.HTTPRequestOptions, form []sdk.Field) error {
	var secret sdk.Value
	if p.ClientSecret() {
		secret = sdk.Secret(p.path + ".clientSecret")
	}
	o.Form = form
	switch method := p.Authentication(); {
	case method == "basic" || method == "" && p.basic:
		o.Auth = sdk.HTTPAuth{Username: sdk.String(p.clientID), Password: secret, FormEncoded: true}
		if !p.ClientSecret() {
			o.Auth.Password = sdk.String("")
		}
	case method == "client_secret_jwt" || method == "private_key_jwt":
		assertion, err := p.assertion(method)
		if err != nil {
			return err
		}
		o.Form = append(form, sdk.F("client_id", sdk.String(p.clientID)), sdk.F("client_assertion_type", sdk.String(assertionType)), sdk.F("client_assertion", sdk.String(assertion)))
	default:
		o.Form = append(form, sdk.F(cmp.Or(p.clientName, "client_id"), sdk.String(p.clientID)), sdk.F(cmp.Or(p.secretName, "client_secret"), secret))
	}
	return nil
}

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLife = 120 // seconds
)

// assertion is a token that the client secret, or the client's private key,
// signs: it says that this client made it for the token endpoint, now and once
// (RFC 7523, section 3).
func (p *provider) assertion(method string) (string, error) {
	id, err := p.c.Random().String(stateLength, sdk.RandomStringOptions{})
	if err != nil {
		return "", err
	}
	now := p.c.Now() / 1000
	claims := sdk.Object(
		sdk.F("iss", sdk.String(p.clientID)), sdk.F("sub", sdk.String(p.clientID)), sdk.F("aud", sdk.String(p.token)), sdk.F("jti", sdk.String(id)),
		sdk.F("iat", sdk.Int(now)), sdk.F("exp", sdk.Int(now+assertionLife)))
	alg := "HS256"
	if method == "private_key_jwt" {
		alg = cmp.Or(p.PrivateKeyAlgorithm(), "RS256")
	}
	header := sdk.Object(present(sdk.F("alg", sdk.String(alg)), sdk.F("typ", sdk.String("JWT")), sdk.F("kid", given(p.PrivateKeyID())))...)
	signed := sdk.EncodeBase64URL([]byte(header.JSONText())) + "." + sdk.EncodeBase64URL([]byte(claims.JSONText()))
	signature, err := p.signature(method, alg, sdk.String(signed))
	return signed + "." + signature, err
}

// signature signs an assertion.
func (p *provider) signature(method, alg string, signed sdk.Value) (string, error) {
	if method == "private_key_jwt" {
		return p.c.Crypto().Sign(alg, signed, sdk.SignOptions{Secret: p.path + ".privateKey"})
	}
	return p.c.Crypto().HMAC(signed, sdk.HMACOptions{Secret: p.path + ".clientSecret"})
}

func (p *provider) tokensOf(answer sdk.Value) tokens {
	t := readTokens(answer, p.separator)
	t.expires = after(p.c, cmp.Or(lifeOf(answer.Get("expires_in")), p.AccessTokenExpiresIn().Int(0)))
	t.refreshExpires = after(p.c, lifeOf(answer.Get("refresh_token_expires_in")))
	return t
}

// after is the time in so many seconds, as records have it; absent for none.
func after(c *sdk.Call, seconds int64) sdk.Value {
	if seconds <= 0 {
		return sdk.Value{}
	}
	return sdk.String(sdk.Date(c.Now() + seconds*1000))
}
