package dispatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

// MaxDepth bounds how deeply handlers may nest: a capability call that raises
// a hook whose capability call raises a hook, and so on.
const MaxDepth = 8

// Outcomes of a handler call, for metrics and logs.
const (
	OutcomeOK       = "ok"
	OutcomeDeny     = "deny"
	OutcomeFailed   = "failed"   // the handler said so
	OutcomeTrap     = "trap"     // it trapped or used up a limit
	OutcomeBusy     = "busy"     // no instance or no host call was done in time
	OutcomeOpen     = "open"     // not called: it kept failing, and its breaker is open
	OutcomeLater    = "later"    // it failed to take a durable delivery, which is tried again
	OutcomeRepeated = "repeated" // not called: told the same, it would set the cookies that it set before
)

type pin struct {
	instance *sandbox.Instance
	inUse    bool
	broken   bool
}

// RunEndpoint runs a plugin's endpoint as one unit of work. The answer is in
// ex.Response afterwards; an error is the answer too (*apierror.Error) or a
// fault.
func (ex *Exchange) RunEndpoint(ctx context.Context, e Entry) error {
	ex.Request.Owner = e.Plugin
	err := ex.Unit(ctx, func(ctx context.Context) error {
		_, err := ex.run(ctx, e, &Call{})
		return err
	})
	ex.Response.Page = e.Handler.Answer
	ex.answerPending()
	return err
}

// answerPending makes the step that was put before a session the answer. It
// reports whether there is one.
func (ex *Exchange) answerPending() bool {
	if ex.pending == nil {
		return false
	}
	ex.Response = *ex.pending
	ex.pending, ex.Session.outcome.issued = nil, nil // nobody is signed in by halves
	return true
}

// Before runs the request.before hooks. done reports that one of them
// answered.
func (ex *Exchange) Before(ctx context.Context) (done bool, err error) {
	return ex.requestHooks(ctx, pluginapi.EventRequestBefore, "")
}

// After runs the hooks that see a finished answer: response.session, if the
// answer is about a session, and then request.after.
func (ex *Exchange) After(ctx context.Context) error {
	phase := ex.Session.answerPhase()
	if phase != "" && !ex.Session.ServerCall() { // there is no client whose session it is
		if _, err := ex.requestHooks(ctx, pluginapi.EventResponseSession, phase); err != nil {
			return err
		}
	}
	_, err := ex.requestHooks(ctx, pluginapi.EventRequestAfter, phase)
	return err
}

func (ex *Exchange) requestHooks(ctx context.Context, event, phase string) (done bool, err error) {
	for _, e := range ex.set.hooks[event] {
		if !matching(e.Handler.Match, ex, phase) {
			continue
		}
		key, comparable := ex.told(e, event, phase)
		if comparable && ex.repeat(ctx, e, key) {
			continue
		}
		var call *Call
		result := pluginapi.Continue
		err := ex.Unit(ctx, func(ctx context.Context) error {
			var err error
			call = &Call{event: event, phase: phase, reason: ex.Session.outcome.reason}
			result, err = ex.run(ctx, e, call)
			return err
		})
		if err == nil && comparable {
			ex.remember(key, call, result)
		}
		if err != nil && !skips(e, err) {
			return false, err
		}
		if err != nil {
			continue
		}
		if (ex.answerPending() || result == pluginapi.Respond) && event == pluginapi.EventRequestBefore {
			return true, nil
		}
	}
	return false, nil
}

// skips reports whether an observer's failure is to be passed over. A denial
// is a verdict, never a failure.
func skips(e Entry, err error) bool {
	var denied *Denied
	return e.Handler.Failure == pluginapi.FailSkip && pluginapi.MaySkip(e.Handler.Event) && !errors.As(err, &denied)
}

// Denied is a plugin's verdict against a request or a record.
type Denied struct {
	Plugin string
	Answer *apierror.Error // for the client
}

// Error names the plugin and its answer.
func (d *Denied) Error() string { return "plugin " + d.Plugin + " denied: " + d.Answer.Error() }

// Unwrap gives the answer for the client.
func (d *Denied) Unwrap() error { return d.Answer }

// Verdict raises a record event inside the open unit of work. Hooks may
// change record in place; the first one that denies ends it.
func (ex *Exchange) Verdict(ctx context.Context, event string, record, previous *document.Object) error {
	for _, e := range ex.set.hooks[event] {
		if !matching(e.Handler.Match, ex, "") {
			continue
		}
		call := &Call{event: event, record: record, previous: previous}
		if event == pluginapi.EventSessionCreating {
			call.reason, call.dontRemember = ex.creating.reason, ex.creating.dontRemember
		}
		if err := ex.nested(ctx, e, call); err != nil {
			return err
		}
	}
	return nil
}

