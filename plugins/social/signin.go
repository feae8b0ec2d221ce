package main

import "github.com/authhost/authhost/sdk"

// Routes of the callbacks, before the provider's id.
const (
	socialRoute  = "/callback/"
	genericRoute = "/oauth2/callback/"
)

// requested returns the provider that the body of a social route names.
func requested(c *sdk.Call) (*provider, sdk.Result, bool) {
	p, ok := findProvider(c, c.Request().Body("provider").String())
	if !ok {
		return nil, errProviderNotFound.Deny(c), false
	}
	return p, 0, true
}

// signInSocial serves POST /sign-in/social.
func signInSocial(c *sdk.Call) sdk.Result {
	p, refusal, ok := requested(c)
	if !ok {
		return refusal
	}
	if !c.Request().Body("idToken").IsNullish() {
		return signInWithToken(c, p)
	}
	return start(c, p, socialRoute, false, true)
}

// signInOAuth2 serves POST /sign-in/oauth2, the older route for generic OAuth.
func signInOAuth2(c *sdk.Call) sdk.Result {
	id := c.Request().Body("providerId").String()
	p, ok := findProvider(c, id)
	if !ok {
		return noConfig(c, id)
	}
	return start(c, p, genericRoute, false, false)
}

// linkSocial serves POST /link-social.
func linkSocial(c *sdk.Call) sdk.Result {
	p, refusal, ok := requested(c)
	if !ok {
		return refusal
	}
	if !c.Request().Body("idToken").IsNullish() {
		return linkWithToken(c, p)
	}
	return start(c, p, socialRoute, true, true)
}

// linkOAuth2 serves POST /oauth2/link.
func linkOAuth2(c *sdk.Call) sdk.Result {
	p, ok := findProvider(c, c.Request().Body("providerId").String())
	if !ok {
		return errProviderNotFound.Deny(c)
	}
	return start(c, p, genericRoute, true, false)
}

// start begins a flow and answers with the provider's URL; with location, in
// that header, too.
func start(c *sdk.Call, p *provider, route string, link, location bool) sdk.Result {
	if !p.discover() || p.clientID() == "" {
		return errConfiguration.Deny(c)
	}
	f, status := begin(c, p, route, link)
	if status != sdk.OK {
		return c.Fail(status)
	}
	r := c.Request()
	url := p.authorizationURL(f, list(c, "request.body.scopes"), r.Body("loginHint").String())
	redirect := !r.Body("disableRedirect").IsTrue()
	if redirect && location {
		c.SetHeader("location", sdk.String(url))
	}
	c.SetBody("url", sdk.String(url))
	c.SetBody("redirect", sdk.Bool(redirect))
	return sdk.Continue
}

// fromToken reads the user out of the id token in the body.
func fromToken(c *sdk.Call, p *provider) (profile, sdk.Result, bool) {
	if p.flag("disableIdTokenSignIn", false) || !p.discover() || !p.verifies() {
		return profile{}, errNoIDTokens.Deny(c), false
	}
	body := "request.body.idToken."
	if !p.verifyIDToken(body+"token", c.Get(body+"nonce")) {
		return profile{}, errInvalidToken.Deny(c), false
	}
	c.Keep("appleUser", sdk.Copy(body+"user"))
	user, ok := p.profile()
	switch {
	case !ok:
		return user, errNoUserInfo.Deny(c), false
	case user.email == "":
		return user, errNoEmail.Deny(c), false
	}
	for _, f := range [...][2]string{{"access_token", "accessToken"}, {"refresh_token", "refreshToken"}, {"id_token", "token"}} {
		c.Keep("tokens."+f[0], sdk.Copy(body+f[1]))
	}
	return user, 0, true
}

// signInWithToken signs a user in whose app has got an id token by itself.
func signInWithToken(c *sdk.Call, p *provider) sdk.Result {
	user, refusal, ok := fromToken(c, p)
	if !ok {
		return refusal
	}
	found, problem, status := p.resolve(user, tokens{}.fields(c), c.Request().Body("requestSignUp").IsTrue())
	if status != sdk.OK {
		return c.Fail(status)
	}
	if problem != "" {
		return c.Deny(401, "OAUTH_LINK_ERROR", spaced(problem))
	}
	issued, status := c.Sessions().Create(found.id, sdk.SessionOptions{Reason: sessionReason, Keep: true})
	if status != sdk.OK {
		return c.Fail(status)
	}
	if issued.Pending {
		return sdk.Respond
	}
	c.SetBody("redirect", sdk.Bool(false))
	c.SetBody("token", sdk.String(issued.Token))
	c.SetBody("user", sdk.Copy("result.user"))
	if status := p.giveCookie(user.id); status != sdk.OK {
		return c.Fail(status)
	}
	return sdk.Continue
}

// linkWithToken links the account that an id token is about.
func linkWithToken(c *sdk.Call, p *provider) sdk.Result {
	user, refusal, ok := fromToken(c, p)
	if !ok {
		return refusal
	}
	me := c.Session().UserID()
	done := func() sdk.Result {
		c.SetBody("url", sdk.String(""))
		c.SetBody("status", sdk.Bool(true))
		c.SetBody("redirect", sdk.Bool(false))
		return sdk.Continue
	}
	switch problem, status := p.link(me, c.Session().User("email").String(), false, user, tokens{}.fields(c)); {
	case status != sdk.OK:
		return c.Fail(status)
	case problem == "":
		return done()
	case problem == linkForbidden:
		return errLinkForbidden.Deny(c)
	case problem == linkEmails, problem == linkEmails17:
		return errLinkEmails.Deny(c)
	}
	return errLinkFailed.Deny(c)
}
