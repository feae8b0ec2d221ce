package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/validate"
	"github.com/authhost/authhost/pluginapi"
)

// serve returns the handler of one endpoint: the whole way of a request.
func (a *API) serve(e *endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		now := a.Now()
		caller, r := a.serviceOf(r, now)
		if e.Server && caller == nil {
			a.unknown(w, r)
			return
		}
		if caller == nil {
			r = a.named(r)
		}
		ctx, cancel := context.WithTimeout(r.Context(), a.RequestTimeout)
		defer cancel()
		ex := dispatch.NewExchange(a.exchangeConfig(), a.request(r, e), now)
		defer ex.Close()
		share := a.Bodies.Open(a.Realm.ID, ex.Request.IP)
		defer share.Close()
		status := a.answer(ctx, ex, &incoming{w: w, r: r, endpoint: e, caller: caller, share: share})
		if a.Metrics != nil {
			a.Metrics.Request(a.Realm.ID, e.Method, e.Path, status, time.Since(start))
		}
		a.observe(ctx, w, ex, e)
	}
}

// observe runs the observers of what the request did, once the answer is on
// its way.
func (a *API) observe(ctx context.Context, w http.ResponseWriter, ex *dispatch.Exchange, e *endpoint) {
	if !ex.Observed() {
		return
	}
	_ = http.NewResponseController(w).Flush() // where that is not supported, the client waits
	if err := guard(func() error { ex.RunObservers(context.WithoutCancel(ctx)); return nil }); err != nil {
		a.logFault(ctx, ex, e, err)
	}
}

// incoming is a request as it came, beside its exchange.
type incoming struct {
	w        http.ResponseWriter
	r        *http.Request
	endpoint *endpoint
	caller   *service      // nil without a service key
	share    *budget.Share // what its body takes of memory
}

// answer handles the request and writes what came of it.
func (a *API) answer(ctx context.Context, ex *dispatch.Exchange, in *incoming) int {
	w, e := in.w, in.endpoint
	err := guard(func() error {
		err := a.handle(ctx, ex, in)
		if err == nil {
			err = a.checkRedirects(ctx, ex)
		}
		if err == nil {
			err = finishPage(ex)
		}
		return err
	})
	if err == nil {
		dropCookies(ctx, ex)
		return write(w, &ex.Response)
	}
	if p := (*panicked)(nil); errors.As(err, &p) {
		ex.Response = dispatch.Response{} // who knows what is in it
	}
	ex.Request.Load = nil // a body that nobody has needed yet is read no more
	if isFault(err) {
		if !errors.Is(ctx.Err(), context.Canceled) && !ex.Told(err) { // then the client went away, or the observer has said it
			a.logFault(ctx, ex, e, err)
		}
	} else if fault := guard(func() error { err = ex.Refused(ctx, apierror.From(err)); return nil }); fault != nil {
		a.logFault(ctx, ex, e, fault)
	}
	dropCookies(ctx, ex)
	return writeError(w, &ex.Response, err).Status
}

// dropCookies takes all cookies out of the answer to a server call, and
// leaves a client one form of the session's cookies.
func dropCookies(ctx context.Context, ex *dispatch.Exchange) {
	if ex.Session.ServerCall() {
		ex.Response.Cookies = nil
		return
	}
	ex.Session.DropOtherForms(ctx)
}

// panicked is a panic as an error, for the log.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// guard turns a panic of f into an error, so that one request's fault is not
// another's. http.ErrAbortHandler goes on, as net/http wants it.
func guard(f func() error) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = &panicked{p, debug.Stack()}
		}
	}()
	return f()
}

func (a *API) exchangeConfig() dispatch.Config {
	return dispatch.Config{
		Realm: a.Realm, Set: a.Plugins, Capabilities: a.Capabilities,
		Views: a.Views, Observer: a.Observer, Logger: a.Logger, Memory: a.Memory,
	}
}

// Background starts an exchange that no client's request is behind. Close it.
func (a *API) Background() *dispatch.Exchange {
	return a.Exchange(dispatch.Request{Headers: http.Header{}, Query: document.NewObject(0)})
}

// Exchange starts an exchange for a request that did not come by HTTP, with an
// id of its own. Close it.
func (a *API) Exchange(r dispatch.Request) *dispatch.Exchange {
	r.ID = a.NewRequestID()
	return dispatch.NewExchange(a.exchangeConfig(), r, a.Now())
}

func (a *API) request(r *http.Request, e *endpoint) dispatch.Request {
	req := dispatch.Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Route: e.Path, URL: validText(r.URL.RequestURI()),
		Query: queryObject(r.URL.RawQuery), Headers: r.Header, ContentType: r.Header.Get("Content-Type"),
		BaseURL: a.urls.of(r.Host), IP: a.clients.of(r), UserAgent: userAgent(r.Header), ID: a.NewRequestID(), Owner: e.owner,
	}
	if !e.root {
		req.Path = req.Path[len(a.Realm.BasePath):]
	}
	if vars := mux.Vars(r); len(vars) > 0 {
		req.Params = make(map[string]string, len(vars))
		for name, v := range vars {
			if dec, err := url.PathUnescape(v); err == nil {
				v = validText(dec)
			}
			req.Params[name] = v
		}
	}
	return req
}

