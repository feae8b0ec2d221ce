// Command cross-domain is the plugin of that name: it serves apps on another
// site than the tenant's, where browsers keep the tenant's cookies away from
// the app's requests, as crossDomain of @convex-dev/better-auth does. The client
// keeps the cookies itself: it sends them in the header Better-Auth-Cookie and
// gets new ones in Set-Better-Auth-Cookie. A browser that comes back from a
// redirect with a new session brings the app a one-time token to exchange for
// it.
//
// Clients that send the header expo-origin have a transport of their own and
// are left alone. Where a request has both cookies and the header, a cookie
// counts before one of the same name in the header. The header is passed over
// if there is an Authorization header.
//
// Plugins that set cookies for the session, and that the tenant lists after
// this one, set them as cookies: convex_jwt, which servers of the app read,
// then stays out of reach of scripts. manifest.json declares routes, hooks,
// errors and options; the app's sites must be among the tenant's trusted
// origins, too.
package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// Headers between client and server. Names of request headers are lower case.
const (
	cookieHeader    = "better-auth-cookie"
	setCookieHeader = "set-better-auth-cookie"
	expoHeader      = "expo-origin"
)

// isExpo reports whether the client carries its cookies in Expo's way.
func isExpo(c *sdk.Call) bool { return hasHeader(c, expoHeader) }

func hasHeader(c *sdk.Call, name string) bool { return !c.Get("request.headers." + name).IsAbsent() }

// useHeader makes the cookies in the header count as cookies of the request.
func useHeader(c *sdk.Call) error {
	cookies := c.Request().Header(cookieHeader)
	if cookies == "" || isExpo(c) || c.Request().Header("authorization") != "" {
		return nil
	}
	return c.Cookies().Inject(cookies)
}

// followSession works on answers that are about a session, at the plugin's
// place among those that set cookies for it.
func followSession(c *sdk.Call) error {
	if isExpo(c) {
		return nil
	}
	if c.Phase() == "issued" {
		if err := addToken(c); err != nil {
			return err
		}
	}
	return moveCookies(c)
}

// followAnswer works on all other answers, errors among them.
func followAnswer(c *sdk.Call) error {
	if c.Phase() != "" || isExpo(c) {
		return nil
	}
	return moveCookies(c)
}

// moveCookies moves the answer's cookies into the header, for a client that
// carries them there. It takes them apart at the commas.
func moveCookies(c *sdk.Call) error {
	if !hasHeader(c, cookieHeader) {
		return nil
	}
	lines, err := c.Cookies().Detach()
	if len(lines) > 0 {
		c.SetHeader(setCookieHeader, sdk.String(strings.Join(lines, ", ")))
	}
	return err
}
