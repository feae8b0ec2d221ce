package pluginapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check reports what is wrong with a value, decoded by encoding/json with
// UseNumber. place is what the value is. It is for test hosts, which keep values
// so; the engine gives the same answers about values of its own.
func (s *Schema) Check(place string, v any) error {
	c := new(checker)
	parts := s.AllOf
	if len(parts) == 0 {
		parts = []*Schema{s}
	}
	for _, part := range parts {
		c.check(place, part, v, true)
	}
	if len(c.faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(c.faults, "; "))
}

// checker collects what is wrong with a value.
type checker struct{ faults []string }

func (c *checker) add(path string, faults ...string) {
	for _, fault := range faults {
		c.faults = append(c.faults, "["+path+"] "+fault)
	}
}

// wrong reports a value that is not of a type.
func (c *checker) wrong(path, want string, v any, given bool) {
	received := "undefined"
	if given {
		received = jsonType(v)
	}
	c.add(path, fmt.Sprintf("Invalid input: expected %s, received %s", want, received))
}

// jsonType names the type of a decoded value.
func jsonType(v any) string {
	switch t := typeOf(v); {
	case t&TypeText != 0:
		return "string"
	case t&TypeBool != 0:
		return "boolean"
	case t&TypeNumber != 0:
		return "number"
	default:
		return t.String()
	}
}

func (c *checker) check(path string, s *Schema, v any, given bool) {
	switch s.Type {
	case "":
		if s.AnyOf != nil && !slices.ContainsFunc(s.AnyOf, func(option *Schema) bool { return option.holds(v, given) }) {
			c.add(path, "Invalid input")
		}
	case "object":
		c.object(path, s, v, given)
	case "array":
		items, ok := v.([]any)
		if !ok {
			c.wrong(path, s.Type, v, given)
		}
		for i, item := range items {
			if s.Items != nil {
				c.check(fmt.Sprintf("%s.%d", path, i), s.Items, item, true)
			}
		}
	case "string":
		c.text(path, s, v, given)
	case "boolean":
		if _, ok := v.(bool); !ok {
			c.wrong(path, s.Type, v, given)
		}
	case "number", "integer":
		number, ok := v.(interface{ Float64() (float64, error) })
		if !ok {
			c.wrong(path, "number", v, given)
			return
		}
		f, err := number.Float64()
		if err != nil {
			c.add(path, "Invalid input: expected number, received Infinity")
			return
		}
		c.add(path, s.NumberFaults(f)...)
	}
}

// holds reports whether a value is what a schema describes.
func (s *Schema) holds(v any, given bool) bool {
	c := new(checker)
	c.check("", s, v, given)
	return len(c.faults) == 0
}

func (c *checker) text(path string, s *Schema, v any, given bool) {
	text, ok := v.(string)
	switch {
	case len(s.Enum) > 0 && !(ok && slices.Contains(s.Enum, text)):
		c.add(path, s.EnumFault())
	case len(s.Enum) > 0:
	case !ok:
		c.wrong(path, s.Type, v, given)
	default:
		c.add(path, s.TextFaults(text)...)
	}
}

func (c *checker) object(path string, s *Schema, v any, given bool) {
	object, ok := v.(map[string]any)
	record := s.Properties == nil && s.AdditionalProperties != nil
	if !ok {
		want := s.Type
		if record {
			want = "record"
		}
		c.wrong(path, want, v, given)
		return
	}
	for _, p := range s.Properties {
		if member, has := object[p.Name]; has || slices.Contains(s.Required, p.Name) {
			c.check(path+"."+p.Name, p.Schema, member, has)
		}
	}
	if record {
		for _, name := range sortedNames(object) {
			c.check(path+"."+name, s.AdditionalProperties, object[name], true)
		}
	}
}
