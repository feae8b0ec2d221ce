package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// passCallback serves POST /callback/:id.
func passCallback(c *sdk.Call) error {
	return pass(c, socialRoute+sdk.EncodeURIComponent(c.Request().Param("id")))
}

// passCallbackOAuth2 serves POST /oauth2/callback/:providerId.
func passCallbackOAuth2(c *sdk.Call) error {
	return pass(c, genericRoute+sdk.EncodeURIComponent(c.Request().Param("providerId")))
}

// pass sends a browser from the POST of a callback to its GET: providers that
// answer with a form send it here across sites, without cookies. A redirect
// brings it back as a request of its own.
func pass(c *sdk.Call, path string) error {
	url := c.Tenant("authURL").String() + path
	for _, name := range [...]string{"code", "error", "device_id", "error_description", "state", "user", "iss"} {
		v := c.Request().Query(name)
		if v.IsAbsent() {
			v = c.Request().Body(name)
		}
		if v.Kind() == sdk.KindString {
			url = sdk.SetQuery(url, name, v.String())
		}
	}
	return redirect(c, url)
}

// callback serves GET /callback/:id.
func callback(c *sdk.Call) error {
	id := c.Request().Param("id")
	if p := uninvited(c, id); p != nil {
		return p.restart()
	}
	s, err := resume(c, id)
	if err == nil {
		err = answered(c, socialWords)
	}
	if err != nil {
		return orErrorPage(c, s.errorURL, err)
	}
	p := findProvider(c, id)
	if p == nil {
		return orErrorPage(c, s.errorURL, errNoProvider)
	}
	return orErrorPage(c, s.errorURL, p.finish(s, socialWords))
}

// callbackOAuth2 serves GET /oauth2/callback/:providerId.
func callbackOAuth2(c *sdk.Call) error {
	if p := uninvited(c, c.Request().Param("providerId")); p != nil {
		return p.restart()
	}
	if err := answered(c, genericWords); err != nil {
		return orErrorPage(c, "", err)
	}
	p, err := configured(c, c.Request().Param("providerId"))
	if err != nil {
		return err
	}
	s, err := resume(c, p.id)
	if err == nil {
		err = p.finish(s, genericWords)
	}
	return orErrorPage(c, s.errorURL, err)
}

// uninvited returns the provider that has sent a browser with a code that nobody
// asked for, if it may; else nil.
func uninvited(c *sdk.Call, id string) *provider {
	query := c.Request()
	if !query.Query("state").IsAbsent() || query.Query("code").String() == "" {
		return nil
	}
	if p := findProvider(c, id); p != nil && p.AllowIdpInitiated() {
		return p
	}
	return nil
}

// restart begins a flow for such a browser, which shows that it is the same one
// that comes back. A code that somebody else got for it would sign it in as
// them.
func (p *provider) restart() error {
	url, err := p.start(p.ownRoute(), false)
	if err != nil {
		return orErrorPage(p.c, "", errNoProvider)
	}
	return redirect(p.c, url)
}

// answered reports what keeps a provider's answer from having a code.
func answered(c *sdk.Call, words vocabulary) error {
	query := c.Request()
	if code := query.Query("error").String(); code != "" {
		return &problem{code: code, description: query.Query("error_description").String()}
	}
	if query.Query("code").String() == "" {
		return words.noCode
	}
	return nil
}

// finish ends a flow.
func (p *provider) finish(s *state, words vocabulary) error {
	user, t, err := p.returned(s, words)
	if err != nil {
		return err
	}
	if !s.links() {
		return p.signIn(s, user, t)
	}
	if err := p.link(s.userID, s.email, s.unbound, user, t); err != nil {
		return err
	}
	return redirect(p.c, s.callbackURL)
}

// returned finds out who came back from the provider.
func (p *provider) returned(s *state, words vocabulary) (user profile, t tokens, err error) {
	if !p.discover() {
		return user, t, words.badCode
	}
	if err := p.checkIssuer(); err != nil {
		return user, t, err
	}
	query := p.c.Request()
	t, ok := p.exchange(query.Query("code").String(), query.Query("device_id").String(), s)
	if !ok {
		return user, t, words.badCode
	}
	info, ok := p.identify(t, s.nonce)
	if ok {
		user, ok = p.profile(info, sdk.JSON(query.Query("user").String()))
	}
	switch {
	case !ok:
		return user, t, words.noProfile
	case user.email == "" && (!s.links() || words.noName != nil):
		return user, t, words.noEmail
	case user.name == "" && words.noName != nil:
		return user, t, words.noName
	}
	return user, t, nil
}

// checkIssuer compares the issuer that the answer names with the one that was
// asked, so that no provider can pass on another one's code (RFC 9207).
func (p *provider) checkIssuer() error {
	got := p.c.Request().Query("iss").String()
	switch {
	case p.issuer == "":
		return nil
	case got == "" && p.RequireIssuerValidation():
		return errNoIssuer
	case got != "" && !strings.Contains(p.issuer, "{") && !slices.Contains(strings.Fields(p.issuer), got):
		return errIssuer
	}
	return nil
}

// signIn gives the browser a session of the user whose profile it is.
func (p *provider) signIn(s *state, user profile, t tokens) error {
	id, isNew, err := p.resolve(&user, t, s.requestSignUp)
	if err != nil {
		return err
	}
	if isNew {
		if err := p.askToVerify(id, user, s.callbackURL); err != nil {
			return err
		}
	}
	if err := p.requireVerified(id); err != nil {
		return err
	}
	issued, err := p.c.Sessions().Create(id, sdk.SessionCreateOptions{Reason: sessionReason, RememberMe: sdk.String("keep")})
	if veto, ok := errors.AsType[*sdk.HostError](err); ok && veto.Status == sdk.Denied && !isNew {
		return &problem{code: cmp.Or(veto.Code, errSession.code), description: veto.Message}
	}
	if err != nil {
		return err // and nothing of a new user stays
	}
	if issued.Pending {
		return sdk.Respond
	}
	if err := p.giveCookie(user.id); err != nil {
		return err
	}
	if isNew && s.newUserURL != "" {
		return redirect(p.c, s.newUserURL)
	}
	return redirect(p.c, s.callbackURL)
}