// nested runs a hook or a service inside the open unit of work, on a response of
// its own: what the handler whose host call it is has answered so far is not its
// to see or to send. Headers and cookies of one that continues are added to that;
// of one that does not end well nothing is kept, since that handler may go on.
func (ex *Exchange) nested(ctx context.Context, e Entry, c *Call) error {
	if n := len(ex.callStack); n > 0 {
		c.cause = ex.callStack[n-1].Plugin.ID
	}
	mark, outcome, pending, response, durable := ex.mark(), ex.Session.outcome, ex.pending, ex.Response, len(ex.durable)
	ex.Response = Response{}
	result, err := ex.run(ctx, e, c)
	if err == nil {
		err = c.checkOutput()
	}
	own := ex.Response
	ex.Response = response
	switch {
	case err != nil:
		ex.rewind(mark)
		ex.Session.outcome, ex.pending, ex.durable = outcome, pending, ex.durable[:durable]
		return err
	case result == pluginapi.Respond && c.event == pluginapi.EventSessionCreating:
		ex.pending = &own
		return ErrPending
	}
	if own.locationBy != "" {
		ex.Response.locationBy = own.locationBy
	}
	for name, values := range own.Headers {
		h := ex.Response.Header()
		h[name] = append(h[name], values...)
	}
	for _, cookie := range own.Cookies {
		ex.Response.SetCookie(cookie)
	}
	return nil
}

// ErrPending is returned by Verdict when a session.creating hook put another
// step before the session; the hook's answer goes to the client instead of
// the endpoint's.
var ErrPending = errors.New("dispatch: a further step is needed before the session")

// Claims raises token.claims: hooks may add and change claims in place, but
// for the reserved ones.
func (ex *Exchange) Claims(ctx context.Context, use string, claims *document.Object, reserved []string) error {
	for _, e := range ex.set.hooks[pluginapi.EventTokenClaims] {
		if !matching(e.Handler.Match, ex, use) {
			continue
		}
		before := claims.Clone()
		if err := ex.nested(ctx, e, &Call{event: pluginapi.EventTokenClaims, phase: use, claims: claims}); err != nil {
			return err
		}
		for _, name := range reserved {
			if !bytes.Equal(before.Get(name).JSON(), claims.Get(name).JSON()) {
				return apierror.Internal(fmt.Errorf("plugin %s changes the claim %q of a token of %q, which is reserved", e.name(), name, use))
			}
		}
	}
	return nil
}

// Mail raises mail.sending: hooks may change the message in place or refuse.
func (ex *Exchange) Mail(ctx context.Context, message *document.Object) error {
	return ex.Verdict(ctx, pluginapi.EventMailSending, message, nil)
}

// TrustsOrigin raises origin.trusted: plugins may trust a site that the
// tenant's configuration does not name. One of them is enough; one that denies
// ends it. Without such plugins no site is trusted.
func (ex *Exchange) TrustsOrigin(ctx context.Context, origin string) (bool, error) {
	for _, e := range ex.set.hooks[pluginapi.EventOriginTrusted] {
		if !matching(e.Handler.Match, ex, "") {
			continue
		}
		record := document.NewObject(2).Set("origin", document.Text(origin)).Set("trusted", document.Boolean(false))
		err := ex.Unit(ctx, func(ctx context.Context) error {
			_, err := ex.run(ctx, e, &Call{event: pluginapi.EventOriginTrusted, record: record})
			return err
		})
		var denied *Denied
		switch {
		case errors.As(err, &denied):
			return false, nil
		case err != nil:
			return false, err
		case record.Get("trusted").Bool():
			return true, nil
		}
	}
	return false, nil
}

// RunObservers delivers the record events of the units that were committed,
// and those of the observers' own units, to a depth of MaxDepth. Failures are
// for the log alone.
func (ex *Exchange) RunObservers(ctx context.Context) {
	for depth := 0; len(ex.observed) > 0 && depth < MaxDepth; depth++ {
		pending := ex.observed
		ex.observed = nil
		for _, o := range pending {
			for _, e := range ex.set.hooks[o.event] {
				if !e.Handler.Durable() && matching(e.Handler.Match, ex, "") {
					ex.observe(ctx, e, o)
				}
			}
		}
	}
}

func (ex *Exchange) observe(ctx context.Context, e Entry, o observation) {
	var failed error // which Observer was told of
	err := ex.Unit(ctx, func(ctx context.Context) error {
		_, failed = ex.run(ctx, e, &Call{event: o.event, record: o.record, previous: o.previous})
		return failed
	})
	if err != nil && failed == nil {
		ex.logger.ErrorContext(ctx, "work of an observer was lost", "plugin", e.Plugin.ID, "event", o.event, "error", err)
	}
}

// run calls one handler and turns its result into an error, if it is one.
func (ex *Exchange) run(ctx context.Context, e Entry, c *Call) (pluginapi.Result, error) {
	ex.callStack = append(ex.callStack, e)
	defer func() { ex.callStack = ex.callStack[:len(ex.callStack)-1] }()
	c.Exchange, c.Entry, c.ctx = ex, e, ctx
	start := time.Now()
	result, done := ex.guest(ctx, e, c)
	done.Took = time.Since(start)
	if ex.observer != nil {
		ex.observer.HandlerDone(ex, e, done)
	}
	switch done.Outcome {
	case OutcomeTrap, OutcomeFailed, OutcomeBusy:
		ex.failure = done.Err
	}
	return result, done.Err
}

