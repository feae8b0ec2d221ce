package main

import (
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// leaveProvider adds to the answer of /sign-out where the session at the
// provider ends that the user signed in with last, if one of the user's
// providers has such a place (OpenID Connect RP-Initiated Logout 1.0). Clients
// go there, unless they asked to be told alone. The session here has ended.
func leaveProvider(c *sdk.Call) error {
	userID := c.Get("event.userId").String()
	if userID == "" {
		return nil
	}
	url, err := logoutURL(c, userID)
	if err != nil || url == "" {
		return err
	}
	goes := !c.Request().Body("disableRedirect").IsTrue()
	c.SetBody("url", sdk.String(url))
	c.SetBody("redirect", sdk.Bool(goes))
	if goes {
		c.SetHeader("location", sdk.String(url))
	}
	return nil
}

// logoutURL is where a user's session at a provider ends; "" for nowhere.
func logoutURL(c *sdk.Call, userID string) (string, error) {
	accounts, err := c.Identity().ListAccounts(userID)
	if err != nil {
		return "", err
	}
	slices.SortStableFunc(accounts, func(a, b sdk.Account) int { return strings.Compare(b.UpdatedAt, a.UpdatedAt) })
	for _, a := range accounts {
		p := findProvider(c, a.ProviderID)
		if p == nil {
			continue
		}
		if endpoint := p.endSession(); endpoint != "" {
			return p.logout(endpoint, a.AccountID), nil
		}
	}
	return "", nil
}

// endSession is the endpoint of the provider that ends sessions; "" for none.
// One that only the discovery document names counts where it does in Better
// Auth: in the dialect 1.7, for providers of generic OAuth.
func (p *provider) endSession() string {
	switch {
	case p.DisableProviderLogout():
		return ""
	case p.EndSessionEndpoint() != "":
		return p.EndSessionEndpoint()
	case p.discovery != "" && p.ofGenericOAuth() && newer(p.c):
		p.readDiscovery()
	}
	return p.sessionEnd
}

// logout is the URL that ends the session of an account's user.
func (p *provider) logout(endpoint, accountID string) string {
	url, hint := endpoint, ""
	if t, err := p.c.Identity().AccountTokens(p.id, accountID, sdk.AccountTokensOptions{}); err == nil {
		hint = t.IDToken
	}
	if hint != "" {
		url = sdk.SetQuery(url, "id_token_hint", hint)
	}
	sent := p.c.Request()
	back := textOf(sent.Body("callbackURL")).String()
	if back == "" {
		back = p.PostLogoutRedirectURI()
	}
	if back != "" {
		url = sdk.SetQuery(url, "post_logout_redirect_uri", sdk.AbsoluteURL(p.c.Tenant("baseURL").String(), back))
	}
	if back != "" || hint == "" {
		url = sdk.SetQuery(url, "client_id", p.clientID)
	}
	if state := textOf(sent.Body("state")).String(); back != "" && state != "" {
		url = sdk.SetQuery(url, "state", state)
	}
	return url
}
