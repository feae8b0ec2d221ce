package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxFileBytes bounds a configuration file. Ten thousand tenants of 2 KiB
	// fit with room to spare.
	maxFileBytes = 64 << 20
	// maxNodes bounds the elements of a file after aliases are expanded, which
	// is what stops a few lines of nested aliases from filling the memory.
	maxNodes = 2_000_000
	// maxDepth bounds the nesting of elements.
	maxDepth = 64
)

// errStop ends a conversion after its fault was noted.
var errStop = errors.New("config: stopped")

// parseYAML reads one YAML document. It returns nil after noting a fault; an
// empty document is an empty mapping.
func parseYAML(data []byte, f *faults) *node {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		f.syntax(err, data)
		return nil
	}
	c := converter{faults: f, anchors: map[string]ast.Node{}}
	var root *node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			f.add(nodePlace(doc.Body), "a second YAML document", "keep the whole configuration in one document, without ---")
			return nil
		}
		if root, err = c.convert(doc.Body, 0); err != nil {
			return nil
		}
	}
	if root == nil || root.kind == nullKind {
		return &node{kind: mapKind, pos: place{1, 1}}
	}
	return root
}

// syntax notes a fault that the YAML parser found.
func (f *faults) syntax(err error, data []byte) {
	var pos place
	message, remedy := err.Error(), "correct the YAML; indentation is by spaces, and text with : # { } [ ] , goes in quotes"
	var located yaml.Error
	if errors.As(err, &located) {
		message = located.GetMessage()
		if tk := located.GetToken(); tk != nil && tk.Position != nil {
			pos = place{tk.Position.Line, tk.Position.Column}
		}
	}
	if lines := strings.Split(string(data), "\n"); pos.Line > 0 && pos.Line <= len(lines) && strings.Contains(lines[pos.Line-1], "${") {
		remedy = `write "${NAME}" in quotes when it stands inside { } or [ ]`
	}
	if strings.Contains(message, "already defined") {
		remedy = "remove one of the two"
	}
	f.add(pos, "invalid YAML: "+message, remedy)
}

// nodePlace returns where a YAML node starts.
func nodePlace(n ast.Node) place {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return nodePlace(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return nodePlace(n.Key)
	case *ast.AnchorNode:
		if n.Value != nil {
			return nodePlace(n.Value)
		}
	case *ast.LiteralNode:
		return tokenPlace(n.Start)
	}
	return tokenPlace(n.GetToken())
}

func tokenPlace(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{}
	}
	return place{tk.Position.Line, tk.Position.Column}
}

// converter turns the YAML library's tree into nodes.
type converter struct {
	*faults
	anchors map[string]ast.Node // by name; nil while the anchor is being read
	nodes   int
}

func (c *converter) fail(n ast.Node, message, remedy string) error {
	c.add(nodePlace(n), message, remedy)
	return errStop
}

func (c *converter) convert(n ast.Node, depth int) (*node, error) {
	if c.nodes++; c.nodes > maxNodes {
		return nil, c.fail(n, fmt.Sprintf("more than %d elements, aliases expanded", maxNodes), "split the configuration or use fewer aliases")
	}
	if depth > maxDepth {
		return nil, c.fail(n, fmt.Sprintf("nested more than %d deep", maxDepth), "flatten it")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return c.mapping(n, n.Values, depth)
	case *ast.MappingValueNode:
		return c.mapping(n, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out := &node{kind: listKind, pos: nodePlace(n)}
		for _, item := range n.Values {
			child, err := c.convert(item, depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, child)
		}
		return out, nil
	case *ast.AnchorNode:
		return c.anchor(n, depth)
	case *ast.AliasNode:
		return c.alias(n, depth)
	case *ast.TagNode:
		return nil, c.fail(n, "YAML tags are not supported", "remove "+strconv.Quote(n.Start.Value))
	default:
		return c.scalar(n)
	}
}

func (c *converter) scalar(n ast.Node) (*node, error) {
	out := &node{pos: nodePlace(n)}
	switch n := n.(type) {
	case nil:
	case *ast.NullNode:
	case *ast.StringNode:
		out.kind, out.text = textKind, n.Value
	case *ast.LiteralNode:
		out.kind, out.text = textKind, n.Value.Value
	case *ast.BoolNode:
		out.kind, out.text = boolKind, strconv.FormatBool(n.Value)
	case *ast.IntegerNode:
		out.kind, out.text = intKind, fmt.Sprint(n.Value)
	case *ast.FloatNode:
		text, err := json.Marshal(n.Value)
		if err != nil {
			return nil, c.fail(n, "not a number that can be used", "write a finite number")
		}
		out.kind, out.text = floatKind, string(text)
	default:
		return nil, c.fail(n, "unsupported YAML element", "write a text, a number, true, false, a list or a mapping")
	}
	return out, nil
}

func (c *converter) anchor(n *ast.AnchorNode, depth int) (*node, error) {
	name := n.Name.GetToken().Value
	c.anchors[name] = nil
	out, err := c.convert(n.Value, depth)
	c.anchors[name] = n.Value
	return out, err
}

func (c *converter) alias(n *ast.AliasNode, depth int) (*node, error) {
	name := n.Value.GetToken().Value
	target, known := c.anchors[name]
	switch {
	case !known:
		return nil, c.fail(n, fmt.Sprintf("unknown alias *%s", name), fmt.Sprintf("define &%s before it", name))
	case target == nil:
		return nil, c.fail(n, fmt.Sprintf("alias *%s inside its own anchor", name), "remove it")
	}
	return c.convert(target, depth+1)
}

// mapping converts a mapping. Fields merged in by "<<" come last and give way
// to those that are written out.
func (c *converter) mapping(n ast.Node, values []*ast.MappingValueNode, depth int) (*node, error) {
	out := &node{kind: mapKind, pos: nodePlace(n), fields: make([]field, 0, len(values))}
	seen := make(map[string]bool, len(values))
	var merged []field
	for _, v := range values {
		child, err := c.convert(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if v.Key.IsMergeKey() {
			if merged, err = c.merge(v, child, merged); err != nil {
				return nil, err
			}
			continue
		}
		key, err := c.convert(v.Key, depth+1)
		if err != nil {
			return nil, err
		}
		if key.kind >= listKind {
			return nil, c.fail(v.Key, "a key must be text", "write the key as text")
		}
		if seen[key.text] {
			return nil, c.fail(v.Key, fmt.Sprintf("key %q is already set above", key.text), "remove one of the two")
		}
		seen[key.text] = true
		out.fields = append(out.fields, field{name: key.text, pos: key.pos, value: child})
	}
	for _, m := range merged {
		if !seen[m.name] {
			seen[m.name] = true
			out.fields = append(out.fields, m)
		}
	}
	return out, nil
}

// merge adds the fields of the mapping, or of the list of mappings, that
// stands behind "<<".
func (c *converter) merge(v *ast.MappingValueNode, from *node, fields []field) ([]field, error) {
	switch from.kind {
	case mapKind:
		return append(fields, from.fields...), nil
	case listKind:
		for _, item := range from.items {
			if item.kind != mapKind {
				return nil, c.fail(v.Value, "<< takes mappings only", "name the anchor of a mapping")
			}
			fields = append(fields, item.fields...)
		}
		return fields, nil
	default:
		return nil, c.fail(v.Value, "<< takes a mapping", "name the anchor of a mapping")
	}
}
