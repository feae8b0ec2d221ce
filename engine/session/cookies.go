package session

import (
	"cmp"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Names of the engine's own cookies, before the tenant's prefix.
const (
	CookieToken        = "session_token"
	CookieData         = "session_data"
	CookieDontRemember = "dont_remember"
)

// SecurePrefix is put before the names of cookies that are only sent over
// TLS; browsers refuse such a cookie from an insecure origin (RFC 6265bis,
// section 4.1.3.1).
const SecurePrefix = "__Secure-"

// DefaultCookiePrefix is Better Auth's.
const DefaultCookiePrefix = "better-auth"

// CookieConfig says how a tenant's cookies are named and what attributes they
// have. The zero value is Better Auth's default for a plain HTTP base URL.
type CookieConfig struct {
	Prefix      string // before the dot; default DefaultCookiePrefix
	Secure      bool   // adds the Secure attribute and SecurePrefix
	Domain      string // for cookies shared by subdomains
	Host        string // the host of the tenant's URL; only for cookies that were set under another Domain
	Path        string // default "/"; narrower for tenants that share a host
	SameSite    string // "Lax" (default), "Strict" or "None"
	Partitioned bool   // CHIPS
	// Overrides say what is different for single cookies, by unprefixed name.
	Overrides map[string]CookieOverride
}

// CookieOverride is what a tenant wants different for one cookie. Zero members
// change nothing.
type CookieOverride struct {
	Name        string // instead of the tenant's prefix, a dot and the name
	SameSite    string // before what the cookie's owner asks for
	Domain      string // instead of the tenant's
	Path        string // before what the cookie's owner asks for
	HostOnly    bool   // no Domain attribute, whatever the tenant's cookies have
	Partitioned *bool  // instead of the tenant's
}

// Attributes of one cookie, beyond what the tenant's CookieConfig says.
type Attributes struct {
	MaxAge   int    // seconds; with Session set it is left out
	Session  bool   // no Max-Age: the browser drops it when it closes
	Readable bool   // leave HttpOnly out
	Path     string // default the tenant's
	SameSite string // default the tenant's
}

// Name returns the full name of a cookie.
func (c CookieConfig) Name(name string) string {
	prefix := c.Prefix
	if prefix == "" {
		prefix = DefaultCookiePrefix
	}
	full := prefix + "." + name
	if base, part := cutPart(name); c.Overrides[base].Name != "" {
		full = c.Overrides[base].Name + part
	}
	if c.Secure {
		return SecurePrefix + full
	}
	return full
}

// domain returns the Domain attribute of a cookie, "" for none.
func (c CookieConfig) domain(name string) string {
	o := c.Overrides[name]
	if o.HostOnly {
		return ""
	}
	return cmp.Or(o.Domain, c.Domain)
}

// cutPart takes the part's number, if there is one, off the name of a cookie
// that was split. No other name has a dot.
func cutPart(name string) (base, part string) {
	if i := strings.IndexByte(name, '.'); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

// Line returns a Set-Cookie header value. The value is percent-encoded as
// encodeURIComponent does; the attributes come in the order that Better Auth
// sends them.
func (c CookieConfig) Line(name, value string, a Attributes) string {
	base, _ := cutPart(name)
	o := c.Overrides[base]
	var b strings.Builder
	b.Grow(len(name) + len(value) + 96)
	b.WriteString(c.Name(name))
	b.WriteByte('=')
	b.WriteString(EncodeURIComponent(value))
	if !a.Session {
		b.WriteString("; Max-Age=")
		b.WriteString(strconv.Itoa(a.MaxAge))
	}
	if domain := c.domain(base); domain != "" {
		b.WriteString("; Domain=")
		b.WriteString(domain)
	}
	b.WriteString("; Path=")
	b.WriteString(cmp.Or(o.Path, a.Path, c.Path, "/"))
	if !a.Readable {
		b.WriteString("; HttpOnly")
	}
	if c.Secure {
		b.WriteString("; Secure")
	}
	same := cmp.Or(o.SameSite, a.SameSite, c.SameSite, "Lax")
	b.WriteString("; SameSite=")
	b.WriteString(strings.ToUpper(same[:1]) + strings.ToLower(same[1:]))
	partitioned := c.Partitioned
	if o.Partitioned != nil {
		partitioned = *o.Partitioned
	}
	if partitioned {
		b.WriteString("; Partitioned")
	}
	return b.String()
}

// ReadCookie returns the value of a cookie from a Cookie header as Better
// Auth reads it: the first of duplicates wins, optional double quotes are
// dropped, and a percent-encoded value is decoded where that is possible.
func ReadCookie(header, fullName string) (string, bool) {
	for value := range cookieValues(header, fullName) {
		return value, true
	}
	return "", false
}

// maxSameName bounds how many cookies of one name are looked at.
const maxSameName = 4

// sameName returns the values of the first cookies of a name. A browser sends
// several of a name when they were set for different domains or paths (RFC 6265,
// section 5.4), those of before a change of the configuration first.
func sameName(header, fullName string) (values []string) {
	for value := range cookieValues(header, fullName) {
		if values = append(values, value); len(values) == maxSameName {
			break
		}
	}
	return values
}

// cookieValues gives the values of the cookies of a name, in their order.
func cookieValues(header, fullName string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(header) > 0 {
			var value string
			var found bool
			if value, header, found = nextCookie(header, fullName); found && !yield(value) {
				return
			}
		}
	}
}

// nextCookie takes the first pair off a Cookie header, and reports whether it has
// a name.
func nextCookie(header, fullName string) (value, rest string, found bool) {
	pair, rest, _ := strings.Cut(header, ";")
	name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
	if !ok || strings.TrimSpace(name) != fullName {
		return "", rest, false
	}
	value = strings.TrimSpace(value)
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	if strings.IndexByte(value, '%') >= 0 {
		if dec, err := url.PathUnescape(value); err == nil && utf8.ValidString(dec) {
			value = dec
		}
	}
	return value, rest, true
}

// EncodeURIComponent escapes as ECMAScript's function of that name does
// (ECMA-262, 19.2.6.4).
func EncodeURIComponent(s string) string {
	n := 0
	for i := 0; i < len(s); i++ {
		if !unreserved(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+2*n)
	for i := 0; i < len(s); i++ {
		if c := s[i]; unreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

func unreserved(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("-_.!~*'()", c) >= 0
}
