package sdk

import (
	"strings"
	"unicode/utf8"
)

// UTF16Len returns the length of s as JavaScript counts it, in UTF-16 code
// units. Limits of the Better Auth protocol are in these units.
func UTF16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x10000 {
			n++
		}
	}
	return n
}

// IsEmail reports whether s is an address as the Better Auth protocol
// understands it (the pattern of zod 4): dot-separated words of ASCII letters,
// digits and _'+-, none of them empty, the last not ending in ', and a domain
// of at least two labels, the last of letters only.
func IsEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && isLocalPart(local) && isDomain(domain)
}

func isLocalPart(s string) bool {
	if s == "" || s[0] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) && strings.IndexByte("_'+-.", s[i]) < 0 {
			return false
		}
	}
	last := s[len(s)-1]
	return last != '.' && last != '\''
}

func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 {
		return false
	}
	for i, label := range labels {
		if label == "" || label[0] == '-' {
			return false
		}
		last := i == len(labels)-1
		for j := 0; j < len(label); j++ {
			if c := label[j]; !isAlnum(c) && c != '-' || last && !isLetter(c) {
				return false
			}
		}
		if last && len(label) < 2 {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' }

// ToLower lower-cases an e-mail address.
func ToLower(s string) string { return strings.ToLower(s) }

const upperHex = "0123456789ABCDEF"

// EncodeURIComponent escapes s as JavaScript's function of that name does
// (ECMAScript, section 19.2.6.4); invalid UTF-8 becomes U+FFFD.
func EncodeURIComponent(s string) string {
	return escape(s, func(c byte) bool { return isAlnum(c) || strings.IndexByte("-_.!~*'()", c) >= 0 })
}

func escape(s string, keep func(byte) bool) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	out := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); i++ {
		if keep(s[i]) {
			out = append(out, s[i])
		} else {
			out = append(out, '%', upperHex[s[i]>>4], upperHex[s[i]&15])
		}
	}
	return string(out)
}

// DecodeURIComponent undoes EncodeURIComponent; ok is false for text with a
// malformed escape.
func DecodeURIComponent(s string) (decoded string, ok bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, true
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out = append(out, s[i])
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return "", false
		}
		out = append(out, byte(hexValue(s[i+1:i+3])))
		i += 2
	}
	return string(out), utf8.Valid(out)
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }
