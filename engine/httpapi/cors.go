package httpapi

import "net/http"

// What a trusted origin may send and read (Fetch, section 3.2.4).
const (
	corsMethods = "GET, POST"
	corsHeaders = "Content-Type, Authorization"
	corsExpose  = "set-auth-token, set-auth-jwt"
	corsMaxAge  = "86400"
)

// cors answers the preflight requests of trusted origins and lets them read
// the answers, cookies included. An app on the base URL's own origin needs
// none of this, and gets none.
func (a *API) cors(next http.Handler) http.Handler {
	if !a.CORS {
		return next
	}
	own, _ := siteOf(a.Realm.BaseURL)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin") // on every answer, or a cache would give one origin's to another
		origin := r.Header.Get("Origin")
		if origin == "" || origin == own.origin || !a.origins.trusts(origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			h.Set("Access-Control-Expose-Headers", corsExpose)
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", corsHeaders)
		h.Set("Access-Control-Max-Age", corsMaxAge)
		w.WriteHeader(http.StatusNoContent)
	})
}
