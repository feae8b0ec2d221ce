package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// onlyFirst are headers of which nothing but one value makes sense: of several
// lines the first counts, as in Node.js.
var onlyFirst = map[string]bool{
	"Authorization": true, "Content-Length": true, "Content-Type": true, "Host": true, "Proxy-Authorization": true, "Referer": true, "User-Agent": true,
}

// joinLines returns the request with each header in one line, whatever the
// number of lines that it came in: cookies of several lines are cookies of one
// (RFC 9113, section 8.2.3), and so are the members of lists (RFC 9110, section
// 5.3). So nothing behind it can see less of a request than another part does.
func joinLines(r *http.Request) *http.Request {
	several := false
	for _, lines := range r.Header {
		several = several || len(lines) > 1
	}
	if !several {
		return r
	}
	joined := *r
	joined.Header = make(http.Header, len(r.Header))
	for name, lines := range r.Header {
		joined.Header[name] = []string{joinValues(name, lines)}
	}
	return &joined
}

// joinValues makes one value of the lines of a header.
func joinValues(name string, lines []string) string {
	switch {
	case len(lines) == 0:
		return ""
	case onlyFirst[name]:
		return lines[0]
	case name == "Cookie":
		return strings.Join(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.TrimSpace(l) == "" }), "; ")
	}
	return strings.Join(lines, ", ")
}
