package pluginapi

import "net/http"

// Methods lists the methods that endpoints may have (RFC 9110, section 9, and
// RFC 5789).
func Methods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}