// Told reports whether the observer was told of a failure of a handler that an
// error comes from, so that it is not told twice.
func (ex *Exchange) Told(err error) bool {
	return ex.observer != nil && ex.failure != nil && errors.Is(err, ex.failure)
}

// guest runs the code and says what came of it. The sandbox keeps calls from
// nesting too deeply or in a circle, and leaves a module alone that keeps
// failing.
func (ex *Exchange) guest(ctx context.Context, e Entry, c *Call) (pluginapi.Result, Done) {
	result, usage, err := ex.invoke(ctx, e, c)
	var open *sandbox.OpenError
	outcome := OutcomeOK
	switch {
	case err == nil:
		result, outcome, err = ex.conclude(e, c, result)
		if outcome == OutcomeFailed && c.delivery != nil {
			outcome = OutcomeLater
		}
	case errors.As(err, &open):
		outcome, err = OutcomeOpen, apierror.Unavailable(fmt.Errorf("plugin %s: %w", e.name(), err))
	case errors.Is(err, sandbox.ErrBusy) || starved(err, usage):
		outcome, err = OutcomeBusy, apierror.Unavailable(err)
	default:
		outcome, err = OutcomeTrap, apierror.Internal(fmt.Errorf("plugin %s: %w", e.name(), err))
	}
	return result, Done{Outcome: outcome, Result: result, Usage: usage, Err: err}
}

// starved reports whether a call ran out of time while it waited for the
// host, which is the host's doing and passes.
func starved(err error, used sandbox.Usage) bool {
	var trap *sandbox.TrapError
	return errors.As(err, &trap) && trap.Reason == sandbox.ReasonWall && used.Host > used.Wall/2
}

// conclude gives a handler's result its meaning.
func (ex *Exchange) conclude(e Entry, c *Call, result pluginapi.Result) (pluginapi.Result, string, error) {
	switch result {
	case pluginapi.Continue:
		return result, OutcomeOK, nil
	case pluginapi.Respond:
		if need := c.answers(); c.lacks(need, "an answer in place of another endpoint's") {
			return result, OutcomeFailed, apierror.Internal(fmt.Errorf("plugin %s answers for another endpoint, which takes the permission %q", e.name(), need))
		}
		return result, OutcomeOK, nil
	case pluginapi.Deny:
		status := c.denial.status
		if status < 400 || status > 599 {
			status = http.StatusBadRequest
		}
		denied := apierror.New(status, c.denial.code, c.denial.message)
		denied.Empty = c.denial.code == "" && c.denial.message == ""
		return result, OutcomeDeny, &Denied{Plugin: e.Plugin.ID, Answer: denied}
	default:
		var veto *Denied
		switch {
		case errors.As(c.refusal, &veto): // another plugin's verdict, passed on
			return result, OutcomeDeny, c.refusal
		case c.refusal != nil: // a refused host call that the guest could not get past
			return result, OutcomeFailed, c.refusal
		}
		return result, OutcomeFailed, apierror.Internal(fmt.Errorf("plugin %s failed with result %d", e.name(), result))
	}
}

// invoke runs the guest code. One instance per plugin is pinned to the
// exchange, so that the next handler of the plugin needs no other, until the
// exchange waits for a commit or ends; a nested call into a plugin that is
// already running uses an instance of its own.
func (ex *Exchange) invoke(ctx context.Context, e Entry, c *Call) (pluginapi.Result, sandbox.Usage, error) {
	p := ex.pinned[e.Plugin]
	if p == nil || p.inUse || p.broken {
		instance, err := e.Plugin.Module.Acquire(ctx)
		if err != nil {
			return pluginapi.Failed, sandbox.Usage{}, err
		}
		fresh := &pin{instance: instance}
		if p != nil {
			defer instance.Release()
		} else {
			if ex.pinned == nil {
				ex.pinned = map[*Plugin]*pin{}
			}
			ex.pinned[e.Plugin] = fresh
		}
		p = fresh
	}
	p.inUse = true
	limits := e.Plugin.limits(e.Handler)
	limits.Within = c.service != nil
	code, usage, err := p.instance.Call(ctx, e.Handler.Number, c, limits)
	p.inUse = false
	p.broken = err != nil
	c.trace.other = c.trace.other || usage.Random
	return pluginapi.Result(code), usage, err
}

// limits returns the bounds of one handler call: the operator's, narrowed by
// the manifest's where that asks for less.
func (p *Plugin) limits(h *pluginapi.Handler) sandbox.Limits {
	return narrow(p.Limits, p.Module.Limits(), h.Limits)
}

// Close gives the instances back. It must be called when the answer has been
// written.
func (ex *Exchange) Close() {
	ex.releaseInstances()
	ex.memory.Close()
}

func (ex *Exchange) releaseInstances() {
	for plugin, p := range ex.pinned {
		p.instance.Release()
		delete(ex.pinned, plugin)
	}
}
