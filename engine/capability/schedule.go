package capability

import (
	"context"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// scheduleAt makes an appointment for a schedule of the plugin.
func (h *Functions) scheduleAt(ctx context.Context, c *dispatch.Call, a scheduleAtArgs) (document.Value, error) {
	input := a.Input
	if input == nil {
		input = document.NewObject(0)
	}
	at, err := pluginapi.CheckAppointment(a.Key, a.At, document.Obj(input).JSON(), c.Exchange.Now)
	if err != nil {
		return document.Value{}, invalid(err.Error())
	}
	return empty(), c.Exchange.Appoint(ctx, c.Entry.Plugin.ID, a.Schedule, a.Key, at, input)
}

// scheduleCancel takes one back.
func (h *Functions) scheduleCancel(ctx context.Context, c *dispatch.Call, a scheduleCancelArgs) (document.Value, error) {
	return empty(), c.Exchange.Cancel(ctx, c.Entry.Plugin.ID, a.Schedule, a.Key)
}
