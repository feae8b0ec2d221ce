package dispatch

import (
	"context"

	"github.com/authhost/authhost/pluginapi"
)

// Refused runs the hooks that see an error on its way to the client. They may
// add headers and change how cookies travel; the error itself stays as it is,
// and what goes wrong here is for the log.
func (ex *Exchange) Refused(ctx context.Context) {
	ex.outcome = unitOutcome{} // nothing came of it
	if _, err := ex.requestHooks(ctx, pluginapi.EventRequestRefused, ""); err != nil {
		ex.logger.WarnContext(ctx, "a hook on an error failed", "event", pluginapi.EventRequestRefused, "error", err)
	}
}
