package session

import (
	"strconv"
	"strings"

	"github.com/authhost/authhost/engine/secret"
)

// Bounds of the cookies that hold a value in parts. Browsers keep cookies of up
// to 4093 bytes, name and attributes included.
const (
	MaxCookieBytes = 4093
	MaxCopyBytes   = secret.MaxTokenBytes // of the copy of a session; a larger one is left out
	maxCookieBytes = 4050                 // of a part
	maxParts       = 100
)

// Size returns the bytes of a value that cookies give a client, in parts or not;
// 0 when they only take it away.
func Size(cookies []Cookie) (n int) {
	for _, c := range cookies {
		n += len(c.Value)
	}
	return n
}

func partName(name string, n int) string { return name + "." + strconv.Itoa(n) }

// BaseName returns the name of a cookie without the number of the part that it
// holds, if it holds one.
func BaseName(name string) string {
	base, _ := cutPart(name)
	return base
}

// splitLines returns the Set-Cookie values that give a client a value under a
// name, in parts if it is too large for one cookie, and take the parts of an
// older one away that it has according to its Cookie header.
func (m *Manager) splitLines(name, value string, a Attributes, header string) []Cookie {
	size := maxCookieBytes - len(m.cookies.Line(partName(name, maxParts-1), "", a))
	if len(value) <= size {
		set := []Cookie{{Name: name, Value: value, Line: m.cookies.Line(name, value, a)}}
		return append(set, m.expireParts(name, a, header, 0)...)
	}
	var set []Cookie
	if m.has(header, name) {
		set = append(set, m.gone(name, a))
	}
	n := 0
	for ; value != ""; n++ {
		part := value[:min(size, len(value))]
		value = value[len(part):]
		set = append(set, Cookie{Name: partName(name, n), Value: part, Line: m.cookies.Line(partName(name, n), part, a)})
	}
	return append(set, m.expireParts(name, a, header, n)...)
}

// expireParts takes away the parts that a client has from number n on.
func (m *Manager) expireParts(name string, a Attributes, header string, n int) []Cookie {
	var out []Cookie
	for ; n < maxParts && m.has(header, partName(name, n)); n++ {
		out = append(out, m.gone(partName(name, n), a))
	}
	return out
}

func (m *Manager) has(header, name string) bool {
	_, ok := ReadCookie(header, m.cookies.Name(name))
	return ok
}

// gone takes one cookie away.
func (m *Manager) gone(name string, a Attributes) Cookie {
	a.MaxAge, a.Session = 0, false
	return Cookie{Name: name, Line: m.cookies.Line(name, "", a)}
}

// joined puts the parts of a value together.
func (m *Manager) joined(name, header string) (value string, present bool) {
	if value, ok := ReadCookie(header, m.cookies.Name(name)); ok && value != "" {
		return value, true
	}
	var b strings.Builder
	for n := range maxParts {
		part, ok := ReadCookie(header, m.cookies.Name(partName(name, n)))
		if !ok {
			break
		}
		b.WriteString(part)
	}
	return b.String(), b.Len() > 0
}
