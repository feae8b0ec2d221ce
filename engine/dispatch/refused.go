package dispatch

import (
	"context"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// Refused runs the hooks that see an error on its way to the client, and
// returns the error as it is afterwards. They may add headers, change how
// cookies travel, and say the error in other words; its status stays. What goes
// wrong here is for the log.
func (ex *Exchange) Refused(ctx context.Context, answer *apierror.Error) *apierror.Error {
	ex.Session.outcome, ex.pending = outcome{}, nil // nothing came of it
	told := *answer
	ex.refused = &told
	defer func() { ex.refused = nil }()
	if _, err := ex.requestHooks(ctx, pluginapi.EventRequestRefused, ""); err != nil {
		ex.logger.WarnContext(ctx, "a hook on an error failed", "event", pluginapi.EventRequestRefused, "error", err)
	}
	return ex.refused
}

// errorView is the error that a hook on request.refused sees.
func (c *Call) errorView() document.Value {
	e := c.Exchange.refused
	if e == nil || c.event != pluginapi.EventRequestRefused {
		return document.Value{}
	}
	return document.Obj(document.NewObject(3).Set("status", document.Int(int64(e.Status))).Set("code", textOrAbsent(e.Code)).Set("message", textOrAbsent(e.Message)))
}

// reword changes what the client is told of an error. An error with an empty
// body keeps that.
func (c *Call) reword(member string, v document.Value) pluginapi.Status {
	e := c.Exchange.refused
	switch {
	case e == nil: // an event that was raised by hand
		return pluginapi.StatusDenied
	case v.Kind() != document.String:
		return pluginapi.StatusInvalid
	case member == "code":
		e.Code = v.Str()
	case member == "message":
		e.Message = v.Str()
	}
	return pluginapi.StatusOK
}
