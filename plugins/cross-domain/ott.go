package main

import (
	"slices"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
)

// tokenParameter is the parameter of the app's URL with a one-time token.
const tokenParameter = "ott"

var tokens = kit.OneTimeTokens{Lifetime: 180, Unknown: errInvalidToken, Ended: errSessionNotFound, Expired: errSessionExpired}

// exchange serves POST /cross-domain/one-time-token/verify.
func exchange(c *sdk.Call) error { return tokens.Exchange(c, exchangeBody{c.Request()}.Token()) }

// addToken puts a one-time token into a redirect that takes a browser with a
// new session to the app. A link in a mail is often opened elsewhere than where
// the app runs, so the one that verifies an address does not sign in there; and
// no other site than the app's gets a token.
func addToken(c *sdk.Call) error {
	target := c.RedirectTarget()
	toApp := func(site string) bool { return origin(site) == origin(target) }
	if target == "" || c.Reason() == "verify-email" || !slices.ContainsFunc(configOf(c).SiteURLs(), toApp) {
		return nil
	}
	token, err := tokens.Issue(c)
	if err != nil {
		return err
	}
	c.Set("response.redirect", sdk.String(sdk.SetQuery(sdk.AbsoluteURL("", target), tokenParameter, token)))
	return nil
}
