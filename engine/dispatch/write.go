package dispatch

import (
	"net/http"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// write stores a value at a document path. What may be written depends on the
// event; ABI.md has the table.
func (c *Call) write(segments []string, v document.Value) pluginapi.Status {
	rest := segments[1:]
	switch segments[0] {
	case "args":
		return assignRoot(&c.args, rest, v)
	case "scratch":
		return assignRoot(&c.scratch, rest, v)
	case "response":
		if c.record != nil && c.event != pluginapi.EventSessionCreating || c.claims != nil {
			return pluginapi.StatusDenied
		}
		if !c.changes(segments, v) {
			return pluginapi.StatusDenied
		}
		return c.writeResponse(rest, v)
	case "request":
		if c.event != pluginapi.EventRequestBefore || !c.changes(segments, v) {
			return pluginapi.StatusDenied
		}
		return c.writeRequest(rest, v)
	case "record":
		if c.event == pluginapi.EventOriginTrusted && len(rest) == 1 && rest[0] == "trusted" {
			return assignMember(c.record, rest, v)
		}
		if c.record == nil || !strings.HasSuffix(c.event, "ing") || strings.HasSuffix(c.event, ".deleting") {
			return pluginapi.StatusDenied
		}
		return assignMember(c.record, rest, v)
	case "claims":
		if c.claims == nil {
			return pluginapi.StatusDenied
		}
		return assignMember(c.claims, rest, v)
	case "error":
		return c.writeError(rest, v)
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
	if len(segments) == 0 {
		return pluginapi.StatusDenied
	}
	if _, ok := assign(document.Obj(o), segments, v); !ok {
		return pluginapi.StatusInvalid
	}
	return pluginapi.StatusOK
}

func (c *Call) writeError(segments []string, v document.Value) pluginapi.Status {
	if len(segments) != 1 {
		return pluginapi.StatusDenied
	}
	if c.event == pluginapi.EventRequestRefused {
		return c.reword(segments[0], v)
	}
	switch segments[0] {
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
	default:
		return pluginapi.StatusDenied
	}
	return pluginapi.StatusOK
}

func (c *Call) writeRequest(segments []string, v document.Value) pluginapi.Status {
	if len(segments) == 0 {
		return pluginapi.StatusDenied
	}
	r := c.Exchange.changeRequest()
	switch {
	case segments[0] == "body":
		body, ok := assign(r.Body, segments[1:], v)
		if !ok {
			return pluginapi.StatusInvalid
		}
		r.Body = body
		return pluginapi.StatusOK
	case segments[0] == "query" && len(segments) > 1:
		return assignMember(r.Query, segments[1:], v)
	case segments[0] == "headers" && len(segments) == 2 && writableRequestHeader(segments[1]):
		if v.IsNullish() {
			r.Headers.Del(segments[1])
			return pluginapi.StatusOK
		}
		if !validHeader(segments[1], v) {
			return pluginapi.StatusInvalid
		}
		r.Headers.Set(segments[1], v.Str())
		return pluginapi.StatusOK
	}
	return pluginapi.StatusDenied
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
	if len(segments) == 0 {
		return pluginapi.StatusDenied
	}
	r := &c.Exchange.Response
	switch segments[0] {
	case "status":
		n, ok := v.Int()
		if !ok || n < 200 || n > 599 || len(segments) != 1 {
			return pluginapi.StatusInvalid
		}
		r.Status = int(n)
	case "body":
		if !r.assignBody(segments[1:], v) {
			return pluginapi.StatusInvalid
		}
	case "redirect":
		if v.Kind() != document.String && !v.IsNullish() || strings.ContainsAny(v.Str(), "\r\n\x00") || len(segments) != 1 {
			return pluginapi.StatusInvalid
		}
		r.Redirect, r.redirectBy = v.Str(), c.leads()
	case "headers":
		if len(segments) != 2 {
			return pluginapi.StatusDenied
		}
		return c.writeHeader(segments[1], v)
	case "cookies":
		if len(segments) != 2 {
			return pluginapi.StatusDenied
		}
		return c.writeCookie(segments[1], v)
	default:
		return pluginapi.StatusDenied
	}
	return pluginapi.StatusOK
}

// writeHeader appends a response header. Cookies have their own field, and
// the framing of the answer is the host's.
func (c *Call) writeHeader(name string, v document.Value) pluginapi.Status {
	switch http.CanonicalHeaderKey(name) {
	case "Set-Cookie", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade":
		return pluginapi.StatusDenied
	}
	if v.IsNullish() { // nil also keeps the default of Content-Type away
		c.Exchange.Response.Header()[http.CanonicalHeaderKey(name)] = nil
		return pluginapi.StatusOK
	}
	if !validHeader(name, v) {
		return pluginapi.StatusInvalid
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
