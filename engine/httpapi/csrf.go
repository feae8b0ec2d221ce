package httpapi

import (
	"net/http"
	"strings"

	"github.com/authhost/authhost/engine/apierror"
)

// csrf holds a tenant's defence against cross-site requests. Browsers send
// the Origin header with every POST (Fetch, section 3.2), so a request that
// carries cookies must carry a trusted one.
type csrf struct {
	trusts   judge
	refused  func(origin string) // is told of an origin that is not trusted, if not nil
	disabled bool
}

// check refuses a request that carries cookies but no trusted origin.
func (c csrf) check(h http.Header) error {
	if c.disabled || !has(h, "Cookie") {
		return nil
	}
	return c.require(h)
}

func (c csrf) require(h http.Header) error {
	origin := h.Get("Origin")
	if origin == "" {
		origin = h.Get("Referer")
	}
	if origin == "" || origin == "null" {
		return apierror.New(http.StatusForbidden, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
	}
	ok, err := c.trusts(origin)
	if err == nil && !ok {
		if c.refused != nil {
			c.refused(origin)
		}
		return apierror.New(http.StatusForbidden, "INVALID_ORIGIN", "Invalid origin")
	}
	return err
}

// checkForm guards the endpoints that sign somebody in: a first sign-in comes
// without cookies, so fetch metadata (W3C Fetch Metadata Request Headers)
// tells whether another site is behind it.
func (c csrf) checkForm(h http.Header) error {
	if c.disabled {
		return nil
	}
	if has(h, "Cookie") {
		return c.check(h)
	}
	site, mode, dest := h.Get("Sec-Fetch-Site"), h.Get("Sec-Fetch-Mode"), h.Get("Sec-Fetch-Dest")
	if strings.TrimSpace(site+mode+dest) != "" {
		if site == "cross-site" && mode == "navigate" {
			return apierror.New(http.StatusForbidden, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
				"Cross-site navigation login blocked. This request appears to be a CSRF attack.")
		}
		return c.require(h)
	}
	if h.Get("Origin") != "" || h.Get("Referer") != "" {
		return c.require(h)
	}
	return nil
}

func has(h http.Header, name string) bool {
	_, ok := h[name]
	return ok
}
