package main

import (
	"slices"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// callbackFields are the members of a body that say where a browser goes next
// and that mean a page of the app.
var callbackFields = [...]string{"callbackURL", "newUserCallbackURL", "errorCallbackURL"}

// redirecting are the endpoints that end in a redirect whether or not the
// client said where to; without a callbackURL the browser comes to the app.
var redirecting = []string{"/sign-in/social", "/sign-in/oauth2", "/sign-in/magic-link", "/send-verification-email"}

// rewriteBody makes callback paths in the body of a request URLs of the app.
// The host has checked what was sent, and checks the outcome.
func rewriteBody(c *sdk.Call) error {
	r, body := c.Request(), c.Get("request.body")
	if isExpo(c) || body.Kind() != sdk.KindJSON || !strings.HasPrefix(body.Text(), "{") {
		return nil
	}
	site := siteOf(c)
	path := r.Path()
	ends := func(endpoint string) bool { return strings.HasPrefix(path, endpoint) }
	if !body.Get("callbackURL").Truthy() && slices.ContainsFunc(redirecting, ends) {
		r.SetBody("callbackURL", sdk.String(site))
	}
	for _, field := range callbackFields {
		if page, isPath := pagePath(body.Get(field)); isPath {
			r.SetBody(field, sdk.String(sdk.AbsoluteURL(origin(site), page)))
		}
	}
	return nil
}

// rewriteQuery does the same for the mailed link to /verify-email.
func rewriteQuery(c *sdk.Call) error {
	if page, isPath := pagePath(c.Request().Query("callbackURL")); isPath && !isExpo(c) {
		c.Request().SetQuery("callbackURL", sdk.String(sdk.AbsoluteURL(origin(siteOf(c)), page)))
	}
	return nil
}

// pagePath returns a callback that is a path. One with two slashes at its
// beginning names a host, and is left for the host's check to refuse.
func pagePath(v sdk.Value) (string, bool) {
	page := v.String()
	return page, strings.HasPrefix(page, "/") && !strings.HasPrefix(page, "//") && !strings.HasPrefix(page, `/\`)
}

// siteOf returns the app's site that the request came from, or the first one.
func siteOf(c *sdk.Call) string {
	sites, from := configOf(c).SiteURLs(), c.Get("request.origin").String()
	i := slices.IndexFunc(sites, func(site string) bool { return origin(site) == from })
	return sites[max(i, 0)] // the schema demands one
}

// origin returns scheme and host of a site.
func origin(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
