package httpapi

import (
	"net/http"
	"testing"
)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

const (
	missing = "MISSING_OR_NULL_ORIGIN"
	foreign = "INVALID_ORIGIN"
	blocked = "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"
)

var csrfMessages = map[string]string{
	missing: "Missing or null Origin",
	foreign: "Invalid origin",
	blocked: "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
}

// TestCSRF has a column for each guard: what every POST passes, and what the
// endpoints that sign in pass besides.
func TestCSRF(t *testing.T) {
	tests := []struct {
		name         string
		headers      http.Header
		check, login string // codes; "" passes
	}{
		{"nothing", headers(), "", ""},
		{"good origin", headers("Origin", "http://localhost:3000"), "", ""},
		{"bad origin", headers("Origin", "https://e.co"), "", foreign},
		{"null origin", headers("Origin", "null"), "", missing},
		{"bad referer", headers("Referer", "https://e.co/x"), "", foreign},
		{"good referer", headers("Referer", "http://localhost:3000/x"), "", ""},
		{"good origin outweighs a bad referer", headers("Origin", "http://localhost:3000", "Referer", "https://e.co"), "", ""},
		{"cookie", headers("Cookie", "a=b"), missing, missing},
		{"empty cookie", headers("Cookie", ""), missing, missing},
		{"cookie and good origin", headers("Cookie", "a=b", "Origin", "http://localhost:3000"), "", ""},
		{"cookie and bad origin", headers("Cookie", "a=b", "Origin", "https://e.co"), foreign, foreign},
		{"cookie and null origin", headers("Cookie", "a=b", "Origin", "null"), missing, missing},
		{"cookie and good referer", headers("Cookie", "a=b", "Referer", "http://localhost:3000/x"), "", ""},
		{"cookie and bad referer", headers("Cookie", "a=b", "Referer", "https://e.co/http://localhost:3000"), foreign, foreign},
		{"null origin hides no good referer", headers("Cookie", "a=b", "Origin", "null", "Referer", "http://localhost:3000"), missing, missing},
		{"origin that starts like the app's", headers("Cookie", "a=b", "Origin", "http://localhost:3000.e.co"), foreign, foreign},
		{"cross-site navigation", headers("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"), "", blocked},
		{"cross-site navigation with a good origin", headers("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Origin", "http://localhost:3000"), "", blocked},
		{"cross-site fetch without origin", headers("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"), "", missing},
		{"same-origin fetch", headers("Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Origin", "http://localhost:3000"), "", ""},
		{"same-origin navigation without origin", headers("Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate"), "", missing},
		{"metadata of another kind", headers("Sec-Fetch-Dest", "document"), "", missing},
		{"blank metadata", headers("Sec-Fetch-Site", " "), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			guard := csrf{trusts: testOrigins().trusts}
			for name, c := range map[string]struct {
				err  error
				code string
			}{"check": {guard.check(tt.headers), tt.check}, "login": {guard.checkForm(tt.headers), tt.login}} {
				t.Run(name, func(t *testing.T) {
					status := 0
					if c.code != "" {
						status = http.StatusForbidden
					}
					wantError(t, c.err, status, c.code, csrfMessages[c.code])
				})
			}
			off := csrf{trusts: testOrigins().trusts, disabled: true}
			if off.check(tt.headers) != nil || off.checkForm(tt.headers) != nil {
				t.Error("a disabled guard refuses")
			}
		})
	}
}
