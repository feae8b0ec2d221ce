package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/pluginapi"
)

// What a trusted origin may send (Fetch, section 3.2.4), beside the headers
// that plugins declare.
const corsMaxAge = "86400"

// cors answers preflight requests and lets scripts of trusted origins read the
// answers, cookies included. Every answer says so but for the one header that
// names the origin, without which the others mean nothing to a browser; so
// caches may keep one for all origins that are not trusted. The base URL's own
// origin needs none of this, and requests with a service key are no browser's.
func (a *API) cors(next http.Handler) http.Handler {
	if !a.CORS {
		return next
	}
	allow, expose := a.corsHeaders()
	methods := a.corsMethods()
	below := a.Realm.BasePath + "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, service := a.Services.serviceToken(r.Header); service || !strings.HasPrefix(r.URL.Path, below) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin") // or a cache would give one origin's answer to another
		h.Set("Access-Control-Allow-Credentials", "true")
		if expose != "" {
			h.Set("Access-Control-Expose-Headers", expose)
		}
		if origin := r.Header.Get("Origin"); origin != "" && a.sharesWith(r, origin) {
			h.Set("Access-Control-Allow-Origin", origin)
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", allow)
		h.Set("Access-Control-Max-Age", corsMaxAge)
		w.WriteHeader(http.StatusNoContent)
	})
}

// sharesWith reports whether another origin's scripts may read answers.
func (a *API) sharesWith(r *http.Request, origin string) bool {
	own, _ := siteOf(cmp.Or(a.urls.of(r.Host), a.Realm.BaseURL))
	if origin == own.origin {
		return false
	}
	if ok, _ := a.origins.trusts(origin); ok || !a.Plugins.Has(pluginapi.EventOriginTrusted) {
		return ok
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.RequestTimeout)
	defer cancel()
	path := strings.TrimPrefix(r.URL.EscapedPath(), a.Realm.BasePath)
	ex := dispatch.NewExchange(a.exchangeConfig(), dispatch.Request{
		Method: r.Method, Path: path, Route: path, URL: validText(r.URL.RequestURI()), Query: queryObject(r.URL.RawQuery), Headers: r.Header,
		BaseURL: a.urls.of(r.Host), IP: a.clients.of(r), UserAgent: userAgent(r.Header), ID: a.NewRequestID(),
	}, a.Now())
	defer ex.Close()
	var trusted bool
	err := guard(func() (err error) { trusted, err = a.judge(ctx, ex)(origin); return err })
	if err != nil && isFault(err) {
		a.Logger.ErrorContext(ctx, "request failed", "tenant", a.Realm.ID, "request", ex.Request.ID, "method", r.Method, "error", err)
	}
	return trusted && err == nil
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

// corsMethods lists the methods of the tenant's endpoints.
func (a *API) corsMethods() string {
	methods := []string{http.MethodGet, http.MethodPost}
	for _, r := range a.routes {
		methods = append(methods, r.Method)
	}
	return strings.Join(unique(methods), ", ")
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
