// Command multi-session is the plugin of that name: several users are signed in
// on one device at once, and the client changes between them, as Better Auth's
// multiSession plugin has it. Each session has a cookie of its own beside the
// one that counts; its name ends in the session token in lower case, its value
// is the token, signed.
//
// manifest.json declares routes, hook, cookies and options.
package main

import (
	"errors"
	"strings"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// cookiePrefix starts the names of this plugin's cookies.
const cookiePrefix = "session_token_multi-"

func cookieOf(token string) string { return cookiePrefix + strings.ToLower(token) }

// tokenOf returns the session token that the client has a cookie for; the
// token in a request only names the cookie.
func tokenOf(c *sdk.Call, named string) string { return c.Request().Cookie(cookieOf(named)).String() }

// listSessions serves GET /multi-session/list-device-sessions: the live
// sessions that the client has cookies for, one of each user.
func listSessions(c *sdk.Call) error {
	var list []sdk.Value
	seen := map[string]bool{}
	for _, cookie := range c.Request().Cookies().Members() {
		found, err := c.Sessions().Find(cookie.String())
		if err := sdk.IfNotFound(err, nil); err != nil {
			return err
		}
		if user := found.User.ID; user != "" && !seen[user] {
			seen[user] = true
			list = append(list, sdk.Object(sdk.F("session", found.Session.Fields), sdk.F("user", found.User.Fields)))
		}
	}
	return c.ReplyWith(sdk.List(list...))
}

// setActive serves POST /multi-session/set-active.
func setActive(c *sdk.Call) error {
	named := setActiveBody{c.Request()}.SessionToken()
	token := tokenOf(c, named)
	if token == "" {
		return errInvalidSessionToken
	}
	active, err := c.Sessions().Adopt(token, sdk.SessionAdoptOptions{Reason: pluginID})
	if errors.Is(err, sdk.NotFound) {
		c.ExpireCookie(cookieOf(named))
		return errInvalidSessionToken.KeepWrites()
	}
	return c.ReplyUnless(err, sdk.F("session", active.Session.Fields), sdk.F("user", active.User.Fields))
}

// revoke serves POST /multi-session/revoke. Another of the client's sessions
// takes the place of the one that counts, if it is that which ends.
func revoke(c *sdk.Call) error {
	named := revokeBody{c.Request()}.SessionToken()
	token := tokenOf(c, named)
	if token == "" {
		return errInvalidSessionToken
	}
	current := c.Session().Token
	if err := end(c, sdk.SessionRevokeOptions{Token: token}); err != nil {
		return err
	}
	c.ExpireCookie(cookieOf(named))
	if current == token {
		if err := next(c, token); err != nil {
			return err
		}
	}
	return c.Reply(sdk.F("status", sdk.Bool(true)))
}

// end ends a session that may be gone already.
func end(c *sdk.Call, o sdk.SessionRevokeOptions) error {
	return sdk.IfNotFound(c.Sessions().Revoke(o), nil)
}

// next makes one of the client's other sessions the one that counts, or takes
// the session's cookies away if there is none.
func next(c *sdk.Call, ended string) error {
	for _, cookie := range c.Request().Cookies().Members() {
		token := cookie.String()
		if token == ended {
			continue
		}
		if _, err := c.Sessions().Adopt(token, sdk.SessionAdoptOptions{Reason: pluginID}); !errors.Is(err, sdk.NotFound) {
			return err
		}
	}
	return c.Sessions().End(sdk.SessionEndOptions{})
}

// followSession gives a session that begins or goes on its cookie. At sign-out
// every session that the client has a cookie for ends.
func followSession(c *sdk.Call) error {
	if c.Phase() != "ended" {
		return remember(c)
	}
	if c.Reason() != "sign-out" {
		return nil // the others live on
	}
	for name, cookie := range c.Request().Cookies().Members() {
		if err := end(c, sdk.SessionRevokeOptions{Token: cookie.String()}); err != nil {
			return err
		}
		c.ExpireCookie(name)
	}
	return nil
}

// remember sets the cookie of the session, unless the client has as many as it
// may have. An earlier session of the same user ends, and cookies of sessions
// that are gone go.
func remember(c *sdk.Call) error {
	session := c.Session()
	own, known, others := cookieOf(session.Token), false, int64(0)
	for name, cookie := range c.Request().Cookies().Members() {
		if name == own {
			known = true
			continue
		}
		other, err := c.Sessions().Find(cookie.String())
		if err == nil && other.User.ID != session.UserID {
			others++
			continue
		}
		if err == nil {
			err = end(c, sdk.SessionRevokeOptions{Token: cookie.String(), UserID: session.UserID})
		}
		if err := sdk.IfNotFound(err, nil); err != nil {
			return err
		}
		c.ExpireCookie(name)
	}
	switch {
	case known && c.Phase() == "issued": // the client has it
	case known, others < configOf(c).MaximumSessions():
		c.SetCookieFor(own, session.Token, secondsLeft(c, session))
	}
	return nil
}

// secondsLeft returns how long a session lives.
func secondsLeft(c *sdk.Call, s sdk.CurrentSession) int64 {
	end, _ := sdk.ParseDate(s.ExpiresAt)
	return max(0, (end-c.Now())/1000)
}
