package capability

import (
	"context"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// cookiesInject adds cookies that came by another way than the Cookie header.
func (h *Host) cookiesInject(_ context.Context, c *dispatch.Call, a cookiesInjectArgs) (document.Value, error) {
	if c.Entry.Handler.Event != pluginapi.EventRequestBefore {
		return document.Value{}, refuse(pluginapi.StatusDenied, "cookies.inject is for "+pluginapi.EventRequestBefore+" hooks")
	}
	if strings.ContainsAny(a.Header, "\r\n\x00") {
		return document.Value{}, invalid("argument header is not a header value")
	}
	c.Exchange.InjectCookies(a.Header)
	return empty(), nil
}

// cookiesDetach takes the answer's cookies, so that they can be sent by
// another way than Set-Cookie.
func (h *Host) cookiesDetach(_ context.Context, c *dispatch.Call, _ cookiesDetachArgs) (document.Value, error) {
	switch c.Entry.Handler.Event {
	case pluginapi.EventResponseSession, pluginapi.EventRequestAfter, pluginapi.EventRequestRefused:
	default:
		return document.Value{}, refuse(pluginapi.StatusDenied, "cookies.detach is for hooks on answers")
	}
	lines := c.Exchange.DetachCookies()
	items := make([]document.Value, len(lines))
	for i, line := range lines {
		items[i] = document.Text(line)
	}
	return object(document.NewObject(1).Set("lines", document.List(items...))), nil
}
