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
// Sites that plugins alone trust are let in later, by shareAnswer.
func (a *API) cors(next http.Handler) http.Handler {
	if !a.CORS {
		return next
	}
	allow, expose := a.corsHeaders()
	methods := a.corsMethods()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, service := a.Services.serviceToken(r.Header); service || !a.belowBase(r) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin") // or a cache would give one origin's answer to another
		h.Set("Access-Control-Allow-Credentials", "true")
		if expose != "" {
			h.Set("Access-Control-Expose-Headers", expose)
		}
		origin, foreign := a.foreignOrigin(r)
		if trusted, _ := a.origins.trusts(origin); foreign && trusted {
			h.Set(allowOrigin, origin)
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		if a.limited(w, r, preflights) {
			return
		}
		if h.Get(allowOrigin) == "" && foreign {
			if a.trustsPreflight(r, origin) {
				h.Set(allowOrigin, origin)
			} else {
				a.untrusted(r.Context(), "", checkCORS, origin)
			}
		}
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", allow)
		h.Set("Access-Control-Max-Age", corsMaxAge)
		w.WriteHeader(http.StatusNoContent)
	})
}

// allowOrigin is the header that lets scripts of a site read an answer.
const allowOrigin = "Access-Control-Allow-Origin"

// belowBase reports whether a request is for an endpoint below the base path:
// for others there is no CORS.
func (a *API) belowBase(r *http.Request) bool {
	below, ok := strings.CutPrefix(r.URL.Path, a.Realm.BasePath)
	return ok && strings.HasPrefix(below, "/")
}

// foreignOrigin returns the origin that a request comes from; foreign is false
// if it has none or the tenant's own.
func (a *API) foreignOrigin(r *http.Request) (origin string, foreign bool) {
	if origin = r.Header.Get("Origin"); origin == "" {
		return "", false
	}
	own, _ := siteOf(cmp.Or(a.urls.of(r.Host), a.Realm.BaseURL))
	return origin, origin != own.origin
}

// shareAnswer lets scripts of a site that only plugins trust read the answer.
// Plugins are asked once the request is within the client's limit: what is
// refused before that has cost no call of theirs, and no script of such a site
// can read it. A plugin that fails has trusted nobody.
func (a *API) shareAnswer(ctx context.Context, w http.ResponseWriter, r *http.Request, ex *dispatch.Exchange, trusts judge) {
	if !a.CORS || !a.belowBase(r) || w.Header().Get(allowOrigin) != "" {
		return
	}
	origin, foreign := a.foreignOrigin(r)
	if !foreign {
		return
	}
	switch ok, err := trusts(origin); {
	case err != nil && isFault(err):
		a.Logger.ErrorContext(ctx, "no plugin could say whether an origin is trusted", "tenant", a.Realm.ID, "request", ex.Request.ID, "error", err)
	case err != nil:
	case ok:
		w.Header().Set(allowOrigin, origin)
	case r.Method == http.MethodGet: // others had a preflight request, or fail a check of their own
		a.untrusted(ctx, ex.Request.ID, checkCORS, origin)
	}
}

// trustsPreflight asks the plugins about the origin of a preflight request.
func (a *API) trustsPreflight(r *http.Request, origin string) bool {
	if !a.Plugins.Has(pluginapi.EventOriginTrusted) {
		return false
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
	err := guard(func() (err error) {
		trusted, err = a.judge(ctx, ex)(origin)
		return err
	})
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
	allowed = append(append(allowed, "Authorization"), a.CORSHeaders...)
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
