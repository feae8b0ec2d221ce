package main

import (
	"errors"

	"github.com/authhost/authhost/sdk"
)

// Routes of the callbacks, before the provider's id.
const (
	socialRoute  = "/callback/"
	genericRoute = "/oauth2/callback/"
)

// configured returns the provider that a route of generic OAuth names.
func configured(c *sdk.Call, id string) (*provider, error) {
	if p := findProvider(c, id); p != nil {
		return p, nil
	}
	return nil, errProviderConfigNotFound.WithMessage("PROVIDER_CONFIG_NOT_FOUND " + id)
}

// signInSocial serves POST /sign-in/social.
func signInSocial(c *sdk.Call) error { return social(c, false) }

// linkSocial serves POST /link-social.
func linkSocial(c *sdk.Call) error { return social(c, true) }

// social begins a flow, or ends with the token that an app has got by itself.
func social(c *sdk.Call, link bool) error {
	p := findProvider(c, c.Request().Body("provider").String())
	if p == nil {
		return errProviderNotFound
	}
	token := c.Request().Body("idToken")
	switch {
	case token.IsNullish():
		if err := checkParams(c); err != nil {
			return err
		}
		url, err := p.start(p.ownRoute(), link)
		if err == nil && !c.Request().Body("disableRedirect").IsTrue() {
			c.SetHeader("location", sdk.String(url))
		}
		return p.replyURL(url, err)
	case link:
		return p.linkWithToken(token)
	}
	return p.signInWithToken(token)
}

// signInOAuth2 serves POST /sign-in/oauth2, the older route for generic OAuth.
func signInOAuth2(c *sdk.Call) error {
	p, err := configured(c, signInOAuth2Body{c.Request()}.ProviderID())
	if err != nil {
		return err
	}
	return p.replyURL(p.start(genericRoute, false))
}

// linkOAuth2 serves POST /oauth2/link.
func linkOAuth2(c *sdk.Call) error {
	p := findProvider(c, linkOAuth2Body{c.Request()}.ProviderID())
	if p == nil {
		return errProviderNotFound
	}
	return p.replyURL(p.start(genericRoute, true))
}

// ownRoute is the route of the provider's callback in flows that begin at the
// social routes. Better Auth 1.6 has those of generic OAuth at a route of their
// own, and that is what apps have registered at their providers.
func (p *provider) ownRoute() string {
	if p.ofGenericOAuth() && !newer(p.c) {
		return genericRoute
	}
	return socialRoute
}

// start begins a flow and returns the provider's URL.
func (p *provider) start(route string, link bool) (url string, err error) {
	if !p.discover() || p.clientID == "" {
		return "", errInvalidOAuthConfiguration
	}
	s, err := begin(p.c, p, route, link)
	if err != nil {
		return "", err
	}
	body := p.c.Request()
	return p.authorizationURL(s, body.Body("scopes").Texts(), body.Body("loginHint").String()), nil
}

// replyURL answers with the provider's URL, and whether the client goes there.
func (p *provider) replyURL(url string, err error) error {
	return p.c.ReplyUnless(err, sdk.F("url", sdk.String(url)), sdk.F("redirect", sdk.Bool(!p.c.Request().Body("disableRedirect").IsTrue())))
}

// fromToken reads the user out of an id token that an app has got.
func (p *provider) fromToken(sent sdk.Value) (user profile, t tokens, err error) {
	if !p.discover() || !p.verifies() {
		return user, t, errIDTokenNotSupported
	}
	if p.DisableIDTokenSignIn() {
		return user, t, errInvalidToken
	}
	t = tokens{access: tokenOf(sent.Get("accessToken")), refresh: tokenOf(sent.Get("refreshToken")), id: sent.Get("token")}
	claims, ok := p.verify(t.id, sdk.HTTPVerifyTokenOptions{MaxAge: idTokenMaxAge, Nonce: p.clientNonce(sent.Get("nonce"))})
	if !ok {
		return user, t, errInvalidToken
	}
	if user, ok = p.profile(claims, sent.Get("user")); !ok {
		return user, t, errFailedToGetUserInfo
	}
	if user.email == "" {
		return user, t, errUserEmailNotFound
	}
	return user, t, nil
}

// signInWithToken signs a user in whose app has got an id token by itself.
func (p *provider) signInWithToken(sent sdk.Value) error {
	user, t, err := p.fromToken(sent)
	if err != nil {
		return err
	}
	body := signInSocialBody{p.c.Request()}
	id, isNew, err := p.resolve(&user, t, body.RequestSignUp().IsTrue())
	if err != nil {
		return orLinkError(err)
	}
	if isNew {
		if err := p.askToVerify(id, user, body.CallbackURL()); err != nil {
			return err
		}
	}
	if err := p.requireVerified(id); err != nil {
		return orLinkError(err)
	}
	issued, err := p.c.Sessions().Create(id, sdk.SessionCreateOptions{Reason: sessionReason, RememberMe: sdk.String("keep")})
	if err != nil {
		return err
	}
	if issued.Pending {
		return sdk.Respond
	}
	return p.c.ReplyUnless(p.giveCookie(user.id),
		sdk.F("redirect", sdk.Bool(false)), sdk.F("token", sdk.String(issued.Session.Token)), sdk.F("user", issued.User.Fields))
}

// linkWithToken links the account that an id token is about.
func (p *provider) linkWithToken(sent sdk.Value) error {
	user, t, err := p.fromToken(sent)
	if err != nil {
		return err
	}
	me := p.c.Session().User
	err = p.link(me.ID, me.Email, false, user, t)
	if problem, ok := errors.AsType[*problem](err); ok {
		return linkErrors(problem)
	}
	return p.c.ReplyUnless(err, sdk.F("url", sdk.String("")), sdk.F("status", sdk.Bool(true)), sdk.F("redirect", sdk.Bool(false)))
}

// linkErrors is the answer to a problem of a link without a browser.
func linkErrors(p *problem) error {
	switch {
	case p.refused:
		return p.answer()
	case p == errLinkForbidden:
		return errLinkingNotAllowed
	case p == errLinkEmails || p == errLinkEmails17:
		return errLinkingDifferentEmailsNotAllowed
	}
	return errLinkingFailed
}