// maxUserAgent bounds what every session keeps of its client's description.
const maxUserAgent = 1 << 10

func userAgent(h http.Header) string {
	text := h.Get("User-Agent")
	return validText(text[:min(len(text), maxUserAgent)])
}

// validText makes text of what may be stored and shown to guests.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func (a *API) logFault(ctx context.Context, ex *dispatch.Exchange, e *endpoint, err error) {
	a.Logger.ErrorContext(ctx, "request failed", "tenant", a.Realm.ID, "request", ex.Request.ID,
		"method", e.Method, "route", e.Path, "error", err)
}

// handle makes the checks in the protocol's order and runs the endpoint and
// the hooks around it. The answer is in ex.Response when it returns nil.
//
// The body is read before the hooks run, as the protocol has it, except where
// the endpoint needs a session: there it is read once there is one, or when a
// hook looks at it, so that strangers cannot make the server parse anything.
func (a *API) handle(ctx context.Context, ex *dispatch.Exchange, in *incoming) error {
	if refused, err := a.rateLimit(ctx, ex, in.caller); refused || err != nil {
		return err
	}
	if err := a.checkAtFirst(ctx, ex, in); err != nil {
		return err
	}
	trusts := a.judge(ctx, ex)
	if in.caller == nil {
		a.shareAnswer(ctx, in.w, in.r, ex, trusts)
	}
	to, guard := a.targets(trusts), csrf{trusts: trusts, disabled: a.DisableCSRF || a.DisableOrigin || in.endpoint.crossSite}
	to.refused = func(raw string) { a.untrusted(ctx, ex.Request.ID, checkRedirect, raw) }
	guard.refused = func(raw string) { a.untrusted(ctx, ex.Request.ID, checkOrigin, raw) }
	late := needsSession(in.endpoint)
	if in.r.Method != http.MethodGet {
		ex.Request.Load = sync.OnceValues(func() (dispatch.Body, error) { return a.readRequest(ex.Request, in, guard, to) })
		if late {
			if err := guard.check(in.r.Header); err != nil {
				return err
			}
		} else if err := ex.LoadBody(); err != nil {
			return err
		}
	}
	if done, err := ex.Before(ctx); done || err != nil {
		return err
	}
	if late {
		if err := a.requireSession(ctx, ex, in.endpoint.session); err != nil {
			return err
		}
		if err := ex.LoadBody(); err != nil {
			return err
		}
	}
	if err := a.admit(ctx, ex, in.endpoint, to); err != nil {
		return err
	}
	if in.endpoint.formCSRF {
		if err := guard.checkForm(in.r.Header); err != nil {
			return err
		}
	}
	return a.run(ctx, ex, in.endpoint)
}

// needsSession reports whether an endpoint refuses requests without a session.
func needsSession(e *endpoint) bool {
	return e.Method != http.MethodGet && (e.session == pluginapi.SessionRequired || e.session == pluginapi.SessionFresh)
}

// run runs the endpoint and the hooks that see its answer.
func (a *API) run(ctx context.Context, ex *dispatch.Exchange, e *endpoint) error {
	if err := e.run(ctx, ex); err != nil {
		return err
	}
	err := ex.SendCopy(ctx, ex.Request.Method != http.MethodGet)
	if err == nil {
		err = ex.After(ctx)
	}
	if err != nil {
		// What was to be answered was not finished, or did not pass the last
		// hooks, so the client gets nothing of it, cookies included.
		ex.Response = dispatch.Response{}
	}
	return err
}

// checkAtFirst makes the checks that need neither a body nor a plugin.
func (a *API) checkAtFirst(ctx context.Context, ex *dispatch.Exchange, in *incoming) error {
	if err := checkQuery(in.r.URL.RawQuery); err != nil {
		return err
	}
	if in.caller != nil {
		if err := a.admitService(ctx, ex, in.endpoint, in.caller); err != nil {
			return err
		}
	}
	return a.recordable(ctx, in.endpoint)
}

// recordable refuses a request whose doings could not be recorded. The engine's
// own endpoints that only read record nothing.
func (a *API) recordable(ctx context.Context, e *endpoint) error {
	if a.Recordable == nil || e.owner == nil && e.Method == http.MethodGet {
		return nil
	}
	if err := a.Recordable(ctx); err != nil {
		return notRecorded(err)
	}
	return nil
}

// notRecorded is the answer to what cannot be recorded, and so must not happen.
func notRecorded(err error) error {
	return apierror.New(http.StatusServiceUnavailable, "AUDIT_UNAVAILABLE", "The action could not be recorded.").WithCause(err)
}

