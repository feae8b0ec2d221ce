package main

import (
	"errors"
	"strings"

	"github.com/authhost/authhost/sdk"
)

const (
	stateLife      = 600 // seconds
	stateLength    = 32
	verifierLength = 128

	// headerCrossDomain is how clients on another site send their cookies.
	headerCrossDomain = "better-auth-cookie"
)

// state is what a flow remembers while the browser is away.
type state struct {
	id, provider                      string
	route                             string // of the callback: "/callback/"
	callbackURL, newUserURL, errorURL string
	requestSignUp                     bool
	userID, email                     string // whom the account is to be linked to; "" for a sign-in
	verifier, challenge               string // of PKCE
	nonce                             string // of the id token; "" if none was asked for
	expiresAt                         int64
	unbound                           bool // another browser may end the flow
}

// links reports whether the flow is to link an account.
func (s *state) links() bool { return s.userID != "" }

// begin keeps the state of a new flow. The request's body says where the
// browser is to go in the end; with link, the account is linked to the
// session's user.
func begin(c *sdk.Call, p *provider, route string, link bool) (*state, error) {
	body := c.Request()
	s := &state{
		provider: p.id, route: route, expiresAt: c.Now() + stateLife*1000, requestSignUp: body.Body("requestSignUp").IsTrue(),
		callbackURL: body.Body("callbackURL").StringOr(c.Tenant("baseURL").String()),
		newUserURL:  body.Body("newUserCallbackURL").String(), errorURL: body.Body("errorCallbackURL").String(),
	}
	if link {
		user := c.Session().User
		s.userID, s.email = user.ID, user.Email
	}
	// A client on another site keeps its cookies itself: the browser that
	// comes back has none.
	s.unbound = configOf(c).Account().SkipStateCookieCheck() && !c.Get("request.headers."+headerCrossDomain).IsAbsent()
	if err := s.draw(c, p.usesNonce()); err != nil {
		return nil, err
	}
	return s, s.keep(c)
}

// draw fills in what nobody can guess.
func (s *state) draw(c *sdk.Call, nonce bool) (err error) {
	random := func(length int64, alphabet string) (text string) {
		if err == nil {
			text, err = c.Random().String(length, sdk.RandomStringOptions{Alphabet: alphabet})
		}
		return text
	}
	s.id, s.verifier = random(stateLength, "url"), random(verifierLength, "")
	if nonce {
		s.nonce = random(stateLength, "")
	}
	if err == nil {
		s.challenge, err = c.Crypto().Digest(sdk.String(s.verifier), sdk.DigestOptions{})
	}
	return err
}

// inCookie reports whether the tenant has the states of flows in cookies.
func inCookie(c *sdk.Call) bool { return configOf(c).Account().StoreStateStrategy() == "cookie" }

// maxOwnCookies is how many flows of a browser have cookies at once. One more
// takes the place of the oldest.
const maxOwnCookies = 5

// ownLength is how much of the state is in the name of a flow's own cookie.
const ownLength = 8

// setCookie gives the browser the flow's cookie. Each flow has its own, named by
// its state, so that flows in several tabs do not end each other, also when they
// begin at the same time. An app, which has an origin with a scheme of its own,
// has no tabs, and looks for its state under the plain name.
func (s *state) setCookie(c *sdk.Call, name, value string) {
	if origin := c.Get("request.origin").String(); origin != "" && !strings.HasPrefix(origin, "http") {
		c.SetCookie(name, value)
		return
	}
	if others := ownCookies(c, name); len(others) >= maxOwnCookies {
		c.ExpireCookie(others[0]) // browsers send what they have had longest first (RFC 6265, section 5.4)
	}
	c.SetCookie(ownCookie(name, s.id), value)
}

// ownCookies lists the client's cookies of flows, as they are in the request.
func ownCookies(c *sdk.Call, name string) (own []string) {
	for other := range c.Request().Cookies().Members() {
		if strings.HasPrefix(other, name+"-") {
			own = append(own, other)
		}
	}
	return own
}

// ownCookie names a flow's own cookie, by its state.
func ownCookie(name, id string) string {
	return name + "-" + id[max(len(id)-ownLength, 0):]
}

// stateCookie returns the cookie of the flow that a callback names, and its
// value: its own, or an app's, which has the plain name.
func stateCookie(c *sdk.Call, name, id string) (string, sdk.Value) {
	own := ownCookie(name, id)
	if v := c.Request().Cookie(own); !v.IsAbsent() {
		return own, v
	}
	return name, c.Request().Cookie(name)
}

