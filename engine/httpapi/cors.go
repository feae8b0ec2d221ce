package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// What a trusted origin may send (Fetch, section 3.2.4), beside the headers
// that plugins declare.
const (
	corsMethods = "GET, POST"
	corsMaxAge  = "86400"
)

// cors answers preflight requests and lets scripts of trusted origins read the
// answers, cookies included. Every answer says so but for the one header that
// names the origin, without which the others mean nothing to a browser; so
// caches may keep one for all origins that are not trusted. The base URL's own
// origin needs none of this.
func (a *API) cors(next http.Handler) http.Handler {
	if !a.CORS {
		return next
	}
	own, _ := siteOf(a.Realm.BaseURL)
	allow, expose := a.corsHeaders()
	below := a.Realm.BasePath + "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, below) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin") // or a cache would give one origin's answer to another
		h.Set("Access-Control-Allow-Credentials", "true")
		if expose != "" {
			h.Set("Access-Control-Expose-Headers", expose)
		}
		if origin := r.Header.Get("Origin"); origin != "" && origin != own.origin && a.origins.trusts(origin) {
			h.Set("Access-Control-Allow-Origin", origin)
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", allow)
		h.Set("Access-Control-Max-Age", corsMaxAge)
		w.WriteHeader(http.StatusNoContent)
	})
}

// corsHeaders lists the headers that requests may carry and scripts may read.
func (a *API) corsHeaders() (allow, expose string) {
	allowed, exposed := []string{"Content-Type"}, []string(nil)
	for _, p := range a.Plugins.Plugins() {
		if c := p.Manifest.CORS; c != nil {
			allowed, exposed = append(allowed, c.AllowHeaders...), append(exposed, c.ExposeHeaders...)
		}
	}
	allowed = append(allowed, "Authorization")
	return strings.Join(unique(allowed), ", "), strings.Join(unique(exposed), ", ")
}

func unique(names []string) []string {
	out := names[:0:0]
	for _, name := range names {
		if !slices.ContainsFunc(out, func(n string) bool { return strings.EqualFold(n, name) }) {
			out = append(out, name)
		}
	}
	return out
}
