package engine

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/dispatch"
)

// observer turns finished handler calls into metrics, and those that failed
// into log lines and audit entries.
type observer struct{ engine *Engine }

// HandlerDone implements dispatch.Observer.
func (o *observer) HandlerDone(ex *dispatch.Exchange, entry dispatch.Entry, outcome string, took time.Duration, err error) {
	e := o.engine
	handler := strconv.Itoa(int(entry.Handler.Number))
	e.metrics.PluginCall(ex.Realm.ID, entry.Plugin.ID, handler, outcome, took)
	switch outcome {
	case dispatch.OutcomeTrap, dispatch.OutcomeFailed, dispatch.OutcomeBusy:
	default:
		return
	}
	e.logger.Error("plugin handler failed", "tenant", ex.Realm.ID, "plugin", entry.Plugin.ID, "handler", handler,
		"outcome", outcome, "request", ex.Request.ID, "took", took, "error", err)
	recorded := e.audit.Record(context.Background(), audit.Event{
		Time: ex.Now, Tenant: ex.Realm.ID, Action: "plugin." + outcome, Plugin: entry.Plugin.ID,
		IP: ex.Request.IP, RequestID: ex.Request.ID, Outcome: outcome,
		Details: map[string]string{"handler": handler, "reason": reason(err)},
	})
	if recorded != nil {
		e.logger.Error("audit log refused an entry", "error", recorded)
	}
}

// reason is the innermost text of an error: what the plugin or its limits
// said, without the layers around it.
func reason(err error) string {
	if err == nil {
		return ""
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
