package dispatch

import (
	"context"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/pluginapi"
)

// Firing is what an event is about that is raised by hand. What events of its
// name do not have stays zero.
type Firing struct {
	Phase, Reason, Cause     string // event.phase, event.reason and event.plugin
	DontRemember             bool   // of session.creating: rememberMe was false
	Record, Previous, Claims *document.Object
	Delivery                 *outbox.Entry // of durable deliveries
}

// Fired is what a hook made of an event that was raised by hand. What it
// answered is in the exchange's Response.
type Fired struct {
	Result         pluginapi.Result
	Record, Claims *document.Object // as they are afterwards; nil if there were none
}

// Fire runs one hook for an event that did not happen, as one unit of work, so
// that the author of a plugin sees what it makes of it. The hook's match is not
// looked at, and no other hook runs. A hook that denies gives a *Denied.
func (ex *Exchange) Fire(ctx context.Context, hook Entry, f Firing) (fired Fired, err error) {
	err = ex.Unit(ctx, func(ctx context.Context) error {
		fired = Fired{Record: cloneOrNil(f.Record), Claims: cloneOrNil(f.Claims)}
		call := &Call{
			event: hook.Handler.Event, phase: f.Phase, reason: f.Reason, cause: f.Cause, dontRemember: f.DontRemember,
			record: fired.Record, previous: f.Previous, claims: fired.Claims, delivery: f.Delivery,
		}
		var err error
		fired.Result, err = ex.run(ctx, hook, call)
		return err
	})
	ex.RunObservers(ctx)
	return fired, err
}
