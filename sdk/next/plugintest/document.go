package plugintest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/authhost/authhost/pluginapi"
	sdk "github.com/authhost/authhost/sdk/next"
)

// document is the call's document: nested objects, as encoding/json makes
// them. Headers of requests and answers are under lower-case names.
type document struct {
	root Object
	hook string // name of the event, "" in an endpoint
}

// read returns the value at a path.
func (d *document) read(path string) (any, bool) {
	names, err := pluginapi.ParsePath(path)
	if err != nil {
		return nil, false
	}
	lowerHeader(names)
	var v any = d.root
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

func lowerHeader(names []string) {
	if len(names) == 3 && names[1] == "headers" {
		names[2] = strings.ToLower(names[2])
	}
}

// writable reports whether the document may be written at a path.
func (d *document) writable(names []string, m *pluginapi.Manifest) bool {
	second := ""
	if len(names) > 1 {
		second = names[1]
	}
	switch names[0] {
	case "args", "scratch":
		return true
	case "error":
		return len(names) == 2 && slices.Contains([]string{"status", "code", "message"}, second)
	case "claims":
		return d.hook == pluginapi.EventTokenClaims
	case "record":
		return strings.HasSuffix(d.hook, "ing") && !strings.HasSuffix(d.hook, ".deleting")
	case "request":
		return d.hook == pluginapi.EventRequestBefore && (second == "body" || second == "headers" || second == "query" && len(names) > 2)
	case "response":
		if d.hook != "" && !strings.HasPrefix(d.hook, "request.") && d.hook != pluginapi.EventResponseSession && d.hook != pluginapi.EventSessionCreating {
			return false
		}
		if second == "cookies" {
			return len(names) == 3 && slices.ContainsFunc(m.Cookies, func(c pluginapi.Cookie) bool { return c.Covers(names[2]) })
		}
		return slices.Contains([]string{"status", "body", "headers", "redirect"}, second)
	}
	return false
}

func (d *document) write(path string, v any, remove bool, m *pluginapi.Manifest) sdk.Status {
	names, err := pluginapi.ParsePath(path)
	if err != nil {
		return sdk.Invalid
	}
	if !d.writable(names, m) {
		return sdk.Denied
	}
	lowerHeader(names)
	if len(names) == 3 && names[0] == "response" && names[1] == "headers" {
		return d.writeHeader(names[2], v, remove)
	}
	if !assign(d.root, names, v, remove) {
		return sdk.Invalid
	}
	return sdk.OK
}

// writeHeader appends a header; null removes it.
func (d *document) writeHeader(name string, v any, remove bool) sdk.Status {
	headers := d.root["response"].(Object)["headers"].(Object)
	value, isText := v.(string)
	if v == nil || remove {
		headers[name] = nil
		return sdk.OK
	}
	if !isText || strings.ContainsAny(value, "\r\n\x00") {
		return sdk.Invalid
	}
	if earlier := text(headers[name]); earlier != "" {
		value = earlier + ", " + value
	}
	headers[name] = value
	return sdk.OK
}

// assign puts a value below an object, making objects on the way.
func assign(parent Object, names []string, v any, remove bool) bool {
	name := names[0]
	if len(names) == 1 {
		if remove {
			delete(parent, name)
		} else {
			parent[name] = v
		}
		return true
	}
	child := parent[name]
	if child == nil {
		child = Object{}
		if names[1] == "-" {
			child = []any{}
		}
	}
	switch c := child.(type) {
	case Object:
		if !assign(c, names[1:], v, remove) {
			return false
		}
	case []any:
		items, ok := assignItem(c, names[1:], v, remove)
		if !ok {
			return false
		}
		child = items
	default:
		return false
	}
	parent[name] = child
	return true
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

// Get implements sdk.Host.
func (h *Host) Get(path string) (sdk.Kind, []byte) {
	v, ok := h.doc.read(path)
	if !ok {
		return sdk.KindAbsent, nil
	}
	switch v := v.(type) {
	case nil:
		return sdk.KindNull, nil
	case bool:
		return sdk.KindBool, strconv.AppendBool(nil, v)
	case json.Number:
		return sdk.KindNumber, []byte(v)
	case int, int64:
		return sdk.KindNumber, marshal(v)
	case string:
		return sdk.KindString, []byte(v)
	default:
		return sdk.KindJSON, marshal(v)
	}
}

// Set implements sdk.Host.
func (h *Host) Set(path string, kind sdk.Kind, value []byte) sdk.Status {
	var v any
	remove := false
	switch kind {
	case sdk.KindAbsent:
		remove = true
	case sdk.KindNull:
	case sdk.KindString:
		v = string(value)
	case sdk.KindPath:
		found, ok := h.doc.read(string(value))
		if remove = !ok; ok {
			v = clone(found)
		}
	default:
		if !json.Valid(value) {
			return sdk.Invalid
		}
		v = decode(h.t, string(value))
	}
	if name, ok := strings.CutPrefix(path, "response.cookies."); ok && h.sealed(name) && v != nil {
		switch _, object := v.(Object); {
		case !object:
			return sdk.Invalid
		case h.CurrentSession() == nil:
			return sdk.Denied
		}
	}
	return h.doc.write(path, v, remove, h.manifest)
}

// Log implements sdk.Host: lines go to the test's log.
func (h *Host) Log(level sdk.Level, message string) {
	h.t.Logf("plugin log (level %d): %s", level, message)
}

func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // the values here came from JSON or are made of its types
	}
	return text
}

func clone(v any) any {
	var copied any
	dec := json.NewDecoder(strings.NewReader(string(marshal(v))))
	dec.UseNumber()
	if err := dec.Decode(&copied); err != nil {
		panic(err) // as above
	}
	return copied
}
