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
// then stays out of reach of scripts. manifest.json declares routes, hooks and
// options; the app's sites must be among the tenant's trusted origins, too.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, exchange)
	sdk.Register(2, useHeader)
	sdk.Register(3, rewriteBody)
	sdk.Register(4, rewriteQuery)
	sdk.Register(5, followSession)
	sdk.Register(6, followAnswer)
	sdk.Register(7, followAnswer) // errors, too
}

func main() {} // never called: the host calls handlers

// Headers between client and server. Names of request headers are lower case.
const (
	cookieHeader    = "better-auth-cookie"
	setCookieHeader = "set-better-auth-cookie"
	expoHeader      = "expo-origin"
)

// isExpo reports whether the client carries its cookies in Expo's way.
func isExpo(c *sdk.Call) bool { return !c.Get("request.headers." + expoHeader).IsAbsent() }

// useHeader makes the cookies in the header count as cookies of the request.
func useHeader(c *sdk.Call) sdk.Result {
	cookies := c.Request().Header(cookieHeader)
	if cookies == "" || isExpo(c) || c.Request().Header("authorization") != "" {
		return sdk.Continue
	}
	if status := c.Cookies().Inject(cookies); status != sdk.OK {
		return c.Fail(status)
	}
	return sdk.Continue
}

// followSession works on answers that are about a session, at the plugin's
// place among those that set cookies for it.
func followSession(c *sdk.Call) sdk.Result {
	if isExpo(c) {
		return sdk.Continue
	}
	if c.Phase() == "issued" {
		if status := addToken(c); status != sdk.OK {
			return c.Fail(status)
		}
	}
	return moveCookies(c)
}

// followAnswer works on all other answers.
func followAnswer(c *sdk.Call) sdk.Result {
	if c.Phase() != "" || isExpo(c) {
		return sdk.Continue
	}
	return moveCookies(c)
}

// moveCookies moves the answer's cookies into the header, for a client that
// carries them there.
func moveCookies(c *sdk.Call) sdk.Result {
	if c.Get("request.headers." + cookieHeader).IsAbsent() {
		return sdk.Continue
	}
	lines, status := c.Cookies().Detach()
	if status != sdk.OK {
		return c.Fail(status)
	}
	if len(lines) > 0 {
		c.SetHeader(setCookieHeader, sdk.String(join(lines)))
	}
	return sdk.Continue
}

// join folds Set-Cookie values into one header value, as the client takes
// them apart.
func join(lines []string) string {
	out := lines[0]
	for _, line := range lines[1:] {
		out += ", " + line
	}
	return out
}
