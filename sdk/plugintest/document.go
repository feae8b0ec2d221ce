package plugintest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// call is one run of a handler, with its document: nested objects, as
// encoding/json makes them. Headers of requests and answers are under names in
// lower case.
type call struct {
	event     string // "" in an endpoint
	service   bool   // the handler is a service
	schedule  bool   // the handler is a schedule
	root      Object
	unwritten string   // why the arguments of the next host call are not whole
	refused   *refusal // the last host call, if it was not done
	refusedIn string   // its name
	told      bool     // the plugin has said itself what went wrong
}

// newCall makes the document for a handler in the request under way.
func (h *Host) newCall(e Event) *call {
	event := Object{}
	if e.Name == pluginapi.EventSessionCreating {
		event["rememberMe"] = !e.Forget
	}
	names := map[string]string{"name": e.Name, "phase": e.Phase, "reason": e.Reason, "plugin": e.Cause, "userId": e.UserID}
	if d := e.Delivery; d != nil {
		names["id"], names["time"], names["target"], names["userId"] = cmp.Or(d.ID, h.id("event", 32)), iso(h.now), d.Target, d.UserID
		event["version"], event["attempt"] = number(int64(cmp.Or(d.Version, 1))), number(int64(cmp.Or(d.Attempt, 1)))
	}
	for name, value := range names {
		if value != "" {
			event[name] = value
		}
	}
	root := Object{
		"request": h.exchange.request, "response": h.exchange.response, "event": event, "config": h.config, "tenant": h.tenant,
	}
	for name, value := range map[string]Object{"record": e.Record, "previous": e.Previous, "claims": e.Claims} {
		if value != nil {
			root[name] = value
		}
	}
	if e.Name == pluginapi.EventRequestRefused && h.exchange.refused != nil {
		root["error"] = h.exchange.refused
	}
	return &call{event: e.Name, root: root}
}

// lookUp returns the value at a path of a call's document.
func (h *Host) lookUp(c *call, names []string) (any, bool) {
	lowerHeader(names)
	switch names[0] {
	case "session":
		view := h.sessionView()
		if view == nil {
			return nil, false
		}
		return follow(view, names[1:])
	case "now":
		return follow(Object{"ms": number(h.now.UnixMilli()), "unix": number(h.now.Unix()), "iso": iso(h.now)}, names[1:])
	}
	v, ok := follow(c.root, names)
	switch strings.Join(names, ".") {
	case "request.cookies":
		return h.ownCookies(object(v)), true
	case "response.status":
		return number(int64(statusOf(object(c.root["response"])))), true
	}
	return v, ok
}

func lowerHeader(names []string) {
	if len(names) == 3 && names[1] == "headers" {
		names[2] = strings.ToLower(names[2])
	}
}

