package httpapi

import (
	"net/netip"
	"strings"
)

// Headers in which proxies say whom a request comes from.
const (
	headerForwardedFor = "X-Forwarded-For"
	headerForwarded    = "Forwarded" // RFC 7239
)

// hopsOf returns the hops that the lines of a forwarding header name, the first
// proxy's client first, as they are written. ok is false for a header of which
// nothing can be believed.
func hopsOf(name string, lines []string) (hops []string, ok bool) {
	all := strings.Join(lines, ",")
	if strings.EqualFold(name, headerForwarded) {
		return forwardedHops(all)
	}
	for hop := range strings.SplitSeq(all, ",") {
		if hop = strings.TrimSpace(hop); hop != "" {
			hops = append(hops, hop)
		}
	}
	return hops, true
}

// forwardedHops returns what the parameter "for" is in each element of a
// Forwarded header, "" in those without it. A header that is not well formed
// counts for nothing: where an element begins is then anybody's guess, and a
// client's part could pass for a proxy's.
func forwardedHops(text string) (hops []string, ok bool) {
	for text != "" {
		hop, rest, ok := forwardedElement(text)
		if !ok {
			return nil, false
		}
		if hop != nil {
			hops = append(hops, *hop)
		}
		text = rest
	}
	return hops, true
}

// forwardedElement reads one element (RFC 7239, section 4), up to and with the
// comma after it. hop is nil for an empty element.
func forwardedElement(text string) (hop *string, rest string, ok bool) {
	for {
		text = strings.TrimLeft(text, " \t")
		name, after := cutToken(text)
		if name != "" {
			if hop == nil {
				hop = new(string)
			}
			value, tail, ok := forwardedValue(after)
			if !ok {
				return nil, "", false
			}
			if strings.EqualFold(name, "for") {
				*hop = value
			}
			after = tail
		}
		switch text = strings.TrimLeft(after, " \t"); {
		case text == "":
			return hop, "", true
		case text[0] == ',':
			return hop, text[1:], true
		case text[0] != ';':
			return nil, "", false
		}
		text = text[1:]
	}
}

// forwardedValue reads "=" and a token or quoted string (RFC 9110, section
// 5.6). Beside tokens it takes the colons and brackets of addresses that some
// proxies do not quote.
func forwardedValue(text string) (value, rest string, ok bool) {
	text, ok = strings.CutPrefix(text, "=")
	if !ok {
		return "", "", false
	}
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ",; \t\"")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], end > 0
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// cutToken cuts the name of a parameter off a text.
func cutToken(text string) (token, rest string) {
	end := strings.IndexAny(text, "=,; \t\"")
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// hopAddr reads the address of a hop, as proxies write it: with a port or
// without, IPv6 in brackets or not, with the zone of an interface, in quotes.
// Hops that do not say who they are ("unknown", "_hidden") have none.
func hopAddr(hop string) (netip.Addr, bool) {
	if len(hop) >= 2 && hop[0] == '"' && hop[len(hop)-1] == '"' {
		hop = strings.TrimSpace(hop[1 : len(hop)-1])
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		host, port, closed := strings.Cut(inner, "]")
		if !closed || port != "" && !isPort(port) {
			return netip.Addr{}, false
		}
		ip, err := netip.ParseAddr(host)
		return ip.WithZone(""), err == nil && ip.Is6()
	}
	if strings.Count(hop, ":") == 1 { // IPv6 has more
		host, port, _ := strings.Cut(hop, ":")
		if !isPort(":" + port) {
			return netip.Addr{}, false
		}
		hop = host
	}
	ip, err := netip.ParseAddr(hop)
	return ip.WithZone(""), err == nil
}

// isPort reports whether a text is a colon and the port of a hop: up to five
// digits, or an obfuscated one (RFC 7239, section 6.2).
func isPort(text string) bool {
	port, ok := strings.CutPrefix(text, ":")
	if obfuscated, is := strings.CutPrefix(port, "_"); is {
		return ok && obfuscated != "" && strings.Trim(obfuscated, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
	}
	return ok && port != "" && len(port) <= 5 && strings.Trim(port, "0123456789") == ""
}
