package capability

import (
	"context"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// describe returns what the tenant serves, as an OpenAPI document.
func (h *Host) describe(context.Context, *dispatch.Call, *document.Object) (document.Value, error) {
	if h.Describe == nil {
		return document.Value{}, refuse(pluginapi.StatusUnavailable, "there is no description of this tenant")
	}
	return h.Describe(), nil
}
