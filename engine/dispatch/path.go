package dispatch

import (
	"strconv"

	"github.com/authhost/authhost/engine/document"
)

// walk follows segments into a value: names into objects, decimal indices
// into arrays.
func walk(v document.Value, segments []string) document.Value {
	for _, s := range segments {
		switch v.Kind() {
		case document.ObjectKind:
			v = v.Get(s)
		case document.Array:
			i, err := strconv.Atoi(s)
			if err != nil || i < 0 || i >= len(v.Items()) {
				return document.Value{}
			}
			v = v.Items()[i]
		default:
			return document.Value{}
		}
	}
	return v
}

// maxArrayIndex bounds the arrays that a handler may build element by
// element.
const maxArrayIndex = 10_000

// assign returns root with the value at segments replaced. Missing objects
// are made on the way; "-" appends to an array (and makes one of an absent
// value); Absent deletes. ok is false if the path runs through a scalar or
// past the end of an array.
func assign(root document.Value, segments []string, v document.Value) (document.Value, bool) {
	if len(segments) == 0 {
		return v, true
	}
	name, rest := segments[0], segments[1:]
	if v.IsAbsent() && (root.IsNullish() || name == "-") {
		return root, true // there is nothing to delete
	}
	if root.IsNullish() {
		if name == "-" {
			root = document.List()
		} else {
			root = document.Obj(document.NewObject(4))
		}
	}
	switch root.Kind() {
	case document.ObjectKind:
		child, ok := assign(root.Get(name), rest, v)
		if ok {
			root.Object().Set(name, child)
		}
		return root, ok
	case document.Array:
		items := root.Items()
		i := len(items)
		if name != "-" {
			n, err := strconv.Atoi(name)
			if err != nil || n < 0 || n >= len(items) {
				return root, false
			}
			i = n
		}
		if i >= maxArrayIndex {
			return root, false
		}
		if i == len(items) {
			items = append(items, document.Value{})
		}
		child, ok := assign(items[i], rest, v)
		if ok {
			items[i] = child
		}
		return document.List(items...), ok
	default:
		return root, false
	}
}

// sizeOf returns about how many bytes a value takes, and stops counting above
// limit.
func sizeOf(v document.Value, limit int) int {
	n := valueOverhead + len(v.Str()) + len(v.NumberText())
	for _, item := range v.Items() {
		if n > limit {
			return n
		}
		n += sizeOf(item, limit-n)
	}
	for name, member := range v.Object().All() {
		if n > limit {
			return n
		}
		n += len(name) + sizeOf(member, limit-n)
	}
	return n
}

// valueOverhead is about what a value takes besides its text.
const valueOverhead = 64