// rateLimit counts the request before anything else looks at it, and answers
// it if the client has had its share.
func (a *API) rateLimit(ctx context.Context, ex *dispatch.Exchange, caller *service) (refused bool, err error) {
	ok, retry := true, time.Duration(0)
	if a.Limiter != nil {
		ok, retry, err = a.Limiter.Allow(ctx, caller.client(ex.Request.IP), ex.Request.Path, ex.Request.Route)
	}
	if ok && err == nil && caller != nil && caller.key != nil && caller.key.Allow != nil {
		ok, retry, err = caller.key.Allow(ctx)
	}
	if ok || err != nil {
		return false, err
	}
	a.tooMany(&ex.Response, retry)
	return true, nil
}

var plainText = []string{"text/plain;charset=UTF-8"}

// readRequest parses the body, then looks at where the request comes from and
// where it would lead. Where a session is needed the first has been done, and
// admit does the second: this may run within a hook, where no other can.
func (a *API) readRequest(r dispatch.Request, in *incoming, guard csrf, to targets) (dispatch.Body, error) {
	body, raw, err := readBody(in.w, in.r, in.endpoint.mediaTypes, a.Config, in.share)
	if err != nil {
		a.countRefused(err)
		return dispatch.Body{}, err
	}
	out := dispatch.Body{Value: body, Raw: raw}
	if needsSession(in.endpoint) {
		return out, nil
	}
	if err := guard.check(in.r.Header); err != nil {
		return dispatch.Body{}, err
	}
	r.Body = body
	return out, a.checkCallbacks(&r, to)
}

// countRefused counts a body for which there was no memory.
func (a *API) countRefused(err error) {
	var full *budget.Exhausted
	if a.Metrics != nil && errors.As(err, &full) {
		a.Metrics.BodyRefused(a.Realm.ID, string(full.Owner))
	}
}

// checkCallbacks checks where the request would lead.
func (a *API) checkCallbacks(r *dispatch.Request, to targets) error {
	if a.DisableOrigin {
		return nil
	}
	return to.checkCallbacks(r)
}

// admit checks where the request leads now that hooks may have changed it, its
// shape, and its session.
func (a *API) admit(ctx context.Context, ex *dispatch.Exchange, e *endpoint, to targets) error {
	if e.Method != http.MethodGet {
		if err := a.checkCallbacks(&ex.Request, to); err != nil {
			return err
		}
	}
	if !e.bodyless || !ex.Request.Body.IsAbsent() {
		if err := validate.Check("body", e.body, ex.Request.Body); err != nil {
			return err
		}
	}
	validate.ReadQuery(e.query, ex.Request.Query)
	if err := validate.Check("query", e.query, document.Obj(ex.Request.Query)); err != nil {
		return err
	}
	if e.Method == http.MethodGet && e.Plugin != "" && !a.DisableOrigin {
		if err := to.checkQueryCallbacks(&ex.Request); err != nil {
			return err
		}
	}
	if needsSession(e) {
		return nil // it has one
	}
	return a.requireSession(ctx, ex, e.session)
}

// requireSession finds the session that an endpoint asks for, and extends it
// if it is due.
func (a *API) requireSession(ctx context.Context, ex *dispatch.Exchange, need string) error {
	if need == "" {
		return nil
	}
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return err
	}
	if m := a.Realm.Sessions; cur.Valid() && !ex.Session.ServerCall() && !m.Policy().DeferRefresh && m.NeedsRefresh(cur, ex.Now) {
		if cur, err = refresh(ctx, ex); err != nil {
			return err
		}
	}
	if !cur.Valid() {
		if cur.State == session.Unknown {
			ex.Session.Expire()
		}
		if need == pluginapi.SessionOptional {
			return nil
		}
		return apierror.Unauthorized()
	}
	if ex.Request.Method != http.MethodGet && !cur.DontRememberCookie {
		ex.Session.RenewCopy() // the store was asked anyway
	}
	if need == pluginapi.SessionFresh && !a.Realm.Sessions.Fresh(cur.Session, ex.Now) {
		return apierror.New(http.StatusForbidden, "SESSION_NOT_FRESH", "Session is not fresh")
	}
	return nil
}

// refresh extends the current session, sends its cookie again and returns the
// session as it is then; it may have ended meanwhile. A client often has
// several requests under way when its session becomes due: the first of them
// extends it, and to the others it is as if they had come later.
func refresh(ctx context.Context, ex *dispatch.Exchange) (session.Current, error) {
	m := ex.Realm.Sessions
	err := ex.Unit(ctx, func(ctx context.Context) error {
		cur, err := ex.Session.Current(ctx)
		if err != nil || !cur.Valid() {
			return err
		}
		if m.NeedsRefresh(cur, ex.Now) {
			rec, err := m.Refresh(ctx, ex.Work(), cur)
			if err != nil {
				return err
			}
			ex.Session.ReplaceCurrent(rec, nil)
			cur.Session = rec
		}
		for _, c := range m.SetLines(cur.Session, false, ex.Now) {
			ex.Response.SetCookie(c)
		}
		return nil
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
		return session.Current{}, err
	}
	return ex.Session.Current(ctx)
}
