package pluginapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// exactNames refuses members whose names are those of t in another case.
// encoding/json takes "Handlers" for "handlers"; other readers of a manifest do
// not, and it decides permissions. The text is JSON.
func exactNames(data []byte, t reflect.Type) error {
	w := nameWalker{data: data, dec: json.NewDecoder(bytes.NewReader(data)), known: map[reflect.Type]map[string]reflect.Type{}}
	w.dec.UseNumber()
	return w.value(t)
}

// nameWalker walks JSON text beside the type that it is read into.
type nameWalker struct {
	data  []byte
	dec   *json.Decoder
	known map[reflect.Type]map[string]reflect.Type // members of structs, by name
}

// value walks one value; t is nil where any member may have any name.
func (w *nameWalker) value(t reflect.Type) error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		err = w.members(t)
	case json.Delim('['):
		for element := elementOf(t); err == nil && w.dec.More(); {
			err = w.value(element)
		}
	default:
		return nil
	}
	if err == nil {
		_, err = w.dec.Token() // the end
	}
	return err
}

// members walks the members of an object.
func (w *nameWalker) members(t reflect.Type) error {
	names, element := w.namesOf(t), elementOf(t)
	for w.dec.More() {
		token, err := w.dec.Token()
		if err != nil {
			return err
		}
		of := element
		if name, _ := token.(string); names != nil {
			var exact bool
			if of, exact = names[name]; !exact {
				if err := w.check(names, name); err != nil {
					return err
				}
			}
		}
		if err := w.value(of); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a name that is one of names in another case.
func (w *nameWalker) check(names map[string]reflect.Type, name string) error {
	for right := range names {
		if strings.EqualFold(right, name) {
			return fmt.Errorf("line %d: the member %q is written %q", lineAt(w.data, w.dec.InputOffset()), name, right)
		}
	}
	return nil
}

// namesOf returns the members of a struct, with their types; nil for others.
func (w *nameWalker) namesOf(t reflect.Type) map[string]reflect.Type {
	if t == nil || indirect(t).Kind() != reflect.Struct {
		return nil
	}
	t = indirect(t)
	if names, ok := w.known[t]; ok {
		return names
	}
	names := map[string]reflect.Type{}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			names[name] = t.Field(i).Type
		}
	}
	w.known[t] = names
	return names
}

// elementOf is the type of what a list, or an object with any names, has in it;
// nil if that is not to be looked at.
func elementOf(t reflect.Type) reflect.Type {
	switch {
	case t == nil || t == reflect.TypeFor[json.RawMessage]():
		return nil
	case t == reflect.TypeFor[Properties]():
		return reflect.TypeFor[*Schema]()
	}
	if k := t.Kind(); k == reflect.Slice || k == reflect.Map {
		return t.Elem()
	}
	return nil
}
