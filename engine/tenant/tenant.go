package tenant

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/hostpattern"
)

// Tenant is one tenant as the router sees it.
type Tenant struct {
	ID string
	// Listen is the address of the listeners that serve it; tenants that
	// share one are told apart by host and path.
	Listen string
	// Hosts are the values of the Host header that are this tenant's, lower
	// case, default ports left out, or patterns of them (package hostpattern).
	// A host is that of the tenant which names it, else of the one whose pattern
	// says most of it. Empty means any host, which only a tenant alone on its
	// listener may have.
	Hosts []string
	// PathPrefix is cut off before routing, such as "/t/acme"; "" for none.
	PathPrefix string
	// Handler serves the tenant's requests.
	Handler http.Handler
}

// Registry finds the tenant of a request. It is immutable.
type Registry struct {
	listeners map[string]*listener
}

type listener struct {
	only  *Tenant              // the listener's only tenant, if it names no hosts
	hosts map[string][]*Tenant // by host or pattern, longest prefix first
	// patterns are those of hosts, by the end of their names that has no
	// wildcard, the narrowest first.
	patterns map[string][]hostpattern.Pattern
}

// NewRegistry returns a registry, or an error that names both tenants which
// claim the same requests.
func NewRegistry(tenants []*Tenant) (*Registry, error) {
	r := &Registry{listeners: map[string]*listener{}}
	for _, t := range tenants {
		l := r.listeners[t.Listen]
		if l == nil {
			l = &listener{hosts: map[string][]*Tenant{}, patterns: map[string][]hostpattern.Pattern{}}
			r.listeners[t.Listen] = l
		}
		if err := l.add(t); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (l *listener) add(t *Tenant) error {
	if l.only != nil || len(t.Hosts) == 0 && len(l.hosts) > 0 {
		return fmt.Errorf("tenant %q shares the listener %s, so each tenant on it needs hosts", t.ID, t.Listen)
	}
	if len(t.Hosts) == 0 {
		l.only = t
		return nil
	}
	for _, host := range t.Hosts {
		host = strings.ToLower(host)
		list := l.hosts[host]
		if list == nil && hostpattern.Is(host) {
			p, err := hostpattern.Parse(host)
			if err != nil {
				return fmt.Errorf("tenant %q: the host %q %w", t.ID, host, err)
			}
			l.patterns[p.Domain()] = append(l.patterns[p.Domain()], p)
			slices.SortFunc(l.patterns[p.Domain()], hostpattern.Narrower)
		}
		at := len(list)
		for i, other := range list {
			if other.PathPrefix == t.PathPrefix {
				return fmt.Errorf("tenants %q and %q both serve %s%s on %s; give one of them another host, pathPrefix or listen", other.ID, t.ID, host, t.PathPrefix, t.Listen)
			}
			if at == len(list) && len(t.PathPrefix) > len(other.PathPrefix) {
				at = i
			}
		}
		list = append(list, nil)
		copy(list[at+1:], list[at:])
		list[at] = t
		l.hosts[host] = list
	}
	return nil
}

// Listeners returns the addresses that tenants are served on, sorted.
func (r *Registry) Listeners() []string { return slices.Sorted(maps.Keys(r.listeners)) }

// Resolve returns the tenant of a request and the path that is left when its
// prefix is cut off.
func (r *Registry) Resolve(listen, host, path string) (t *Tenant, rest string, ok bool) {
	l := r.listeners[listen]
	if l == nil {
		return nil, "", false
	}
	if l.only != nil {
		return cut(l.only, path)
	}
	for _, t := range l.at(strings.ToLower(host)) {
		if t, rest, ok := cut(t, path); ok {
			return t, rest, true
		}
	}
	return nil, "", false
}

// at returns the tenants of a host. A port that may be the default of the
// public URL's scheme, which a proxy in front may serve, may be left out.
func (l *listener) at(host string) []*Tenant {
	if list, ok := l.named(host); ok {
		return list
	}
	name, ok := strings.CutSuffix(host, ":443")
	if !ok {
		name, ok = strings.CutSuffix(host, ":80")
	}
	if !ok {
		return nil
	}
	list, _ := l.named(name)
	return list
}

// named returns the tenants of a host as it is written: those that name it,
// else those of the pattern that matches with the longest end, and of these the
// narrowest.
func (l *listener) named(host string) ([]*Tenant, bool) {
	list, ok := l.hosts[host]
	if ok || len(l.patterns) == 0 {
		return list, ok
	}
	name, port, hasPort := strings.Cut(host, ":")
	for end, more := name, true; more; _, end, more = strings.Cut(end, ".") {
		ends := []string{end}
		if hasPort {
			ends = []string{end + ":" + port, end + ":*"}
		}
		for _, end := range ends {
			for _, p := range l.patterns[end] {
				if p.Matches(host) {
					return l.hosts[p.String()], true
				}
			}
		}
	}
	return nil, false
}

func cut(t *Tenant, path string) (*Tenant, string, bool) {
	if t.PathPrefix == "" {
		return t, path, true
	}
	rest, ok := strings.CutPrefix(path, t.PathPrefix)
	if !ok || rest != "" && rest[0] != '/' {
		return nil, "", false
	}
	return t, rest, true
}

// HostOf returns the host of a base URL's authority as it stands in Host
// headers: lower case, without the scheme's default port.
func HostOf(scheme, authority string) string {
	authority = strings.ToLower(authority)
	switch scheme {
	case "http":
		return strings.TrimSuffix(authority, ":80")
	case "https":
		return strings.TrimSuffix(authority, ":443")
	}
	return authority
}

// UnknownError is the id of a tenant that is not there; "" if none was named.
type UnknownError string

func (id UnknownError) Error() string {
	if id == "" {
		return "no tenant is named"
	}
	return fmt.Sprintf("there is no tenant %q", string(id))
}
