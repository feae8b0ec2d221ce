package dispatch

import (
	"net/http"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// settable has what handlers may set, by event; "" is for endpoints,
// pluginapi.KindService and KindSchedule for what they stand for.
var settable = settableByEvent()

// pluginEvent stands, in settable, for all events that plugins raise.
const pluginEvent = pluginapi.Separator

func settableByEvent() map[string]*pluginapi.PathSet {
	sets := map[string]*pluginapi.PathSet{}
	for _, other := range []string{"", pluginapi.KindService, pluginapi.KindSchedule, pluginEvent} {
		sets[other] = pluginapi.Settable(other)
	}
	for _, event := range pluginapi.Events() {
		sets[event] = pluginapi.Settable(event)
	}
	return sets
}

// settable returns what the call's handler may set.
func (c *Call) settable() *pluginapi.PathSet {
	switch {
	case c.service != nil:
		return settable[pluginapi.KindService]
	case !c.due.IsZero():
		return settable[pluginapi.KindSchedule]
	}
	if set, ok := settable[c.event]; ok {
		return set
	}
	return settable[pluginEvent]
}

// write stores a value at a document path, if the contract lets handlers of the
// call's event set it.
func (c *Call) write(segments []string, v document.Value) pluginapi.Status {
	if !c.settable().Has(segments) {
		return pluginapi.StatusDenied
	}
	c.trace.writes(segments)
	rest := segments[1:]
	switch segments[0] {
	case argsRoot:
		return assignRoot(&c.args, rest, v)
	case "scratch":
		return assignRoot(&c.scratch, rest, v)
	case "output":
		return assignRoot(&c.output, rest, v)
	case "response":
		if !c.changes(segments, v) {
			return pluginapi.StatusDenied
		}
		return c.writeResponse(rest, v)
	case "request":
		if !c.changes(segments, v) {
			return pluginapi.StatusDenied
		}
		return c.writeRequest(rest, v)
	case "record":
		if !c.setsField(rest) {
			return pluginapi.StatusDenied
		}
		return assignMember(c.record, rest, v)
	case "claims":
		return assignMember(c.claims, rest, v)
	case "error":
		return c.writeError(rest[0], v)
	}
	return pluginapi.StatusDenied
}

// assignRoot writes into an object that is the call's own.
func assignRoot(to *document.Value, segments []string, v document.Value) pluginapi.Status {
	root, ok := assign(*to, segments, v)
	if !ok || root.Kind() != document.ObjectKind && !root.IsAbsent() {
		return pluginapi.StatusInvalid
	}
	*to = root
	return pluginapi.StatusOK
}

// assignMember writes below an object that is shared with the host and so
// must keep its identity.
func assignMember(o *document.Object, segments []string, v document.Value) pluginapi.Status {
	if o == nil {
		return pluginapi.StatusDenied // an event that was raised by hand, without one
	}
	if _, ok := assign(document.Obj(o), segments, v); !ok {
		return pluginapi.StatusInvalid
	}
	return pluginapi.StatusOK
}

func (c *Call) writeError(name string, v document.Value) pluginapi.Status {
	if c.event == pluginapi.EventRequestRefused {
		return c.reword(name, v)
	}
	switch name {
	case "code":
		c.denial.code = v.Str()
	case "message":
		c.denial.message = v.Str()
	case "status":
		n, ok := v.Int()
		if !ok || n < 400 || n > 599 {
			return pluginapi.StatusInvalid
		}
		c.denial.status = int(n)
	}
	return pluginapi.StatusOK
}

func (c *Call) writeRequest(segments []string, v document.Value) pluginapi.Status {
	if segments[0] == "body" && !c.loaded() {
		return pluginapi.StatusInvalid
	}
	r := c.Exchange.changeRequest()
	switch segments[0] {
	case "body":
		body, ok := assign(r.Body, segments[1:], v)
		if !ok {
			return pluginapi.StatusInvalid
		}
		r.Body = body
		return pluginapi.StatusOK
	case "query":
		return assignMember(r.Query, segments[1:], v)
	}
	return r.writeHeader(segments[1], v)
}

// writeHeader sets a header of the request.
func (r *Request) writeHeader(name string, v document.Value) pluginapi.Status {
	switch {
	case !writableRequestHeader(name):
		return pluginapi.StatusDenied
	case v.IsNullish():
		r.Headers.Del(name)
	case !validHeader(name, v):
		return pluginapi.StatusInvalid
	default:
		r.Headers.Set(name, v.Str())
	}
	return pluginapi.StatusOK
}

// writableRequestHeader keeps what the host has already decided upon out of a
// guest's reach; sessions are used through their capability.
func writableRequestHeader(name string) bool {
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Cookie", "Host", "Origin", "Referer", "Content-Length", "Transfer-Encoding":
		return false
	}
	return !strings.HasPrefix(name, "Sec-")
}

func (c *Call) writeResponse(segments []string, v document.Value) pluginapi.Status {
	r := &c.Exchange.Response
	switch segments[0] {
	case "status":
		n, ok := v.Int()
		if !ok || n < 200 || n > 599 {
			return pluginapi.StatusInvalid
		}
		r.Status = int(n)
	case "body":
		if !r.assignBody(segments[1:], v) {
			return pluginapi.StatusInvalid
		}
	case "redirect":
		if v.Kind() != document.String && !v.IsNullish() || strings.ContainsAny(v.Str(), "\r\n\x00") {
			return pluginapi.StatusInvalid
		}
		r.Redirect, r.redirectBy = v.Str(), c.leads()
	case "headers":
		return c.writeHeader(segments[1], v)
	case "cookies":
		return c.writeCookie(segments[1], v)
	}
	return pluginapi.StatusOK
}

// writeHeader appends a response header. Cookies have their own field, and
// the framing of the answer is the host's.
func (c *Call) writeHeader(name string, v document.Value) pluginapi.Status {
	switch http.CanonicalHeaderKey(name) {
	case "Set-Cookie", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade":
		return pluginapi.StatusDenied
	case "Content-Type":
		if c.event == "" && c.Entry.Plugin.Manifest.KnowsPermissions() && !v.IsNullish() && !pluginapi.JSONMedia(v.Str()) {
			return pluginapi.StatusDenied // the manifest says it, and the host how it is shown
		}
	}
	if v.IsNullish() { // nil also keeps the default of Content-Type away
		c.Exchange.Response.Header()[http.CanonicalHeaderKey(name)] = nil
		return pluginapi.StatusOK
	}
	if !validHeader(name, v) {
		return pluginapi.StatusInvalid
	}
	if err := c.weigh("header", name, len(v.Str()), MaxHeaderBytes); err != nil {
		c.refusal = err
		return pluginapi.StatusLimit
	}
	if http.CanonicalHeaderKey(name) == "Location" { // there is one target
		c.Exchange.Response.Header().Set(name, v.Str())
		c.Exchange.Response.locationBy = c.leads()
		return pluginapi.StatusOK
	}
	c.Exchange.Response.Header().Add(name, v.Str())
	return pluginapi.StatusOK
}

// leads names the plugin if a target that it sets has to be checked.
func (c *Call) leads() string {
	if c.Entry.Plugin.May.Has(pluginapi.PermRedirects) {
		return ""
	}
	return c.Entry.Plugin.ID
}

func validHeader(name string, v document.Value) bool {
	if v.Kind() != document.String || name == "" {
		return false
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0 {
			return false
		}
	}
	return !strings.ContainsAny(v.Str(), "\r\n\x00")
}
