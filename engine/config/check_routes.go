package config

import (
	"fmt"
	"strings"
)

// authority is a listener and a host: requests to one differ only in
// their path.
type authority struct{ listen, host string }

// site is what an authority serves.
type site struct {
	prefixes map[string]*Tenant // by path prefix
	above    map[string]*Tenant // by every path above a prefix
}

// routes makes sure that every request is at most one tenant's: of one
// authority no two tenants have the same path prefix, nor one that hides another.
func (c *checker) routes() {
	sites := map[authority]*site{}
	for i := range c.config.Tenants {
		t := &c.config.Tenants[i]
		listen := t.Listen
		if listen == "" {
			listen = c.config.Server.Listen
		}
		for j, host := range t.Hosts {
			d := authority{listen, host}
			if sites[d] == nil {
				sites[d] = &site{map[string]*Tenant{}, map[string]*Tenant{}}
			}
			pointer := fmt.Sprintf("/hosts/%d", j)
			switch {
			case t.PathPrefix != "":
				pointer = "/pathPrefix"
			case t.Origin.node.get("hosts") == nil:
				pointer = "/baseURL"
			}
			c.place(sites[d], t, pointer, host)
		}
	}
	for d, s := range sites {
		if t := s.prefixes[""]; t != nil {
			for _, path := range upwards(t.BasePath) {
				if other := s.prefixes[path]; other != nil {
					c.at(other.Origin, "/pathPrefix", fmt.Sprintf("pathPrefix %s hides the basePath of tenant %q on %s", path, t.ID, d.host), "choose another pathPrefix or basePath")
				}
			}
		}
	}
}

// place puts a tenant at a site, unless another one is in the way.
func (c *checker) place(s *site, t *Tenant, pointer, host string) {
	if first := s.prefixes[t.PathPrefix]; first != nil {
		c.at(t.Origin, pointer, fmt.Sprintf("tenants %q and %q are both at %s%s", first.ID, t.ID, host, t.PathPrefix), "give one of them another host, pathPrefix or listen")
		return
	}
	s.prefixes[t.PathPrefix] = t
	paths := upwards(t.PathPrefix)
	other := s.above[t.PathPrefix]
	for i, path := range paths {
		if i > 0 && other == nil {
			other = s.prefixes[path]
		}
		s.above[path] = t
	}
	if other != nil && len(paths) > 0 {
		c.at(t.Origin, pointer, fmt.Sprintf("path prefixes %s and %s (tenant %q) on %s lie within each other", t.PathPrefix, other.PathPrefix, other.ID, host), "choose prefixes that do not contain each other")
	}
}

// upwards returns the path and those above it, without the root: /a/b, /a.
func upwards(path string) []string {
	var out []string
	for path != "" {
		out = append(out, path)
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
	return out
}
