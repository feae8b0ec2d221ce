package capability

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// httpLookupTXT looks TXT records up. When the unit of work runs again after a
// conflict, the answer of before is given again.
func (h *Functions) httpLookupTXT(ctx context.Context, c *dispatch.Call, a httpLookupTXTArgs) (document.Value, error) {
	plugin := c.Entry.Plugin
	if h.HTTP == nil {
		return document.Value{}, refuse(pluginapi.StatusUnavailable, "other servers cannot be called")
	}
	if err := mayCall(plugin, &url.URL{Host: strings.TrimSuffix(a.Name, ".")}); err != nil {
		return document.Value{}, refuse(pluginapi.StatusDenied, err.Error())
	}
	key := fmt.Sprintf("txt\x00%s\x00%s\x00%d", plugin.ID, a.Name, a.TimeoutMs)
	return c.Exchange.Once(key, func() (document.Value, error) {
		start := time.Now()
		records, err := h.HTTP.LookupTXT(ctx, a.Name, time.Duration(a.TimeoutMs)*time.Millisecond)
		if err != nil {
			return document.Value{}, h.unanswered(ctx, plugin, a.Name, start, err)
		}
		h.outgoingDone(plugin, "ok", start)
		list := make([]document.Value, len(records))
		for i, record := range records {
			list[i] = document.Text(strings.ToValidUTF8(record, "\uFFFD"))
		}
		return object(document.NewObject(1).Set("records", document.List(list...))), nil
	})
}
