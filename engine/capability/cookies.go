package capability

import (
	"context"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// cookiesInject adds cookies that came by another way than the Cookie header.
func (h *Functions) cookiesInject(_ context.Context, c *dispatch.Call, a cookiesInjectArgs) (document.Value, error) {
	if c.Entry.Handler.Event != pluginapi.EventRequestBefore {
		return document.Value{}, refuse(pluginapi.StatusDenied, "cookies.inject is for "+pluginapi.EventRequestBefore+" hooks")
	}
	if strings.ContainsAny(a.Header, "\r\n\x00") {
		return document.Value{}, invalid("argument header is not a header value")
	}
	c.Exchange.InjectCookies(a.Header)
	return empty(), nil
}

// cookiesList gives the answer's cookies.
func (h *Functions) cookiesList(_ context.Context, c *dispatch.Call, _ cookiesListArgs) (document.Value, error) {
	return answerCookies(c, "cookies.list", c.Exchange.CookieLines)
}

// cookiesDetach takes the answer's cookies, so that they can be sent by
// another way than Set-Cookie.
func (h *Functions) cookiesDetach(_ context.Context, c *dispatch.Call, _ cookiesDetachArgs) (document.Value, error) {
	return answerCookies(c, "cookies.detach", c.Exchange.DetachCookies)
}

// answerCookies gives the Set-Cookie values that lines returns to a hook on an
// answer.
func answerCookies(c *dispatch.Call, function string, lines func() []string) (document.Value, error) {
	switch c.Entry.Handler.Event {
	case pluginapi.EventResponseSession, pluginapi.EventRequestAfter, pluginapi.EventRequestRefused:
	default:
		return document.Value{}, refuse(pluginapi.StatusDenied, function+" is for hooks on answers")
	}
	var items []document.Value
	for _, line := range lines() {
		items = append(items, document.Text(line))
	}
	return object(document.NewObject(1).Set("lines", document.List(items...))), nil
}
