package httpapi

import (
	"context"
	"strings"
)

// The checks that an origin can fail, as metrics and the log name them.
const (
	checkOrigin   = "origin"   // of a request with cookies, or that signs in
	checkRedirect = "redirect" // where a request leads
	checkCORS     = "cors"     // whose scripts may read the answer
)

// maxShown bounds what the log shows of a URL that is not one.
const maxShown = 200

// untrusted tells the operator of an origin that is not trusted, and what to add
// to the configuration if it should be: clients get a code that does not say
// which origin it was.
func (a *API) untrusted(ctx context.Context, request, check, raw string) {
	if a.Metrics != nil {
		a.Metrics.Untrusted(a.Realm.ID, check)
	}
	attrs := []any{"tenant", a.Realm.ID, "request", request, "check", check}
	site, ok := siteOf(raw)
	if !ok {
		shown := strings.ToValidUTF8(raw[:min(len(raw), maxShown)], "\uFFFD")
		a.Logger.WarnContext(ctx, "an origin is not trusted", append(attrs, "origin", shown)...)
		return
	}
	a.Logger.WarnContext(ctx, "an origin is not trusted", append(attrs, "origin", site.origin,
		"remedy", "if it is an app of yours, add it to the tenant: trustedOrigins: ["+site.origin+"]")...)
}
