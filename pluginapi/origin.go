package pluginapi

import (
	"regexp"
	"slices"
	"strings"
)

// OriginHeader is a request header in which a client that is no browser, such
// as an app on a phone, names its origin. It counts as the request's Origin
// where there is none. Browsers send Origin with every request that changes
// something (Fetch, section 3.2), and no page of another site can send the
// header without a preflight that the tenant answers.
type OriginHeader struct {
	Name   string `json:"name"`             // in lower case
	Unless string `json:"unless,omitempty"` // a member of the config: where it is true, the header means nothing
}

// originHeaderPattern leaves out what has a meaning of its own.
var originHeaderPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// simpleHeaders are those that pages of any site may send, without asking first
// (Fetch, section 2.2.2), and those that prove something else.
var simpleHeaders = []string{
	"accept", "accept-language", "content-language", "content-type", "range", "origin", "referer", "host", "cookie", "authorization", "user-agent",
}

func (m *Manifest) validateOriginHeader(r *report) {
	h := m.OriginHeader
	if h == nil {
		return
	}
	const at = "originHeader"
	r.want(at+".name", h.Name, originHeaderPattern)
	if slices.Contains(simpleHeaders, h.Name) || strings.HasPrefix(h.Name, "sec-") || strings.HasPrefix(h.Name, "proxy-") {
		r.add(at+".name", "%q has a meaning of its own, or any page may send it; take a header that only the client sends", h.Name)
	}
	if h.Unless != "" {
		r.want(at+".unless", h.Unless, pathFrom)
	}
	if need := PermOrigins.String(); !m.asks(need) {
		r.add(at, `it needs the permission %q; add {"name": %q} to "permissions"`, need, need)
	}
}

// asks reports whether the manifest asks for a permission.
func (m *Manifest) asks(permission string) bool {
	_, asked := m.Permission(permission)
	return asked
}

// OriginWords say which header of requests names their origin, for operators.
func (m *Manifest) OriginWords() []string {
	if m.OriginHeader == nil {
		return nil
	}
	return []string{"takes the header " + m.OriginHeader.Name + " for the origin of requests without one"}
}
