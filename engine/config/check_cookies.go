package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// cookies checks the cookie settings against the base URL.
func (c *checker) cookies(t *Tenant) {
	c.cookieName(t, "/cookies/prefix", t.Cookies.Prefix)
	u, err := url.Parse(t.BaseURL)
	if err != nil {
		return // noted
	}
	secure := t.SecureCookies()
	if t.Cookies.SameSite == "none" && !secure {
		c.at(t.Origin, "/cookies/sameSite", "browsers refuse cookies with sameSite none that are not secure", "use an https baseURL, or lax")
	}
	if t.Cookies.Partitioned && !secure {
		c.at(t.Origin, "/cookies/partitioned", "browsers refuse partitioned cookies that are not secure", "use an https baseURL, or remove it")
	}
	c.cookieOverrides(t, secure)
	if t.Cookies.Secure == False && u.Scheme == "https" {
		c.warn(t.Origin, "/cookies/secure", "cookies of an https site are sent without encryption too", "write secure: auto")
	}
	if t.Cookies.Domain != "" {
		t.Cookies.Domain = c.cookieDomain(t, "/cookies/domain", t.Cookies.Domain)
	}
}

// cookieDomain returns a Domain attribute in its normal form, and notes where
// browsers would refuse it.
func (c *checker) cookieDomain(t *Tenant, pointer, domain string) string {
	d := strings.TrimPrefix(strings.ToLower(domain), ".")
	for _, raw := range append([]string{t.BaseURL}, t.BaseURLs...) {
		plain, _ := withoutPattern(raw)
		u, err := url.Parse(plain)
		if err != nil {
			continue // noted
		}
		if host := u.Hostname(); !validName(d) || host != d && !strings.HasSuffix(host, "."+d) || !strings.Contains(d, ".") {
			c.at(t.Origin, pointer, fmt.Sprintf("browsers refuse cookies for %q from %s", domain, host), "write the host of baseURL or a parent domain of it")
		}
	}
	return d
}

// cookiePath checks a Path attribute: it may not reach into another tenant's
// paths on a host that tenants share.
func (c *checker) cookiePath(t *Tenant, pointer, path string) {
	switch {
	case path == "":
	case path[0] != '/' || strings.ContainsAny(path, ";, \\\"") || strings.ContainsFunc(path, isControl):
		c.at(t.Origin, pointer, fmt.Sprintf("%q is not the path of a cookie", path), "write a path that starts with /")
	case t.PathPrefix != "" && path != t.PathPrefix && !strings.HasPrefix(path, t.PathPrefix+"/"):
		c.at(t.Origin, pointer, fmt.Sprintf("%q is outside of the tenant's pathPrefix %s", path, t.PathPrefix), "write a path below it")
	}
}

// SecureCookies reports whether a tenant's cookies have the Secure attribute
// and the __Secure- prefix. All its public URLs share one name.
func (t *Tenant) SecureCookies() bool {
	isHTTPS := func(raw string) bool { return strings.HasPrefix(raw, "https://") }
	return t.Cookies.Secure == True || t.Cookies.Secure == Auto && (isHTTPS(t.BaseURL) || slices.ContainsFunc(t.BaseURLs, isHTTPS))
}

// cookieName checks a name, or what names start with.
func (c *checker) cookieName(t *Tenant, pointer, name string) {
	if !isToken(name) {
		c.at(t.Origin, pointer, fmt.Sprintf("%q cannot start the name of a cookie", name), "use letters, digits, - and _")
	}
	for _, reserved := range []string{"__secure-", "__host-"} {
		if strings.HasPrefix(strings.ToLower(name), reserved) {
			c.at(t.Origin, pointer, fmt.Sprintf("%q is set by the server where it belongs", name[:len(reserved)]), "remove it from the prefix")
		}
	}
}

// cookieOverrides makes sure that no two cookies come to have one name.
func (c *checker) cookieOverrides(t *Tenant, secure bool) {
	cookies, names := map[string]bool{}, map[string]bool{}
	for i, o := range t.Cookies.Overrides {
		pointer := fmt.Sprintf("/cookies/overrides/%d", i)
		if cookies[o.Cookie] {
			c.at(t.Origin, pointer+"/cookie", fmt.Sprintf("the cookie %q is there already", o.Cookie), "write one entry for each cookie")
		}
		cookies[o.Cookie] = true
		if o.SameSite == "none" && !secure {
			c.at(t.Origin, pointer+"/sameSite", "browsers refuse cookies with sameSite none that are not secure", "use an https baseURL, or lax")
		}
		if o.Partitioned == True && !secure {
			c.at(t.Origin, pointer+"/partitioned", "browsers refuse partitioned cookies that are not secure", "use an https baseURL, or remove it")
		}
		if o.Domain != "" && o.Domain != HostOnly {
			t.Cookies.Overrides[i].Domain = c.cookieDomain(t, pointer+"/domain", o.Domain)
		}
		c.cookiePath(t, pointer+"/path", o.Path)
		if o.Name == "" {
			continue
		}
		c.cookieName(t, pointer+"/name", o.Name)
		if names[o.Name] || strings.HasPrefix(o.Name, t.Cookies.Prefix+".") {
			c.at(t.Origin, pointer+"/name", fmt.Sprintf("%q is or may be the name of another cookie", o.Name), "choose a name without the prefix of the others")
		}
		names[o.Name] = true
	}
}
