package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/hostpattern"
)

// urls checks and normalizes every URL and path of a tenant.
func (c *checker) urls(t *Tenant) {
	u := c.baseURL(t)
	c.cleanPath(t, "/basePath", &t.BasePath)
	if t.BasePath == "" {
		c.at(t.Origin, "/basePath", "basePath is empty", "write a path such as /api/auth")
	}
	c.cleanPath(t, "/pathPrefix", &t.PathPrefix)
	for i, path := range t.DisabledPaths {
		if !strings.HasPrefix(path, "/") {
			c.at(t.Origin, fmt.Sprintf("/disabledPaths/%d", i), fmt.Sprintf("%q does not start with /", path), "write the path below basePath, such as /sign-up/email")
		}
	}
	c.page(t, "/errorURL", t.ErrorURL)
	c.page(t, "/errorPage/homeURL", t.ErrorPage.HomeURL)
	if strings.Contains(t.ErrorPage.Style, "</") {
		c.at(t.Origin, "/errorPage/style", "the style has markup in it", "write CSS alone")
	}
	for i, origin := range t.TrustedOrigins {
		if message, remedy := judgeOrigin(origin); message != "" {
			c.at(t.Origin, fmt.Sprintf("/trustedOrigins/%d", i), message, remedy)
		}
	}
	if u != nil {
		c.baseURLs(t, u)
		c.hosts(t, u)
	}
}