// follow goes down from a value: by names into objects, by decimal indices into
// arrays.
func follow(v any, names []string) (any, bool) {
	for _, name := range names {
		switch parent := v.(type) {
		case Object:
			child, ok := parent[name]
			if !ok {
				return nil, false
			}
			v = child
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(parent) {
				return nil, false
			}
			v = parent[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// Read returns the value at a path of the last call's document, to look at
// what a handler changed.
func (h *Host) Read(path string) any {
	names, err := pluginapi.ParsePath(path)
	if err != nil {
		return nil
	}
	v, _ := h.lookUp(h.last, names)
	return v
}

// Get implements sdk.Host.
func (h *Host) Get(path string) (sdk.Kind, []byte) {
	v, ok := h.read(h.call, path)
	switch v := v.(type) {
	case nil:
		if !ok {
			return sdk.KindAbsent, nil
		}
		return sdk.KindNull, nil
	case bool:
		return sdk.KindBool, strconv.AppendBool(nil, v)
	case json.Number:
		return sdk.KindNumber, []byte(v)
	case string:
		if path == "request.rawBody" {
			return sdk.KindBytes, []byte(v)
		}
		return sdk.KindString, []byte(v)
	default:
		return sdk.KindJSON, marshal(v)
	}
}

// Set implements sdk.Host.
func (h *Host) Set(path string, kind sdk.Kind, value []byte) sdk.Status {
	names, err := pluginapi.ParsePath(path)
	if err != nil {
		return sdk.Invalid
	}
	v, given, status := h.written(kind, value)
	if status == sdk.OK {
		lowerHeader(names)
		status = h.write(names, v, !given)
	}
	if names[0] == "args" {
		h.call.noteArgument(path, len(names) == 1, status)
	}
	return status
}

// noteArgument remembers a write of arguments that was not done, until all of
// them are written anew.
func (c *call) noteArgument(path string, whole bool, status sdk.Status) {
	switch {
	case status != sdk.OK && c.unwritten == "":
		c.unwritten = path + " could not be written (" + status.Error() + ")"
	case status == sdk.OK && whole:
		c.unwritten = ""
	}
}

// written decodes what a handler writes. given is false for nothing, which
// deletes.
func (h *Host) written(kind sdk.Kind, value []byte) (v any, given bool, status sdk.Status) {
	switch kind {
	case sdk.KindAbsent:
		return nil, false, sdk.OK
	case sdk.KindNull:
		return nil, true, sdk.OK
	case sdk.KindString:
		if !utf8.Valid(value) {
			return nil, false, sdk.Invalid
		}
		return string(value), true, sdk.OK
	case sdk.KindPath:
		found, ok := h.read(h.call, string(value))
		return clone(found), ok, sdk.OK
	case sdk.KindBool, sdk.KindNumber, sdk.KindJSON:
		v, err := parse[any](value)
		_, isBool := v.(bool)
		_, isNumber := v.(json.Number)
		if err != nil || isBool != (kind == sdk.KindBool) && kind != sdk.KindJSON || isNumber != (kind == sdk.KindNumber) && kind != sdk.KindJSON {
			return nil, false, sdk.Invalid
		}
		return v, true, sdk.OK
	}
	return nil, false, sdk.Invalid
}

// write stores a value in the document, if the call may write there.
func (h *Host) write(names []string, v any, remove bool) sdk.Status {
	c := h.call
	if !pluginapi.Settable(c.settableBy()).Has(names) || !h.changes(names, v) {
		return sdk.Denied
	}
	if len(names) == 3 && names[1] == "headers" {
		if mediaType, isText := v.(string); isText && names[0] == "response" && names[2] == "content-type" && c.event == "" && h.manifest.KnowsPermissions() && !pluginapi.JSONMedia(mediaType) {
			return sdk.Denied // the manifest says it
		}
		return c.writeHeader(names[0], names[2], v)
	}
	if status := h.checkAnswer(names, v); status != sdk.OK {
		return status
	}
	_, isObject := v.(Object)
	if len(names) == 1 && !isObject && !remove || !assign(c.root, names, v, remove) {
		return sdk.Invalid
	}
	return sdk.OK
}

// settableBy is what pluginapi.Settable goes by.
func (c *call) settableBy() string {
	switch {
	case c.service:
		return pluginapi.KindService
	case c.schedule:
		return pluginapi.KindSchedule
	}
	return c.event
}

// checkAnswer says whether a part of the answer, or of an error, takes a value.
func (h *Host) checkAnswer(names []string, v any) sdk.Status {
	ok := true
	_, isText := v.(string)
	switch strings.Join(names[:min(2, len(names))], ".") {
	case "error.status":
		ok = number64(v) >= 400 && number64(v) <= 599
	case "error.code", "error.message":
		ok = isText || h.exchange.refused == nil
	case "response.status":
		ok = number64(v) >= 200 && number64(v) <= 599
	case "response.redirect":
		ok = (v == nil || isText) && !strings.ContainsAny(text(v), "\r\n\x00")
	case "response.cookies":
		return h.checkCookie(names[2], v)
	}
	if !ok {
		return sdk.Invalid
	}
	return sdk.OK
}

// hostHeaders are the headers of requests and answers that are the host's.
var hostHeaders = map[string][]string{
	"request":  {"cookie", "host", "origin", "referer", "content-length", "transfer-encoding"},
	"response": {"set-cookie", "content-length", "transfer-encoding", "connection", "trailer", "upgrade"},
}

// writeHeader replaces a header of the request, or adds one to the answer; null
// removes it.
func (c *call) writeHeader(part, name string, v any) sdk.Status {
	headers := object(object(c.root[part])["headers"])
	value, isText := v.(string)
	switch {
	case slices.Contains(hostHeaders[part], name) || part == "request" && strings.HasPrefix(name, "sec-"):
		return sdk.Denied
	case v == nil && part == "request":
		delete(headers, name)
	case v == nil:
		headers[name] = nil
	case !isText || strings.ContainsAny(value, "\r\n\x00") || !isToken(name):
		return sdk.Invalid
	case part == "response" && text(headers[name]) != "":
		headers[name] = text(headers[name]) + ", " + value
	default:
		headers[name] = value
	}
	return sdk.OK
}

// isToken reports whether s is a token of HTTP (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r) })
}

// assign puts a value below an object, making objects on the way.
func assign(parent Object, names []string, v any, remove bool) bool {
	name := names[0]
	child := parent[name]
	switch {
	case len(names) == 1 && remove:
		delete(parent, name)
		return true
	case len(names) == 1:
		parent[name] = v
		return true
	case child == nil && remove:
		return true // there is nothing to delete
	case child == nil && names[1] == "-":
		child = []any{}
	case child == nil:
		child = Object{}
	}
	ok := false
	switch c := child.(type) {
	case Object:
		ok = assign(c, names[1:], v, remove)
	case []any:
		child, ok = assignItem(c, names[1:], v, remove)
	}
	if ok {
		parent[name] = child
	}
	return ok
}

func assignItem(items []any, names []string, v any, remove bool) ([]any, bool) {
	i := len(items)
	if names[0] != "-" {
		n, err := strconv.Atoi(names[0])
		if err != nil || n < 0 || n >= len(items) {
			return items, false
		}
		i = n
	}
	if i == len(items) {
		items = append(items, nil)
	}
	holder := Object{"item": items[i]}
	ok := assign(holder, append([]string{"item"}, names[1:]...), v, remove)
	items[i] = holder["item"]
	return items, ok
}

// Log implements sdk.Host: lines go to the test's log.
func (h *Host) Log(level sdk.Level, message string) {
	h.call.told = h.call.told || level == sdk.LevelError
	h.t.Logf("plugin log (level %d): %s", level, message)
}
