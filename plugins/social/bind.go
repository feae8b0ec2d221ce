package main

import "github.com/authhost/authhost/sdk"

// bind is the service of that name. A client that is no browser begins a flow
// and then opens one to go through it. The service binds the flow to that
// browser, whose request it is called in. The URL must be the one that the flow
// sends browsers to: a state that was not begun here, or a page that is not its
// provider's, is refused.
func bind(c *sdk.Call) error {
	input := bindInput{c}
	url := input.URL()
	s := &state{id: sdk.GetQuery(url, "state")}
	if s.id == "" {
		return errStateNotFound
	}
	text, err := s.kept(c, input.Sealed())
	if err != nil {
		return errStateNotFound
	}
	begun := decodeState(text)
	p := findProvider(c, begun.provider)
	if begun.id != s.id || begun.expiresAt < c.Now() || p == nil || !p.discover() || !leadsTo(url, p.authorize) {
		return errStateNotFound
	}
	if inCookie(c) {
		s.setCookie(c, cookieOAuthState, input.Sealed())
	} else {
		s.setCookie(c, cookieState, s.id)
	}
	return nil
}

// kept returns the text of a state that was begun: the stored one, or that in
// the sealed cookie.
func (s *state) kept(c *sdk.Call, sealed string) (string, error) {
	if inCookie(c) {
		return c.Crypto().Open(purposeOAuthState, sdk.String(sealed))
	}
	found, err := c.Verifications().Find(s.id)
	return found.Value, err
}

// leadsTo reports whether a URL is an endpoint with another query.
func leadsTo(url, endpoint string) bool { return withoutQuery(url) == withoutQuery(endpoint) }

func withoutQuery(url string) string {
	for i := range url {
		if url[i] == '?' || url[i] == '#' {
			return url[:i]
		}
	}
	return url
}
