package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// guard stands before the admin listener. A page in the operator's browser
// reaches loopback and private addresses, too, and by a name of its own that
// resolves to them (DNS rebinding): so the Host must be an address or a name
// that the configuration knows, and nothing that a page sends passes. Whatever
// is not for everybody on the network asks for the token besides.
type guard struct {
	names []string // lower case
	token [sha256.Size]byte
	open  []string // paths that need no token
	next  http.Handler
}

// newGuard puts the guard before a handler.
func newGuard(c Config, next http.Handler) *guard {
	g := &guard{names: []string{"localhost"}, token: sha256.Sum256([]byte(c.Token)), open: []string{"/metrics", "/livez", "/readyz"}, next: next}
	hosts := c.Hosts
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && host != "" {
		hosts = append(slices.Clone(hosts), host)
	}
	for _, host := range hosts {
		g.names = append(g.names, strings.ToLower(host))
	}
	return g
}

// ServeHTTP refuses a request, or passes it on.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, why string) { refuse(w, status, errors.New(why)) }
	switch {
	case !g.known(r.Host):
		refuse(http.StatusForbidden, "the Host header is neither an address nor a name of the admin listener; list the name in server.adminHosts")
	case fromPage(r.Header):
		refuse(http.StatusForbidden, "the admin listener does not answer pages")
	case !slices.Contains(g.open, r.URL.Path) && !g.authorized(r):
		w.Header().Set("WWW-Authenticate", `Basic realm="authhost admin", charset="UTF-8"`)
		refuse(http.StatusUnauthorized, "the admin token is missing or wrong; it is in the file "+TokenFile+" of the server's data folder, and goes into Authorization as a Bearer token or as the password of Basic")
	default:
		g.next.ServeHTTP(w, r)
	}
}

// known reports whether a Host header names this listener. An address always
// does: nobody can have it resolved to another one.
func (g *guard) known(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	_, err := netip.ParseAddr(host)
	return err == nil || slices.Contains(g.names, host)
}

// fromPage reports whether a browser sends a request on behalf of a page. What
// a person opens, and what the listener's own pages show, is not meant: it has
// no Origin, and Fetch Metadata says so.
func fromPage(h http.Header) bool {
	_, origin := h["Origin"]
	site := h.Get("Sec-Fetch-Site")
	return origin || site != "" && site != "none" && site != "same-origin"
}

func (g *guard) authorized(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if _, password, ok := r.BasicAuth(); ok {
		token = password
	} else if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}