// keep stores the state here, bound to the browser by a cookie, or in a cookie
// that the host seals.
func (s *state) keep(c *sdk.Call) error {
	text := s.encode().Text()
	if !inCookie(c) {
		s.setCookie(c, cookieState, s.id)
		_, err := c.Verifications().Create(s.id, text, stateLife)
		return err
	}
	sealed, err := c.Crypto().Seal(purposeOAuthState, sdk.String(text))
	s.setCookie(c, cookieOAuthState, sealed)
	return err
}

func (s *state) encode() sdk.Value {
	var link sdk.Value
	if s.links() {
		link = sdk.Object(sdk.F("userId", sdk.String(s.userID)), sdk.F("email", sdk.String(s.email)))
	}
	return sdk.Object(
		sdk.F("oauthState", sdk.String(s.id)), sdk.F("provider", sdk.String(s.provider)), sdk.F("route", sdk.String(s.route)),
		sdk.F("callbackURL", sdk.String(s.callbackURL)), sdk.F("newUserURL", sdk.String(s.newUserURL)), sdk.F("errorURL", sdk.String(s.errorURL)),
		sdk.F("requestSignUp", sdk.Bool(s.requestSignUp)), sdk.F("link", link),
		sdk.F("codeVerifier", sdk.String(s.verifier)), sdk.F("nonce", sdk.String(s.nonce)),
		sdk.F("expiresAt", sdk.Int(s.expiresAt)), sdk.F("unbound", sdk.Bool(s.unbound)))
}

// decodeState undoes encode. What is no state is one of no provider.
func decodeState(text string) *state {
	v := sdk.JSON(text)
	field := func(path string) string { return v.At(path).String() }
	return &state{
		id: field("oauthState"), provider: field("provider"), route: field("route"),
		callbackURL: field("callbackURL"), newUserURL: field("newUserURL"), errorURL: field("errorURL"),
		requestSignUp: v.Get("requestSignUp").IsTrue(), userID: field("link.userId"), email: field("link.email"),
		verifier: field("codeVerifier"), nonce: field("nonce"),
		expiresAt: v.Get("expiresAt").Int(0), unbound: v.Get("unbound").IsTrue(),
	}
}

// resume takes the state that a callback names, which is then used up. With an
// error it returns what is known of the flow: the page for errors.
func resume(c *sdk.Call, provider string) (*state, error) {
	id := c.Request().Query("state").String()
	if id == "" {
		return &state{}, errNoState
	}
	take := fromStore
	if inCookie(c) {
		take = fromCookie
	}
	s, err := take(c, id)
	if err == nil && (s.expiresAt < c.Now() || s.provider != provider) {
		err = errState
	}
	return s, err
}

func fromCookie(c *sdk.Call, id string) (*state, error) {
	name, sealed := stateCookie(c, cookieOAuthState, id)
	if sealed.String() == "" {
		return &state{}, errState
	}
	text, err := c.Crypto().Open(purposeOAuthState, sealed)
	if err != nil {
		return &state{}, errSealedState
	}
	s := decodeState(text)
	if s.id != id {
		return &state{}, errState
	}
	c.ExpireCookie(name)
	// A copy of the cookie is of no more use than the cookie.
	used := "used-" + id
	if _, err := c.Verifications().Find(used); !errors.Is(err, sdk.NotFound) {
		return &state{}, errState
	}
	if _, err := c.Verifications().Create(used, "1", stateLife); err != nil {
		return &state{}, errKeepingState
	}
	return s, nil
}

// fromStore finds the state. It is used up only by the browser that it is
// bound to: nobody else can end a flow.
func fromStore(c *sdk.Call, id string) (*state, error) {
	kept, err := c.Verifications().Find(id)
	if err != nil {
		return &state{}, errState
	}
	s := decodeState(kept.Value)
	name, bound := stateCookie(c, cookieState, id)
	if !s.unbound && bound.String() != id {
		return &state{errorURL: s.errorURL}, errState
	}
	c.ExpireCookie(name)
	if _, err := c.Verifications().Consume(id); err != nil {
		return &state{}, errState
	}
	return s, nil
}

// signedOut takes the states of flows that were not ended away with the
// session.
func signedOut(c *sdk.Call) error {
	if !inCookie(c) {
		return nil
	}
	c.ExpireCookie(cookieOAuthState)
	for _, name := range ownCookies(c, cookieOAuthState) {
		c.ExpireCookie(name)
	}
	return nil
}
