package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/telemetry"
	"github.com/authhost/authhost/pluginapi"
)

// outcomeOK is the outcome of events of the engine's own that went well.
const outcomeOK = "ok"

// observer turns finished handler calls into metrics, and those that failed
// into log lines and audit entries.
type observer struct {
	engine *Engine
	large  sync.Map // what Large has warned of, by plugin and name
}

// DefaultSlowHandler is the time from which a handler call is worth a line in
// the log, if Options do not say another.
const DefaultSlowHandler = 2 * time.Second

// HandlerDone implements dispatch.Observer.
func (o *observer) HandlerDone(ex *dispatch.Exchange, entry dispatch.Entry, done dispatch.Done) {
	e := o.engine
	handler := strconv.Itoa(int(entry.Handler.Number))
	e.metrics.PluginCall(ex.Realm.ID, entry.Plugin.ID, handler, done.Outcome, done.Took)
	u := done.Usage
	e.metrics.PluginUsed(ex.Realm.ID, entry.Plugin.ID, telemetry.Usage{Fuel: u.Fuel, HostCalls: uint64(u.HostCalls), BytesIn: u.BytesIn, BytesOut: u.BytesOut, Host: u.Host})
	if e.options.Handled != nil {
		e.options.Handled(Handled{Tenant: ex.Realm.ID, Plugin: entry.Plugin.ID, Handler: *entry.Handler, Done: done})
	}
	if ex.Realm.Development {
		ex.Response.Header().Add("Server-Timing", timing(entry.Plugin.ID, handler, done))
	}
	if done.Took >= e.options.SlowHandler {
		e.logger.Warn("slow plugin handler", "tenant", ex.Realm.ID, "plugin", entry.Plugin.ID, "handler", handler, "request", ex.Request.ID,
			"took", done.Took, "host", done.Usage.Host, "fuel", done.Usage.Fuel, "hostCalls", done.Usage.HostCalls)
	}
	switch done.Outcome {
	case dispatch.OutcomeDeny:
		o.denied(ex, entry, done)
	case dispatch.OutcomeTrap, dispatch.OutcomeFailed, dispatch.OutcomeBusy:
		o.failed(ex, entry, handler, done)
	}
}

// denied notes the refusals that a defender looks for: wrong passwords and
// whatever else is unauthorized or forbidden.
func (o *observer) denied(ex *dispatch.Exchange, entry dispatch.Entry, done dispatch.Done) {
	status := apierror.From(done.Err)
	if status.Status != http.StatusUnauthorized && status.Status != http.StatusForbidden {
		return
	}
	o.record(ex, audit.Event{
		Action: "request.denied", Plugin: entry.Plugin.ID, Outcome: "denied",
		Details: map[string]string{"route": ex.Request.Route, "code": status.Code},
	})
}

// timing is a Server-Timing metric (W3C Server Timing): what one handler
// call took and used.
func timing(plugin, handler string, done dispatch.Done) string {
	return fmt.Sprintf("%s-%s;dur=%.3f;desc=\"%s, fuel %d, host calls %d\"", plugin, handler,
		float64(done.Took.Microseconds())/1000, done.Outcome, done.Usage.Fuel, done.Usage.HostCalls)
}

// Committed implements dispatch.Observer: what happens to users and sessions
// is in the audit log.
func (o *observer) Committed(ex *dispatch.Exchange, event string, record *document.Object) {
	switch event {
	case pluginapi.EventSessionCreated:
		o.engine.metrics.SessionIssued(ex.Realm.ID)
	case pluginapi.EventSessionUpdated:
		return // a session that goes on is no news
	}
	actor := record.Get("userId").Str()
	if actor == "" {
		actor = record.Get("id").Str()
	}
	o.record(ex, audit.Event{Action: event, Actor: actor, ImpersonatedBy: record.Get("impersonatedBy").Str(), Outcome: outcomeOK, Details: map[string]string{"route": ex.Request.Route}})
}

// Large implements dispatch.Observer. The log is told of each cookie and header
// once, as every answer may have it.
func (o *observer) Large(ex *dispatch.Exchange, plugin, what string, bytes, most int) {
	o.engine.metrics.Large(ex.Realm.ID, plugin, bytes <= most)
	if _, told := o.large.LoadOrStore([2]string{plugin, what}, true); told {
		return
	}
	o.engine.logger.Warn("an answer is nearly, or more than, as large as clients take", "tenant", ex.Realm.ID, "plugin", plugin, "what", what, "bytes", bytes, "most", most,
		"remedy", "put fewer claims into tokens, or set user.maxNameLength, user.maxImageLength and maxLength of additional fields lower")
}

// Stored implements dispatch.Observer.
func (o *observer) Stored(took time.Duration, err error) {
	outcome := "ok"
	switch {
	case errors.Is(err, store.ErrConflict):
		outcome = "conflict"
	case err != nil:
		outcome = "failed"
	}
	o.engine.metrics.StoreCommit(o.engine.config.Store.Driver, outcome, took)
}

func (o *observer) record(ex *dispatch.Exchange, event audit.Event) {
	ctx := context.Background()
	event.Time, event.Tenant, event.IP, event.RequestID = ex.Now, ex.Realm.ID, ex.Request.IP, ex.Request.ID
	event.AssumedBy = ex.Session.AssumedBy()
	if event.ImpersonatedBy == "" {
		event.ImpersonatedBy = ex.Session.Impersonator(ctx)
	}
	o.engine.audit.Happened(ctx, event)
}

func (o *observer) failed(ex *dispatch.Exchange, entry dispatch.Entry, handler string, done dispatch.Done) {
	e := o.engine
	e.logger.Error("plugin handler failed", "tenant", ex.Realm.ID, "plugin", entry.Plugin.ID, "handler", handler,
		"method", ex.Request.Method, "route", ex.Request.Route, "outcome", done.Outcome, "request", ex.Request.ID, "took", done.Took, "error", done.Err)
	o.record(ex, audit.Event{
		Action: "plugin." + done.Outcome, Plugin: entry.Plugin.ID, Outcome: done.Outcome,
		Details: map[string]string{"handler": handler, "reason": audit.Reason(done.Err)},
	})
}
