package capability

import (
	"context"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// injectCookies adds cookies that came by another way than the Cookie header.
func injectCookies(_ context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	header, err := text(args, "header")
	if err != nil {
		return document.Value{}, err
	}
	if c.Entry.Handler.Event != pluginapi.EventRequestBefore {
		return document.Value{}, refuse(pluginapi.StatusDenied, "cookies.inject is for "+pluginapi.EventRequestBefore+" hooks")
	}
	if strings.ContainsAny(header, "\r\n\x00") {
		return document.Value{}, invalid("argument header is not a header value")
	}
	c.Exchange.InjectCookies(header)
	return empty(), nil
}

// detachCookies takes the answer's cookies, so that they can be sent by
// another way than Set-Cookie.
func detachCookies(_ context.Context, c *dispatch.Call, _ *document.Object) (document.Value, error) {
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
