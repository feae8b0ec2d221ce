package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// What requests that reach no endpoint are counted as: one name for all of each
// sort, so that nobody fills the counter with names. They are no paths.
const (
	preflights   = "preflight"
	unknownPaths = "unknown path"
)

// limited answers a request that reaches no endpoint if its client has had its
// share of those, or if that cannot be told, and reports whether it did.
func (a *API) limited(w http.ResponseWriter, r *http.Request, sort string) bool {
	if a.Limiter == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.RequestTimeout)
	defer cancel()
	ok, retry, err := a.Limiter.Allow(ctx, a.clients.of(r), sort, sort)
	if err != nil {
		a.Logger.ErrorContext(ctx, "request failed", "tenant", a.Realm.ID, "method", r.Method, "route", sort, "error", err)
		writeError(w, &dispatch.Response{}, err)
		return true
	}
	if ok {
		return false
	}
	var answer dispatch.Response
	a.tooMany(&answer, retry)
	write(w, &answer)
	return true
}

// tooMany makes the answer to a client that has had its share. In the dialect
// 1.6 it is not declared as the JSON that it is.
func (a *API) tooMany(answer *dispatch.Response, retry time.Duration) {
	answer.Status = http.StatusTooManyRequests
	if a.Realm.Dialect != pluginapi.Dialect17 {
		answer.Header()["Content-Type"] = plainText
	}
	answer.Header().Set("X-Retry-After", strconv.Itoa(int((retry+time.Second-1)/time.Second)))
	answer.Body = document.Obj(document.NewObject(1).Set("message", document.Text("Too many requests. Please try again later.")))
}

// unknown answers what is no route: as an unknown path of Better Auth's it
// counts for the limiter.
func (a *API) unknown(w http.ResponseWriter, r *http.Request) {
	if !a.limited(w, r, unknownPaths) {
		notFound(w, r)
	}
}
