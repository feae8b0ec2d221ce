package config

import (
	"encoding/json"
	"errors"

	"github.com/authhost/authhost/engine/document"
)

// Raw is a part of the file whose shape this package does not know: the
// settings of a plugin. References to environment variables and files in it
// are already resolved. The zero Raw is empty.
type Raw struct {
	node *node
	json []byte
}

// RawJSON wraps JSON text, for configurations that are built in Go.
func RawJSON(text []byte) Raw { return Raw{json: text} }

// IsZero reports whether nothing was written.
func (r Raw) IsZero() bool { return r.node == nil && r.json == nil }

// JSON returns the part as JSON text with the order of the file, "{}" for the
// zero Raw. It fails only when the text given to RawJSON is not JSON.
func (r Raw) JSON() ([]byte, error) {
	switch {
	case r.node != nil:
		return appendJSON(nil, r.node), nil
	case r.json == nil:
		return []byte("{}"), nil
	case !json.Valid(r.json):
		return nil, errors.New("config: settings are not JSON")
	default:
		return r.json, nil
	}
}

func appendJSON(dst []byte, n *node) []byte {
	switch n.kind {
	case nullKind:
		return append(dst, "null"...)
	case textKind:
		return document.AppendString(dst, n.text)
	case listKind:
		dst = append(dst, '[')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, item)
		}
		return append(dst, ']')
	case mapKind:
		dst = append(dst, '{')
		for i, f := range n.fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(document.AppendString(dst, f.name), ':')
			dst = appendJSON(dst, f.value)
		}
		return append(dst, '}')
	default: // booleans and numbers are kept as JSON writes them
		return append(dst, n.text...)
	}
}

// resolve replaces ${NAME} in every text of the part, and texts that start
// with file: by the content of that file. Nodes may be shared through YAML
// aliases, so changed ones are copied.
func (d *decoder) resolve(n *node) *node {
	out := *n
	switch n.kind {
	case textKind:
		out.text, _ = d.text(n, true)
	case listKind:
		out.items = make([]*node, len(n.items))
		for i, item := range n.items {
			out.items[i] = d.resolve(item)
		}
	case mapKind:
		out.fields = make([]field, len(n.fields))
		for i, f := range n.fields {
			f.value = d.resolve(f.value)
			out.fields[i] = f
		}
	}
	return &out
}