// page checks the address of a page of the application's, which may be left
// out.
func (c *checker) page(t *Tenant, at, address string) {
	if address == "" {
		return
	}
	target, err := url.Parse(address)
	page := err == nil && (target.Scheme == "http" || target.Scheme == "https") && target.Host != ""
	local := strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.Contains(address, `\`)
	if !page && (err != nil || !local) {
		c.at(t.Origin, at, fmt.Sprintf("%q is neither a URL nor a path", address), "write an http(s) URL, or a path that starts with /")
	}
}

// baseURL returns the parsed base URL, or nil after noting a fault.
func (c *checker) baseURL(t *Tenant) *url.URL {
	if t.BaseURL == "" {
		if t.Origin.node.get("baseURL") != nil {
			c.at(t.Origin, "/baseURL", "baseURL is empty", "write the public URL, such as https://auth.example.com")
		}
		return nil
	}
	u := c.publicURL(t, "/baseURL", t.BaseURL)
	if u != nil {
		t.BaseURL = u.String()
	}
	return u
}

// publicURL returns a public URL in its normal form, or nil after noting a
// fault.
func (c *checker) publicURL(t *Tenant, pointer, raw string) *url.URL {
	u, err := url.Parse(raw)
	fail := func(reason string) *url.URL {
		c.at(t.Origin, pointer, fmt.Sprintf("%s %q %s", strings.Split(pointer, "/")[1], redactURL(raw), reason), "write the public URL, such as https://auth.example.com")
		return nil
	}
	switch {
	case err != nil:
		return fail("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return fail("does not start with http:// or https://")
	case !validHost(u.Host):
		return fail("has no valid host")
	case u.User != nil:
		return fail("has a user name")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return fail("has a query or fragment")
	}
	u.Host = canonicalHost(u)
	u.Path = strings.TrimRight(u.Path, "/")
	if u.Scheme == "http" && !loopback(u.Host) && !c.config.Server.Development {
		c.warn(t.Origin, pointer, fmt.Sprintf("%s %q is not encrypted, so cookies can be read on the way", strings.Split(pointer, "/")[1], u), "use https, also when a proxy ends TLS in front of this server")
	}
	return u
}

// baseURLs checks the further public URLs and brings them into normal form.
// main is baseURL.
func (c *checker) baseURLs(t *Tenant, main *url.URL) {
	seen := map[string]bool{main.Host: true}
	for i, raw := range t.BaseURLs {
		pointer := fmt.Sprintf("/baseURLs/%d", i)
		plain, host := withoutPattern(raw)
		if _, err := hostpattern.Parse(host); err != nil && host != "" {
			c.at(t.Origin, pointer, fmt.Sprintf("%q %v", raw, err), "name the domain, such as https://*.example.com, or the ports of a host, such as http://localhost:*")
			continue
		}
		u := c.publicURL(t, pointer, plain)
		if u == nil {
			continue
		}
		if host != "" {
			u.Host = withoutDefaultPort(u.Scheme, host)
		}
		if seen[u.Host] {
			c.at(t.Origin, pointer, fmt.Sprintf("there is a public URL with the host %s already", u.Host), "keep one of them: the host decides")
		}
		seen[u.Host] = true
		t.BaseURLs[i] = u.Scheme + "://" + u.Host + u.EscapedPath()
	}
}

// withoutPattern returns a URL with a host in place of the pattern of hosts that
// it has, and that pattern in lower case. A URL without one is returned as it is.
func withoutPattern(raw string) (plain, pattern string) {
	scheme, rest, ok := strings.Cut(raw, "://")
	host, path, slash := strings.Cut(rest, "/")
	if !ok || !hostpattern.Is(host) || strings.ContainsAny(host, "@#=") {
		return raw, ""
	}
	if slash {
		path = "/" + path
	}
	host = strings.ToLower(host)
	name, port, _ := strings.Cut(host, ":")
	name = strings.NewReplacer("*", "x", "?", "x").Replace(name)
	if port != "" && port != "*" {
		name += ":" + port
	}
	return scheme + "://" + name + path, host
}

// redactURL leaves out what might be a password.
func redactURL(s string) string {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		return "…" + s[at:]
	}
	return s
}

// canonicalHost returns the host in lower case, without the scheme's default
// port.
func canonicalHost(u *url.URL) string {
	return strings.TrimSuffix(withoutDefaultPort(u.Scheme, strings.ToLower(u.Host)), ":")
}

func withoutDefaultPort(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// validHost reports whether s is a host name or address, perhaps with a port.
func validHost(s string) bool {
	host := s
	if h, port, err := net.SplitHostPort(s); err == nil {
		if host = h; port != "" && strings.Trim(port, "0123456789") != "" {
			return false
		}
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if net.ParseIP(host) != nil {
		return true
	}
	return validName(strings.ToLower(host))
}

// validName reports whether s can be a host name (RFC 1123; underscores occur).
func validName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// cleanPath checks a path that may be empty and takes off a slash at its end.
func (c *checker) cleanPath(t *Tenant, pointer string, path *string) {
	p := strings.TrimRight(*path, "/")
	if p != "" && (!strings.HasPrefix(p, "/") || strings.ContainsAny(p, "\\?#%;{}* \t") || strings.ContainsFunc(p, isControl) || slices.Contains(strings.Split(p[1:], "/"), "") ||
		slices.Contains(strings.Split(p, "/"), ".") || slices.Contains(strings.Split(p, "/"), "..")) {
		c.at(t.Origin, pointer, fmt.Sprintf("%q is not a plain path", *path), "write a path that starts with /, such as /api/auth")
	}
	*path = p
}

// hosts checks the tenant's hosts, or sets the default.
func (c *checker) hosts(t *Tenant, u *url.URL) {
	if len(t.Hosts) == 0 {
		t.Hosts = []string{u.Host}
		for _, raw := range t.BaseURLs {
			_, rest, _ := strings.Cut(raw, "://")
			host, _, _ := strings.Cut(rest, "/")
			t.Hosts = append(t.Hosts, host)
		}
		return
	}
	for i, host := range t.Hosts {
		host = strings.ToLower(host)
		if !validHostOrPattern(host) || slices.Contains(t.Hosts[:i], host) {
			c.at(t.Origin, fmt.Sprintf("/hosts/%d", i), fmt.Sprintf("%q is not a host, or is listed twice", host), "write a name such as auth.example.com, with a port if it is not the scheme's")
		}
		t.Hosts[i] = host
	}
}

// validHostOrPattern reports whether s is a host, perhaps with wildcards.
func validHostOrPattern(s string) bool {
	if !hostpattern.Is(s) {
		return validHost(s)
	}
	_, err := hostpattern.Parse(s)
	return err == nil
}

// judgeOrigin returns what is wrong with an entry of trustedOrigins.
func judgeOrigin(pattern string) (message, remedy string) {
	scheme, rest, hasScheme := strings.Cut(pattern, "://")
	if !hasScheme {
		scheme, rest = "", pattern
	}
	web := scheme == "" || scheme == "http" || scheme == "https"
	host, path, hasPath := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(host, ":")
	switch {
	case pattern == "" || strings.ContainsAny(pattern, " \t\r\n,@#\\") || strings.ContainsFunc(pattern, isControl):
		return fmt.Sprintf("%q is not an origin", pattern), "write an origin such as https://app.example.com"
	case hasScheme && (scheme == "" || strings.ContainsAny(scheme, "*?")):
		return fmt.Sprintf("%q leaves the scheme open", pattern), "write https:// in front, or leave the scheme out"
	case !web:
		return "", ""
	case hasPath:
		return fmt.Sprintf("%q has a path; origins have none", pattern), fmt.Sprintf("remove %q", "/"+path)
	case strings.Trim(name, "*?.") == "":
		return fmt.Sprintf("%q trusts every site", pattern), "name the sites"
	case strings.HasPrefix(name, "*") && strings.Trim(name, "*?.") == strings.TrimLeft(name, "*?.") && !strings.Contains(strings.Trim(name, "*?."), "."):
		return fmt.Sprintf("%q trusts a whole top-level domain", pattern), "name the domain, such as https://*.example.com"
	}
	return "", ""
}
