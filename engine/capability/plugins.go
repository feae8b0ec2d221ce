package capability

import (
	"context"
	"slices"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// pluginsCall calls a service that the manifest asks for.
func (h *Functions) pluginsCall(ctx context.Context, c *dispatch.Call, a pluginsCallArgs) (document.Value, error) {
	request, _ := c.Entry.Plugin.Capability(pluginapi.CapPlugins)
	if !slices.Contains(request.Services, a.Service) {
		return document.Value{}, refuse(pluginapi.StatusDenied, "the manifest does not ask for the service "+a.Service)
	}
	output, err := c.Exchange.CallService(ctx, a.Service, a.Input)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("output", object(output))), nil
}

// pluginsRaise raises an event of the plugin's own.
func (h *Functions) pluginsRaise(ctx context.Context, c *dispatch.Call, a pluginsRaiseArgs) (document.Value, error) {
	return empty(), c.Exchange.Raise(ctx, c.Entry.Plugin.ID, a.Event, a.Record)
}
