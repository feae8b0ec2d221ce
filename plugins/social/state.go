package main

import "github.com/authhost/authhost/sdk"

const (
	stateLife      = 600 // seconds
	stateLength    = 32
	verifierLength = 128
	sealPurpose    = "oauth-state"

	stateCookie  = "state"       // binds the browser to a state that is kept here
	sealedCookie = "oauth_state" // carries the whole state
	crossDomain  = "better-auth-cookie"
)

// flow is what a sign-in or link remembers while the browser is away.
type flow struct {
	state, verifier, challenge, nonce string
	route                             string // of the callback: "/callback/"
}

// begin keeps the state of a new flow. The request's body says where the
// browser is to go in the end; with link, the account is linked to the
// session's user.
func begin(c *sdk.Call, p *provider, route string, link bool) (flow, sdk.Status) {
	f := flow{route: route}
	for _, r := range [...]struct {
		to *string
		n  int
	}{{&f.state, stateLength}, {&f.verifier, verifierLength}, {&f.nonce, stateLength}} {
		alphabet := sdk.Alnum
		if r.to == &f.state {
			alphabet = sdk.URLSafe
		}
		random, status := c.Random().String(r.n, alphabet)
		if status != sdk.OK {
			return f, status
		}
		*r.to = random
	}
	var status sdk.Status
	if f.challenge, status = c.Crypto().Digest(sdk.String(f.verifier), "base64url"); status != sdk.OK {
		return f, status
	}
	if !p.usesNonce() {
		f.nonce = ""
	}
	f.keep(c, p, link)
	text := c.Kept("state").Text()
	if c.Config("account.storeStateStrategy").String() == "cookie" {
		sealed, status := c.Crypto().Seal(sealPurpose, sdk.String(text))
		if status != sdk.OK {
			return f, status
		}
		return f, c.SetCookie(sealedCookie, sealed)
	}
	if status = c.Verifications().Create(f.state, text, stateLife); status != sdk.OK {
		return f, status
	}
	return f, c.SetCookie(stateCookie, f.state)
}

// keep puts the state together in scratch.
func (f flow) keep(c *sdk.Call, p *provider, link bool) {
	body := c.Request()
	c.Keep("state.callbackURL", sdk.String(body.Body("callbackURL").StringOr(c.Tenant("baseURL").String())))
	c.Keep("state.codeVerifier", sdk.String(f.verifier))
	for _, name := range [...][2]string{{"errorURL", "errorCallbackURL"}, {"newUserURL", "newUserCallbackURL"}, {"requestSignUp", "requestSignUp"}} {
		c.Keep("state."+name[0], sdk.Copy("request.body."+name[1]))
	}
	if link {
		c.Keep("state.link.email", sdk.Copy("session.user.email"))
		c.Keep("state.link.userId", sdk.Copy("session.user.id"))
	}
	c.Keep("state.expiresAt", sdk.Int(c.Now()+stateLife*1000))
	c.Keep("state.oauthState", sdk.String(f.state))
	c.Keep("state.provider", sdk.String(p.id))
	c.Keep("state.route", sdk.String(f.route))
	if f.nonce != "" {
		c.Keep("state.nonce", sdk.String(f.nonce))
	}
	// A client on another site keeps its cookies itself: the browser that
	// comes back has none.
	if c.Config("account.skipStateCookieCheck").IsTrue() && !c.Get("request.headers."+crossDomain).IsAbsent() {
		c.Keep("state.unbound", sdk.Bool(true))
	}
}

// resume takes the state that the callback names, which is then used up, and
// leaves it in scratch. Otherwise it returns the code of the error, and the
// page of the flow to go to if that is known.
func resume(c *sdk.Call, p string) (code, page string) {
	state := c.Request().Query("state").String()
	if state == "" {
		return "state_not_found", ""
	}
	if c.Config("account.storeStateStrategy").String() == "cookie" {
		code = fromCookie(c, state)
	} else {
		code, page = fromStore(c, state)
	}
	if code != "" {
		return code, page
	}
	page = c.Kept("state.errorURL").String()
	if c.Kept("state.expiresAt").Int(0) < c.Now() || c.Kept("state.provider").String() != p {
		return "state_mismatch", page
	}
	return "", page
}

func fromCookie(c *sdk.Call, state string) (code string) {
	sealed := c.Request().Cookie(sealedCookie)
	if sealed.String() == "" {
		return "state_mismatch"
	}
	if _, status := c.Crypto().Open(sealPurpose, sealed); status != sdk.OK || c.Keep("state", sdk.JSON(c.Result("value").String())) != sdk.OK {
		return "state_invalid"
	}
	if c.Kept("state.oauthState").String() != state {
		return "state_mismatch"
	}
	c.ExpireCookie(sealedCookie)
	// A copy of the cookie is of no more use than the cookie.
	if _, status := c.Verifications().Find("used-" + state); status != sdk.NotFound {
		return "state_mismatch"
	}
	if c.Verifications().Create("used-"+state, "1", stateLife) != sdk.OK {
		return "internal_server_error"
	}
	return ""
}

// fromStore finds the state. It is used up only by the browser that it is
// bound to: nobody else can end a flow.
func fromStore(c *sdk.Call, state string) (code, page string) {
	value, status := c.Verifications().Find(state)
	if status != sdk.OK || c.Keep("state", sdk.JSON(value)) != sdk.OK {
		return "state_mismatch", ""
	}
	if !c.Kept("state.unbound").IsTrue() && c.Request().Cookie(stateCookie).String() != state {
		return "state_mismatch", c.Kept("state.errorURL").String()
	}
	c.ExpireCookie(stateCookie)
	if _, status := c.Verifications().Consume(state); status != sdk.OK {
		return "state_mismatch", ""
	}
	return "", ""
}

// signedOut takes the state of a flow that was not ended away with the
// session.
func signedOut(c *sdk.Call) sdk.Result {
	if c.Config("account.storeStateStrategy").String() == "cookie" {
		c.ExpireCookie(sealedCookie)
	}
	return sdk.Continue
}
