// Command expo is the plugin of that name: it serves apps made with Expo, as the
// server part of @better-auth/expo does. Such an app names its origin, myapp://,
// in the header expo-origin, because it has no header Origin; keeps its cookies
// itself; and opens a browser for sign-ins at providers and for links in mails.
// When that browser comes back to the app, the plugin adds the cookies that it
// was given to the app's URL.
//
// manifest.json declares route, hooks, errors and options.
package main

import (
	"errors"
	"strings"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// authorizationProxy serves GET /expo-authorization-proxy: the browser that an
// app has opened gets the state of the app's sign-in, and goes on to the
// provider.
func authorizationProxy(c *sdk.Call) error {
	query := authorizationProxyQuery{c.Request()}
	url := query.AuthorizationURL()
	if strings.Contains(url, "#") || !isForeign(c, url) {
		return errInvalidAuthorizationURL
	}
	if sdk.GetQuery(url, "state") == "" {
		return errNoState
	}
	_, err := c.Plugins().Call(serviceSocialBind, []sdk.Field{sdk.F("url", sdk.String(url)), sdk.F("sealed", sdk.String(query.OAuthState()))})
	if errors.Is(err, sdk.Denied) || errors.Is(err, sdk.Unsupported) {
		return errInvalidAuthorizationURL
	}
	if err != nil {
		return err
	}
	return c.Redirect(url)
}

// isForeign reports whether a URL is a page of another server's, which is reached
// by HTTPS; in development by HTTP, too.
func isForeign(c *sdk.Call, url string) bool {
	scheme, _, ok := strings.Cut(url, "://")
	if !ok || scheme != "https" && !(scheme == "http" && c.Tenant("development").IsTrue()) {
		return false
	}
	own := c.Tenant("baseURL").String()
	return url != own && !strings.HasPrefix(url, own+"/") && !strings.HasPrefix(url, own+"?")
}

// handOver adds the cookies of an answer to a redirect that leads to an app. The
// host has checked, and checks again, that the tenant trusts the app.
func handOver(c *sdk.Call) error {
	target := c.RedirectTarget()
	scheme, _, absolute := strings.Cut(target, "://")
	if !absolute || scheme == "http" || scheme == "https" || strings.Contains(target, "/oauth-proxy-callback") {
		return nil
	}
	lines, err := c.Cookies().List()
	if err != nil || len(lines) == 0 {
		return err
	}
	c.Set("response.redirect", sdk.String(sdk.SetQuery(target, "cookie", strings.Join(lines, ", "))))
	return nil
}

// trustExpoGo trusts apps that run in Expo Go, where they are being developed.
func trustExpoGo(c *sdk.Call) error {
	if c.Tenant("development").IsTrue() && strings.HasPrefix(c.Record("origin").String(), "exp://") {
		c.Set("record.trusted", sdk.Bool(true))
	}
	return nil
}
