// Command multi-session is the plugin of that name: several users are signed in
// on one device at once, and the client changes between them, as Better Auth's
// multiSession plugin has it. Each session has a cookie of its own beside the
// one that counts; its name ends in the session token in lower case, its value
// is the token, signed.
//
// manifest.json declares routes, hook, cookies and options.
package main

import (
	"strings"
	"time"

	"github.com/authhost/authhost/sdk"
)

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, listSessions)
	sdk.Register(2, setActive)
	sdk.Register(3, revoke)
	sdk.Register(4, followSession)
}

func main() {} // never called: the host calls handlers

// cookiePrefix starts the names of this plugin's cookies.
const cookiePrefix = "session_token_multi-"

var errInvalidToken = sdk.APIError{Status: 401, Code: "INVALID_SESSION_TOKEN", Message: "Invalid session token"}

func cookieOf(token string) string { return cookiePrefix + strings.ToLower(token) }

// tokenOf returns the session token that the client has a cookie for; the
// token in a request only names the cookie.
func tokenOf(c *sdk.Call, named string) string { return c.Request().Cookie(cookieOf(named)).String() }

// listSessions serves GET /multi-session/list-device-sessions: the live
// sessions that the client has cookies for, one of each user.
func listSessions(c *sdk.Call) sdk.Result {
	c.SetBody("", sdk.JSON("[]"))
	seen := map[string]bool{}
	n := 0
	for _, name := range c.Request().CookieNames() {
		status := c.Sessions().Find(c.Request().Cookie(name).String())
		if status == sdk.NotFound {
			continue
		}
		if status != sdk.OK {
			return c.Fail(status)
		}
		if user := c.Result("user.id").String(); !seen[user] {
			seen[user] = true
			c.CopyBody("-.session", "result.session")
			c.CopyBody(sdk.Int(int64(n)).Text()+".user", "result.user")
			n++
		}
	}
	return sdk.Continue
}

// setActive serves POST /multi-session/set-active.
func setActive(c *sdk.Call) sdk.Result {
	named := c.Request().Body("sessionToken").String()
	token := tokenOf(c, named)
	if token == "" {
		return errInvalidToken.Deny(c)
	}
	status := c.Sessions().Adopt(token, "multi-session")
	if status == sdk.NotFound {
		c.ExpireCookie(cookieOf(named))
		return errInvalidToken.Respond(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	c.CopyBody("session", "result.session")
	c.CopyBody("user", "result.user")
	return sdk.Continue
}

// revoke serves POST /multi-session/revoke. Another of the client's sessions
// takes the place of the one that counts, if it is that which ends.
func revoke(c *sdk.Call) sdk.Result {
	named := c.Request().Body("sessionToken").String()
	token := tokenOf(c, named)
	if token == "" {
		return errInvalidToken.Deny(c)
	}
	current := c.Session().Get("token").String()
	if status := c.Sessions().Revoke(token, ""); status != sdk.OK && status != sdk.NotFound {
		return c.Fail(status)
	}
	c.ExpireCookie(cookieOf(named))
	if current == token {
		if status := next(c, token); status != sdk.OK {
			return c.Fail(status)
		}
	}
	c.SetBody("status", sdk.Bool(true))
	return sdk.Continue
}

// next makes one of the client's other sessions the one that counts, or takes
// the session's cookies away if there is none.
func next(c *sdk.Call, ended string) sdk.Status {
	for _, name := range c.Request().CookieNames() {
		token := c.Request().Cookie(name).String()
		if token == ended {
			continue
		}
		if status := c.Sessions().Adopt(token, "multi-session"); status != sdk.NotFound {
			return status
		}
	}
	return c.Sessions().End()
}

// followSession gives a session that begins or goes on its cookie, and takes
// all of them away at sign-out.
func followSession(c *sdk.Call) sdk.Result {
	var status sdk.Status
	if c.Phase() == "ended" {
		if c.Reason() != "sign-out" {
			return sdk.Continue // the others live on
		}
		status = endAll(c)
	} else {
		status = remember(c)
	}
	if status != sdk.OK {
		return c.Fail(status)
	}
	return sdk.Continue
}

// endAll ends every session that the client has a cookie for.
func endAll(c *sdk.Call) sdk.Status {
	for _, name := range c.Request().CookieNames() {
		token := c.Request().Cookie(name).String()
		if status := c.Sessions().Revoke(token, ""); status != sdk.OK && status != sdk.NotFound {
			return status
		}
		c.ExpireCookie(name)
	}
	return sdk.OK
}

// remember sets the cookie of the session, unless the client has as many as it
// may have. An earlier session of the same user ends, and cookies of sessions
// that are gone go.
func remember(c *sdk.Call) sdk.Status {
	session := c.Session()
	token, userID := session.Get("token").String(), session.UserID()
	own, known := cookieOf(token), false
	var others int64
	for _, name := range c.Request().CookieNames() {
		if name == own {
			known = true
			continue
		}
		other := c.Request().Cookie(name).String()
		status := c.Sessions().Find(other)
		switch {
		case status == sdk.OK && c.Result("user.id").String() != userID:
			others++
			continue
		case status == sdk.OK:
			status = c.Sessions().Revoke(other, userID)
		}
		if status != sdk.OK && status != sdk.NotFound {
			return status
		}
		c.ExpireCookie(name)
	}
	if known || others < c.Config("maximumSessions").Int(0) {
		if known && c.Phase() == "issued" {
			return sdk.OK // it has it
		}
		c.SetCookieFor(own, token, secondsLeft(c))
	}
	return sdk.OK
}

// secondsLeft returns how long the session lives.
func secondsLeft(c *sdk.Call) int64 {
	end, err := time.Parse(time.RFC3339, c.Session().Get("expiresAt").String())
	if err != nil {
		return 0
	}
	return max(0, (end.UnixMilli()-c.Now())/1000)
}
