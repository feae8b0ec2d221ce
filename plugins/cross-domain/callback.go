package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// callbackFields are the members of a body that say where a browser goes next
// and that mean a page of the app.
var callbackFields = [...]string{"callbackURL", "newUserCallbackURL", "errorCallbackURL"}

// redirecting are the endpoints that end in a redirect whether or not the
// client said where to; without a callbackURL the browser comes to the app.
var redirecting = [...]string{"/sign-in/social", "/sign-in/oauth2", "/sign-in/magic-link", "/send-verification-email"}

// rewriteBody makes callback paths in the body of a request URLs of the app.
// The host has checked what was sent, and checks the outcome.
func rewriteBody(c *sdk.Call) sdk.Result {
	body := c.Get("request.body")
	if isExpo(c) || body.Kind() != sdk.KindJSON || !strings.HasPrefix(body.Text(), "{") {
		return sdk.Continue
	}
	r := c.Request()
	if !r.Body("callbackURL").Truthy() && redirects(r.Path()) {
		r.SetBody("callbackURL", sdk.String(site(c)))
	}
	for _, field := range callbackFields {
		if page, isPath := pagePath(r.Body(field)); isPath {
			r.SetBody(field, sdk.String(sdk.AbsoluteURL(origin(site(c)), page)))
		}
	}
	return sdk.Continue
}

// rewriteQuery does the same for the mailed link to /verify-email.
func rewriteQuery(c *sdk.Call) sdk.Result {
	if isExpo(c) {
		return sdk.Continue
	}
	if page, isPath := pagePath(c.Request().Query("callbackURL")); isPath {
		c.Request().SetQuery("callbackURL", sdk.String(sdk.AbsoluteURL(origin(site(c)), page)))
	}
	return sdk.Continue
}

// pagePath returns a callback that is a path. One with two slashes at its
// beginning names a host, and is left for the host's check to refuse.
func pagePath(v sdk.Value) (string, bool) {
	page := v.String()
	return page, strings.HasPrefix(page, "/") && !strings.HasPrefix(page, "//") && !strings.HasPrefix(page, `/\`)
}

func redirects(path string) bool {
	for _, prefix := range redirecting {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// site returns the app's site that the request came from, or the first one.
func site(c *sdk.Call) string {
	sites := sitesOf(c)
	from := c.Get("request.origin").String()
	for _, s := range sites {
		if from == origin(s) {
			return s
		}
	}
	return sites[0]
}

// sitesOf returns the configured sites; the schema demands at least one.
func sitesOf(c *sdk.Call) []string {
	var sites []string
	for i := int64(0); ; i++ {
		s := c.Config("siteURLs." + sdk.Int(i).Text())
		if s.IsAbsent() {
			return sites
		}
		sites = append(sites, s.String())
	}
}

// origin returns scheme and host of a site.
func origin(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
