package sdk

import "strings"

// AbsoluteURL resolves a callback URL that the host has checked against an
// origin: a path becomes a URL of the origin, with "." and ".." segments
// resolved; an absolute URL stays, but for a "/" where it has no path. It
// agrees with the WHATWG URL parser for the callback URLs that the host lets
// through.
func AbsoluteURL(origin, callback string) string {
	if strings.HasPrefix(callback, "/") {
		path, tail := cutAny(callback, "?#")
		return origin + removeDotSegments(path) + tail
	}
	scheme, rest, ok := strings.Cut(callback, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return callback
	}
	authority, tail := cutAny(rest, "/?#")
	if !strings.HasPrefix(tail, "/") {
		tail = "/" + tail
	}
	path, tail := cutAny(tail, "?#")
	return scheme + "://" + authority + removeDotSegments(path) + tail
}

// cutAny splits s before the first of some characters.
func cutAny(s, chars string) (before, from string) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// removeDotSegments resolves "." and ".." (RFC 3986, section 5.2.4).
func removeDotSegments(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path, "/")[1:]
	out := make([]string, 0, len(segments))
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".", "..":
			if s == ".." && len(out) > 0 {
				out = out[:len(out)-1]
			}
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	return "/" + strings.Join(out, "/")
}

// SetQuery sets one parameter of a URL's query as JavaScript's
// URLSearchParams.set does: the first of that name is replaced, others of the
// name are dropped, the rest is written in its normal form.
func SetQuery(url, name, value string) string {
	base, tail := cutAny(url, "?#")
	fragment := ""
	if i := strings.IndexByte(tail, '#'); i >= 0 {
		tail, fragment = tail[:i], tail[i:]
	}
	out := make([]byte, 0, len(url)+len(name)+len(value)+2)
	out = append(out, base...)
	separator := byte('?')
	add := func(name, value string) {
		out = append(append(out, separator), encodeForm(name)...)
		out = append(append(out, '='), encodeForm(value)...)
		separator = '&'
	}
	done := false
	for _, pair := range strings.Split(strings.TrimPrefix(tail, "?"), "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		k, v = decodeForm(k), decodeForm(v)
		if k != name {
			add(k, v)
		} else if !done {
			add(name, value)
			done = true
		}
	}
	if !done {
		add(name, value)
	}
	return string(out) + fragment
}

// GetQuery returns the first parameter of a name in a URL's query, decoded, as
// JavaScript's URLSearchParams.get does; "" if there is none.
func GetQuery(url, name string) string {
	_, tail := cutAny(url, "?#")
	query, _ := cutAny(tail, "#")
	for pair := range strings.SplitSeq(strings.TrimPrefix(query, "?"), "&") {
		if k, v, _ := strings.Cut(pair, "="); decodeForm(k) == name {
			return decodeForm(v)
		}
	}
	return ""
}

// encodeForm escapes text for application/x-www-form-urlencoded.
func encodeForm(s string) string {
	escaped := escape(s, func(c byte) bool { return isAlnum(c) || strings.IndexByte("*-._ ", c) >= 0 })
	return strings.ReplaceAll(escaped, " ", "+")
}

// decodeForm undoes encodeForm; malformed escapes stay as they are.
func decodeForm(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, byte(hexValue(s[i+1:i+3])))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}
