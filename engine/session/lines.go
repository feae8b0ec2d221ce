package session

import (
	"maps"
	"net"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/store"
)

// SetLines returns the Set-Cookie values that hand a session to a client at
// some time.
func (m *Manager) SetLines(rec *store.Record, dontRemember bool, now time.Time) []Cookie {
	set := []Cookie{m.signed(CookieToken, rec.Str("token"), Attributes{MaxAge: m.cookieLife(rec, now), Session: dontRemember})}
	if dontRemember {
		set = append(set, m.DontRememberLine())
	}
	return set
}

// DontRememberLine returns the Set-Cookie value that says that the user does not
// want to be remembered.
func (m *Manager) DontRememberLine() Cookie {
	return m.signed(CookieDontRemember, "true", Attributes{Session: true})
}

// ExpireDontRemember returns the Set-Cookie values for a client that says, according
// to its Cookie header, that its user does not want to be remembered, and is to
// say so no more.
func (m *Manager) ExpireDontRemember(header string) []Cookie {
	if !m.has(header, CookieDontRemember) {
		return nil
	}
	return []Cookie{m.gone(CookieDontRemember, Attributes{})}
}

// ExpireLines returns the Set-Cookie values that take the session away from a
// client: always the same three, whether they were set or not.
func (m *Manager) ExpireLines() []Cookie {
	names := [...]string{CookieToken, CookieData, CookieDontRemember}
	out := make([]Cookie, len(names))
	for i, name := range names {
		out[i] = Cookie{Name: name, Line: m.cookies.Line(name, "", Attributes{})}
	}
	return out
}

// OtherForms returns the Set-Cookie values that take cookies of the session away
// that a client has twice according to its Cookie header: it has one from before
// cookies.domain was set, taken away or changed, which would be sent for as long
// as it lives. The present form stays.
func (m *Manager) OtherForms(header string) (set []Cookie) {
	for _, name := range [...]string{CookieToken, CookieData, CookieDontRemember} {
		if len(sameName(header, m.cookies.Name(name))) < 2 {
			continue
		}
		for _, other := range m.cookies.otherForms(name) {
			set = append(set, Cookie{Name: name, Line: other.Line(name, "", Attributes{})})
		}
	}
	return set
}

// otherForms are the configurations that a cookie may have been set with before,
// as far as Domain goes: for the host alone, and for the domains above it.
func (c CookieConfig) otherForms(name string) (forms []CookieConfig) {
	present := c.domain(name)
	above := []string{""}
	for _, rest, ok := strings.Cut(c.Host, "."); ok && strings.Contains(rest, "."); _, rest, ok = strings.Cut(rest, ".") {
		above = append(above, rest)
	}
	if net.ParseIP(c.Host) != nil {
		above = above[:1]
	} else if strings.Contains(c.Host, ".") {
		above = append(above, c.Host)
	}
	for _, domain := range above {
		if domain == present {
			continue
		}
		form := c
		form.Domain, form.Overrides = domain, maps.Clone(c.Overrides)
		o := form.Overrides[name]
		o.Domain, o.HostOnly = "", domain == ""
		if form.Overrides == nil {
			form.Overrides = map[string]CookieOverride{}
		}
		form.Overrides[name] = o
		forms = append(forms, form)
	}
	return forms
}

// Cookie is a Set-Cookie value with the unprefixed name of the cookie that it
// sets.
type Cookie struct {
	Name  string
	Value string // as the client will send it, before it is encoded; "" takes the cookie away
	Line  string
}

func (m *Manager) signed(name, value string, a Attributes) Cookie {
	value = m.secrets.Sign(value)
	return Cookie{Name: name, Value: value, Line: m.cookies.Line(name, value, a)}
}

// SignCookie signs the value of a plugin's cookie.
func (m *Manager) SignCookie(value string) string { return m.secrets.Sign(value) }

// VerifyCookie checks and takes off the signature of a cookie's value.
func (m *Manager) VerifyCookie(signed string) (string, bool) { return m.secrets.Verify(signed) }
