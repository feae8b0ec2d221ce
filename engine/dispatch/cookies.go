package dispatch

import (
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/pluginapi"
)

// InjectCookies adds cookies, in the form of a Cookie header, to those of the
// request. Of two cookies of one name the request's own counts, because the
// first of duplicates does.
func (ex *Exchange) InjectCookies(header string) {
	if ex.Session.ServerCall() {
		return
	}
	r := ex.changeRequest()
	if own := r.Headers.Get("Cookie"); own != "" {
		header = own + "; " + header
	}
	r.Headers.Set("Cookie", header)
	ex.Session.useCookies(header)
}

// CookieLines returns the Set-Cookie values of the answer's cookies. A server
// call has none.
func (ex *Exchange) CookieLines() []string {
	if ex.Session.ServerCall() {
		return nil
	}
	lines := make([]string, len(ex.Response.Cookies))
	for i, c := range ex.Response.Cookies {
		lines[i] = c.Line
	}
	return lines
}

// DetachCookies takes the cookies off the answer and returns what CookieLines
// does.
func (ex *Exchange) DetachCookies() []string {
	r, lines := &ex.Response, ex.CookieLines()
	if !ex.Session.ServerCall() {
		r.detachedToken = r.sessionToken()
	}
	r.Cookies = nil
	return lines
}

// Hold completes the answer of the hook that put a step before a session: the
// client has no session while that step is open, and is told if the user did not
// want to be remembered.
func (ex *Exchange) Hold(dontRemember bool) {
	m := ex.Realm.Sessions
	for _, c := range m.ExpireLines() {
		if c.Name != session.CookieDontRemember {
			ex.pending.SetCookie(c)
		}
	}
	for _, b := range ex.set.sealed {
		ex.pending.setCookies(m.ExpireSealed(b, ex.Session.credential.Cookie))
	}
	if dontRemember {
		ex.pending.SetCookie(m.DontRememberLine())
	}
}

// sessionToken is the signed session token that the answer's cookie hands to
// the client, also if the cookie was detached; Absent if there is none.
func (r *Response) sessionToken() document.Value {
	for _, c := range r.Cookies {
		if c.Name == session.CookieToken {
			return textOrAbsent(c.Value)
		}
	}
	return r.detachedToken
}

// hiddenCookie tells the engine's own cookies: a guest works with sessions
// through its capability, not through their cookies.
func hiddenCookie(name string) bool {
	return name == session.CookieToken || name == session.CookieDontRemember || name == session.CookieImpersonator ||
		name == session.CookieData || strings.HasPrefix(name, session.CookieData+".")
}

// readCookie gives a cookie by its unprefixed name, with the signature of a
// signed one checked and taken off, and a sealed one opened.
func (c *Call) readCookie(name string) document.Value {
	if hiddenCookie(name) || !c.seesCookie(name) {
		return document.Value{}
	}
	if b, sealed := c.Exchange.set.sealedCookie(session.BaseName(name)); sealed {
		return c.readSealed(b, name)
	}
	m := c.Exchange.Realm.Sessions
	value, ok := session.ReadCookie(c.Exchange.Request.Headers.Get("Cookie"), m.Cookies().Name(name))
	if !ok {
		return document.Value{}
	}
	if declared, ok := c.Exchange.set.cookie(name); ok && declared.Signed {
		if value, ok = m.VerifyCookie(value); !ok {
			return document.Value{}
		}
	}
	return document.Text(validText(value))
}

// ownCookies gives the request's cookies that the plugin declares, by their
// unprefixed names; a signed one only if its signature is right.
func (c *Call) ownCookies() document.Value {
	prefix := c.Exchange.Realm.Sessions.Cookies().Name("")
	out := document.NewObject(4)
	for pair := range strings.SplitSeq(c.Exchange.Request.Headers.Get("Cookie"), ";") {
		full, _, _ := strings.Cut(pair, "=")
		name, ok := strings.CutPrefix(strings.TrimSpace(full), prefix)
		if !ok || out.Has(name) {
			continue
		}
		if _, own := c.Entry.Plugin.Cookie(name); !own {
			continue
		}
		if v := c.readCookie(name); !v.IsAbsent() {
			out.Set(name, v)
		}
	}
	for _, declared := range c.Entry.Plugin.Manifest.Cookies {
		if !declared.Sealed {
			continue
		}
		if v := c.readCookie(declared.Name); !v.IsAbsent() {
			out.Set(declared.Name, v) // also if it came in parts
		}
	}
	return document.Obj(out)
}

// writeCookie sets or expires a cookie that the plugin's manifest declares.
func (c *Call) writeCookie(name string, v document.Value) pluginapi.Status {
	declared, ok := c.Entry.Plugin.Cookie(name)
	if !ok || hiddenCookie(name) {
		return pluginapi.StatusDenied
	}
	if b, sealed := c.Exchange.set.sealedCookie(name); sealed {
		c.trace.other = true // what is sealed is sealed anew each time
		return c.writeSealed(b, v)
	}
	attributes := session.Attributes{
		MaxAge: declared.MaxAge, Session: declared.MaxAge == 0,
		Readable: declared.HTTPOnly != nil && !*declared.HTTPOnly,
		SameSite: declared.SameSite, Path: declared.Path,
	}
	value := v.Str()
	switch v.Kind() {
	case document.Null, document.Absent:
		attributes.MaxAge, attributes.Session = 0, false
	case document.String:
	case document.ObjectKind:
		value = v.Get("value").Str()
		if n, ok := v.Get("maxAge").Int(); ok && n >= 0 {
			attributes.MaxAge, attributes.Session = int(n), false
		}
	default:
		return pluginapi.StatusInvalid
	}
	if declared.Signed && !v.IsNullish() {
		value = c.Exchange.Realm.Sessions.SignCookie(value)
	}
	line := c.Exchange.Realm.Sessions.Cookies().Line(name, value, attributes)
	if err := c.weigh("cookie", name, len(line), session.MaxCookieBytes); err != nil {
		c.refusal = err
		return pluginapi.StatusLimit
	}
	cookie := session.Cookie{Name: name, Value: value, Line: line}
	c.trace.cookies = append(c.trace.cookies, cookie)
	c.Exchange.Response.SetCookie(cookie)
	return pluginapi.StatusOK
}
