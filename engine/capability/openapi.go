package capability

import (
	"context"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// openapiDescribe returns what the tenant serves, as an OpenAPI document.
func (h *Functions) openapiDescribe(context.Context, *dispatch.Call, openapiDescribeArgs) (document.Value, error) {
	if h.Describe == nil {
		return document.Value{}, refuse(pluginapi.StatusUnavailable, "there is no description of this tenant")
	}
	return h.Describe(), nil
}
