package dispatch

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// read returns the value at a document path; Absent where there is none, or
// none that the plugin may see.
func (c *Call) read(path string) document.Value {
	segments, err := pluginapi.ParsePath(path)
	if err != nil {
		return document.Value{}
	}
	within, ok := c.sees(segments)
	if !ok {
		return document.Value{}
	}
	return c.without(c.lookUp(segments), within)
}

// lookUp returns the value at a path, whoever may see it.
func (c *Call) lookUp(segments []string) document.Value {
	c.trace.reads(segments[0])
	rest := segments[1:]
	switch segments[0] {
	case "request":
		return c.readRequest(rest)
	case "config":
		return walk(c.Entry.Plugin.Config, rest)
	case "session":
		view, err := c.session()
		if err != nil {
			c.refusal = err
			return document.Value{}
		}
		return walk(view.value, rest)
	case "result":
		return walk(c.result, rest)
	case "args":
		return walk(c.args, rest)
	case "scratch":
		return walk(c.scratch, rest)
	case "record":
		return c.readRecord(c.record, rest)
	case "previous":
		return c.readRecord(c.previous, rest)
	case "claims":
		return walk(document.Obj(c.claims), rest)
	case "response":
		return c.readResponse(rest)
	case "event":
		return walk(c.eventView(), rest)
	case "input":
		return walk(c.input, rest)
	case "output":
		return walk(c.output, rest)
	case "tenant":
		return walk(c.Exchange.tenant().value, rest)
	case "now":
		return c.now(rest)
	case "error":
		return walk(c.errorView(), rest)
	}
	return document.Value{}
}

func (c *Call) eventView() document.Value {
	o := document.NewObject(10).
		Set("name", textOrAbsent(c.event)).
		Set("phase", textOrAbsent(c.phase)).
		Set("reason", textOrAbsent(c.reason)).
		Set("plugin", textOrAbsent(c.cause))
	switch c.event {
	case pluginapi.EventSessionCreating:
		o.Set("rememberMe", document.Boolean(!c.dontRemember))
	case pluginapi.EventResponseSession:
		o.Set("userId", textOrAbsent(c.Exchange.Session.outcome.userID))
	}
	if !c.due.IsZero() {
		o.Set("time", document.Time(c.due))
	}
	if a := c.appointment; a != nil {
		o.Set("key", document.Text(a.Key)).Set("attempt", document.Int(int64(a.Attempts)+1))
	}
	if d := c.delivery; d != nil {
		o.Set("id", document.Text(d.ID)).
			Set("time", document.Time(d.Time)).
			Set("version", document.Int(int64(d.Version))).
			Set("attempt", document.Int(int64(d.Attempts)+1)).
			Set("target", textOrAbsent(d.Target)).
			Set("userId", textOrAbsent(d.Subject))
	}
	return document.Obj(o)
}

// rawBodyPath is the one field that is bytes, not text.
const rawBodyPath = "request.rawBody"

var rawBodyNames = []string{"request", "rawBody"}

// validText makes what a client sent text, as a guest may rely on.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func foreign(s string) document.Value { return textOrAbsent(validText(s)) }

func textOrAbsent(s string) document.Value {
	if s == "" {
		return document.Value{}
	}
	return document.Text(s)
}

func (c *Call) readRequest(segments []string) document.Value {
	if len(segments) == 0 {
		return document.Value{}
	}
	r := &c.Exchange.Request
	rest := segments[1:]
	if name := segments[0]; (name == "body" || name == "rawBody") && !c.loaded() {
		return document.Value{}
	}
	switch segments[0] {
	case "method":
		return leaf(rest, document.Text(r.Method))
	case "path":
		if c.routeHasSecret() && c.lacks(pluginapi.PermTokens, "request.path") {
			return document.Value{}
		}
		return leaf(rest, document.Text(r.Path))
	case "route":
		return leaf(rest, document.Text(r.Route))
	case "url":
		return leaf(rest, document.Text(r.URL))
	case "ip":
		return leaf(rest, document.Text(r.IP))
	case "userAgent":
		return leaf(rest, document.Text(r.UserAgent))
	case "contentType":
		return leaf(rest, foreign(r.ContentType))
	case "serverCall":
		return leaf(rest, document.Boolean(c.Exchange.Session.ServerCall()))
	case "serviceKey":
		return leaf(rest, textOrAbsent(c.Exchange.Session.serviceKey))
	case "origin":
		return leaf(rest, foreign(r.Headers.Get("Origin")))
	case "rawBody":
		return leaf(rest, foreign(string(r.RawBody)))
	case "body":
		return walk(r.Body, rest)
	case "query":
		return walk(document.Obj(r.Query), rest)
	case "params":
		if len(rest) == 1 {
			if v, ok := r.Params[rest[0]]; ok {
				return document.Text(v)
			}
		}
	case "headers":
		if len(rest) == 1 && http.CanonicalHeaderKey(rest[0]) != "Cookie" { // it has the session's
			if v := r.Headers.Values(rest[0]); len(v) > 0 {
				return document.Text(validText(strings.Join(v, ", ")))
			}
		}
	case "cookies":
		switch len(rest) {
		case 0:
			return c.ownCookies()
		default:
			return walk(c.readCookie(rest[0]), rest[1:])
		}
	}
	return document.Value{}
}

// leaf gives a scalar, and Absent to a path that goes on below it.
func leaf(rest []string, v document.Value) document.Value {
	if len(rest) > 0 {
		return document.Value{}
	}
	return v
}

func (c *Call) readResponse(segments []string) document.Value {
	if len(segments) == 0 {
		return document.Value{}
	}
	r := &c.Exchange.Response
	switch segments[0] {
	case "status":
		return leaf(segments[1:], document.Int(int64(r.StatusOrDefault())))
	case "body":
		return walk(r.Body, segments[1:])
	case "redirect":
		return leaf(segments[1:], textOrAbsent(r.Redirect))
	case "sessionToken":
		if _, ok := c.Entry.Plugin.Capability(pluginapi.CapSession); ok && !c.Exchange.Session.ServerCall() {
			return leaf(segments[1:], r.sessionToken())
		}
	case "headers":
		if len(segments) == 2 {
			if v := r.Headers.Values(segments[1]); len(v) > 0 {
				return document.Text(strings.Join(v, ", "))
			}
		}
	}
	return document.Value{}
}

// tenant returns what handlers may know of the tenant, as the client sees it.
func (ex *Exchange) tenant() *encoded {
	if !ex.tenantView.value.IsAbsent() {
		return &ex.tenantView
	}
	r, base := ex.Realm, ex.BaseURL()
	ex.tenantView.value = document.Obj(document.NewObject(9).
		Set("id", document.Text(r.ID)).
		Set("appName", document.Text(r.AppName)).
		Set("baseURL", document.Text(base)).
		Set("basePath", document.Text(r.BasePath)).
		Set("authURL", document.Text(base+r.BasePath)).
		Set("issuer", document.Text(r.BaseURL)).
		Set("dialect", document.Text(cmp.Or(r.Dialect, pluginapi.Dialect16))).
		Set("errorURL", document.Text(r.errorPage(base))).
		Set("development", document.Boolean(r.Development)))
	return &ex.tenantView
}

func (c *Call) now(segments []string) document.Value {
	if len(segments) != 1 {
		return document.Value{}
	}
	t := c.Exchange.Now
	switch segments[0] {
	case "iso":
		return document.Time(t)
	case "ms":
		return document.Int(t.UnixMilli())
	case "unix":
		return document.Int(t.Unix())
	}
	return document.Value{}
}
