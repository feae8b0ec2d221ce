package main

import (
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// passCallback serves POST /callback/:id: providers that answer with a form
// send the browser here across sites, without cookies. A redirect brings it
// back as a request of its own.
func passCallback(c *sdk.Call) sdk.Result {
	url := c.Tenant("authURL").String() + socialRoute + sdk.EncodeURIComponent(c.Request().Param("id"))
	for _, name := range [...]string{"code", "error", "device_id", "error_description", "state", "user", "iss"} {
		v := c.Request().Query(name)
		if v.IsAbsent() {
			v = c.Request().Body(name)
		}
		if v.Kind() == sdk.KindString {
			url = sdk.SetQuery(url, name, v.String())
		}
	}
	c.SetHeader("content-type", sdk.String("application/json"))
	return c.Redirect(url)
}

// callback serves GET /callback/:id.
func callback(c *sdk.Call) sdk.Result {
	id := c.Request().Param("id")
	code, page := resume(c, id)
	if code != "" {
		return fail(c, page, code, "")
	}
	query := c.Request()
	if e := query.Query("error").String(); e != "" {
		return fail(c, page, e, query.Query("error_description").String())
	}
	if query.Query("code").String() == "" {
		return fail(c, page, socialWords.noCode, "")
	}
	p, ok := findProvider(c, id)
	if !ok {
		return fail(c, page, "oauth_provider_not_found", "")
	}
	return finish(c, p, socialWords, page)
}

// callbackOAuth2 serves GET /oauth2/callback/:providerId.
func callbackOAuth2(c *sdk.Call) sdk.Result {
	query := c.Request()
	if e := query.Query("error").String(); e != "" {
		return fail(c, "", e, query.Query("error_description").String())
	}
	if query.Query("code").String() == "" {
		return fail(c, "", genericWords.noCode, "")
	}
	id := query.Param("providerId")
	p, ok := findProvider(c, id)
	if !ok {
		return noConfig(c, id)
	}
	code, page := resume(c, id)
	if code != "" {
		return fail(c, page, code, "")
	}
	return finish(c, p, genericWords, page)
}

// finish ends a flow whose state is in scratch.
func finish(c *sdk.Call, p *provider, words vocabulary, page string) sdk.Result {
	if !p.discover() {
		return fail(c, page, words.badCode, "")
	}
	if problem := p.checkIssuer(); problem != "" {
		return fail(c, page, problem, "")
	}
	query := c.Request()
	t, ok := p.exchange(query.Query("code").String(), c.Kept("state.codeVerifier").String(), p.callbackURL(c.Kept("state.route").String()), query.Query("device_id").String())
	if !ok {
		return fail(c, page, words.badCode, "")
	}
	if raw := query.Query("user").String(); raw != "" {
		c.Keep("appleUser", sdk.JSON(raw)) // one that is no JSON is not kept
	}
	user, ok := p.identify(t, c.Kept("state.nonce").String())
	switch {
	case !ok:
		return fail(c, page, words.noProfile, "")
	case user.email == "" && (c.Kept("state.link").IsAbsent() || words.noName != ""):
		return fail(c, page, words.noEmail, "")
	case user.name == "" && words.noName != "":
		return fail(c, page, words.noName, "")
	}
	if !c.Kept("state.link").IsAbsent() {
		return finishLink(c, p, user, t, page)
	}
	found, problem, status := p.resolve(user, t.fields(c), c.Kept("state.requestSignUp").IsTrue())
	if status != sdk.OK {
		return c.Fail(status)
	}
	if problem != "" {
		return fail(c, page, problem, "")
	}
	issued, status := c.Sessions().Create(found.id, sdk.SessionOptions{Reason: sessionReason, Keep: true})
	if status == sdk.Denied && !found.isNew {
		return fail(c, page, vetoed(c, "unable_to_create_session"), c.Result("message").String())
	}
	if status != sdk.OK {
		return c.Fail(status) // and nothing of a new user stays
	}
	if issued.Pending {
		return sdk.Respond
	}
	if status := p.giveCookie(user.id); status != sdk.OK {
		return c.Fail(status)
	}
	target := c.Kept("state.callbackURL").String()
	if next := c.Kept("state.newUserURL").String(); found.isNew && next != "" {
		target = next
	}
	c.SetHeader("content-type", sdk.String("application/json"))
	return c.Redirect(target)
}

func finishLink(c *sdk.Call, p *provider, user profile, t tokens, page string) sdk.Result {
	link := func(name string) string { return c.Kept("state.link." + name).String() }
	problem, status := p.link(link("userId"), link("email"), c.Kept("state.unbound").IsTrue(), user, t.fields(c))
	if status != sdk.OK {
		return c.Fail(status)
	}
	if problem != "" {
		return fail(c, page, strings.TrimSpace(problem), "")
	}
	c.SetHeader("content-type", sdk.String("application/json"))
	return c.Redirect(c.Kept("state.callbackURL").String())
}

// checkIssuer compares the issuer that the answer names with the one that was
// asked, so that no provider can pass on another one's code (RFC 9207).
func (p *provider) checkIssuer() string {
	got := p.c.Request().Query("iss").String()
	switch {
	case p.issuer == "":
		return ""
	case got == "" && p.flag("requireIssuerValidation", false):
		return "issuer_missing"
	case got != "" && !strings.Contains(p.issuer, "{") && !slices.Contains(strings.Fields(p.issuer), got):
		return "issuer_mismatch"
	}
	return ""
}
