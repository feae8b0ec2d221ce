package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
)

// decoder fills structs from nodes. The yaml tag names the key, with
// ",required" if it must be there; default, enum (comma-separated), min and
// max do what they say. The JSON Schema is made from the same tags.
type decoder struct {
	*faults
	dir string // relative paths of file: start here
	env func(string) (string, bool)
	// plain takes texts as they are, without references to the environment.
	plain bool
	// literal is the first secret that is written in the file itself.
	literal *node
}

var (
	durationType = reflect.TypeFor[Duration]()
	secretType   = reflect.TypeFor[Secret]()
	prefixType   = reflect.TypeFor[netip.Prefix]()
	rawType      = reflect.TypeFor[Raw]()
	originType   = reflect.TypeFor[Origin]()
)

// key is what the tags of a struct field say.
type key struct {
	name     string
	required bool
	index    int
	tag      reflect.StructTag
}

// keys returns the keys of a struct type in the order of its fields.
func keys(t reflect.Type) []key {
	var out []key
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			out = append(out, key{name: name, required: options == "required", index: f.Index[0], tag: f.Tag})
		}
	}
	return out
}

// mapping fills the struct v. An n without fields gives the defaults.
func (d *decoder) mapping(n *node, v reflect.Value) {
	if n.kind != mapKind {
		d.wrongKind(n, mapKind)
		return
	}
	if origin, ok := v.Type().FieldByName("Origin"); ok && origin.Type == originType {
		v.FieldByIndex(origin.Index).Set(reflect.ValueOf(Origin{file: d.file, node: n}))
	}
	known := keys(v.Type())
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.name
		d.field(n, k, v.Field(k.index))
	}
	for _, f := range n.fields {
		if !slices.Contains(names, f.name) {
			d.add(f.pos, fmt.Sprintf("unknown key %q", f.name), DidYouMean(f.name, names))
		}
	}
}

func (d *decoder) field(n *node, k key, v reflect.Value) {
	value := n.get(k.name)
	if value != nil {
		d.value(value, v, k.tag)
		return
	}
	if k.required {
		for _, f := range n.fields {
			if f.name == k.name {
				d.add(f.pos, fmt.Sprintf("%q is empty", k.name), "write its value, or its members indented below it")
				return
			}
		}
		d.add(n.pos, fmt.Sprintf("%q is missing", k.name), "add it here")
		return
	}
	if text := k.tag.Get("default"); text != "" {
		if v.Kind() == reflect.Slice {
			d.value(&node{kind: listKind, items: []*node{{kind: textKind, text: text}}}, v, k.tag)
		} else {
			d.value(&node{kind: textKind, text: text}, v, "")
		}
		return
	}
	if v.Kind() == reflect.Struct && v.Type() != rawType {
		d.mapping(&node{kind: mapKind, pos: n.pos}, v)
	}
}

// value decodes one value into v.
func (d *decoder) value(n *node, v reflect.Value, tag reflect.StructTag) {
	switch v.Type() {
	case durationType:
		d.duration(n, v, tag)
		return
	case secretType:
		if text, ok := d.text(n, true); ok {
			v.SetString(text)
			if d.literal == nil && text != "" && text == n.text {
				d.literal = n
			}
		}
		return
	case prefixType:
		d.prefix(n, v)
		return
	case rawType:
		if n.kind != mapKind {
			d.wrongKind(n, mapKind)
			return
		}
		v.Set(reflect.ValueOf(Raw{node: d.resolve(n)}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		d.str(n, v, tag)
	case reflect.Bool:
		d.boolean(n, v)
	case reflect.Slice:
		d.list(n, v)
	case reflect.Map:
		d.texts(n, v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.mapping(n, v.Elem())
	case reflect.Struct:
		if s, ok := v.Addr().Interface().(switchable); ok {
			d.switched(n, v, s)
			return
		}
		d.mapping(n, v)
	default:
		d.number(n, v, tag)
	}
}

// switchable is a struct that true or false may be written for, too; a mapping
// means true.
type switchable interface{ turn(on bool) }

func (d *decoder) switched(n *node, v reflect.Value, s switchable) {
	if n.kind == mapKind {
		s.turn(true)
		d.mapping(n, v)
		return
	}
	var on bool
	d.boolean(n, reflect.ValueOf(&on).Elem())
	d.mapping(&node{kind: mapKind, pos: n.pos}, v)
	s.turn(on)
}

func (d *decoder) list(n *node, v reflect.Value) {
	if n.kind != listKind {
		d.wrongKind(n, listKind)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		d.value(item, out.Index(i), "")
	}
	v.Set(out)
}

// texts decodes a mapping of texts.
func (d *decoder) texts(n *node, v reflect.Value) {
	if n.kind != mapKind {
		d.wrongKind(n, mapKind)
		return
	}
	out := make(map[string]string, len(n.fields))
	for _, f := range n.fields {
		out[f.name], _ = d.text(f.value, false)
	}
	v.Set(reflect.ValueOf(out))
}

func (d *decoder) wrongKind(n *node, want kind) {
	d.add(n.pos, fmt.Sprintf("%s where %s belongs", n.kind, want), "write "+want.String())
}
