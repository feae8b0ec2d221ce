package workbench

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// jar has the cookies of one client, which sends them to one server: values by
// name. How long they last is not looked at, as tests set the time.
type jar map[string]string

// proof is a jar with the one cookie in a Cookie header.
func proof(header string) jar {
	name, value, _ := strings.Cut(header, "=")
	return jar{name: value}
}

// keep takes over what an answer says of cookies.
func (j jar) keep(answer http.Header) {
	for _, line := range answer.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		switch {
		case err != nil:
		case c.MaxAge < 0:
			delete(j, c.Name)
		default:
			j[c.Name] = c.Value
		}
	}
}

// header is the Cookie header of a request, "" without cookies.
func (j jar) header() string {
	pairs := make([]string, 0, len(j))
	for _, name := range slices.Sorted(maps.Keys(j)) {
		pairs = append(pairs, name+"="+j[name])
	}
	return strings.Join(pairs, "; ")
}
