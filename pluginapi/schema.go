package pluginapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Schema is the part of JSON Schema in which an endpoint describes its body
// or query, and a service what it takes and gives. ABI.md says what each keyword means and which message a client
// gets when it does not hold.
type Schema struct {
	Type                 string          `json:"type,omitempty"` // object, string, boolean, number, integer, array
	Properties           Properties      `json:"properties,omitempty"`
	Required             []string        `json:"required,omitempty"`
	AdditionalProperties *Schema         `json:"additionalProperties,omitempty"` // without properties: a record
	Items                *Schema         `json:"items,omitempty"`
	AllOf                []*Schema       `json:"allOf,omitempty"` // at the top only
	AnyOf                []*Schema       `json:"anyOf,omitempty"` // below the top, alone
	MinLength            *int            `json:"minLength,omitempty"`
	MaxLength            *int            `json:"maxLength,omitempty"`
	Pattern              string          `json:"pattern,omitempty"` // RE2
	Format               string          `json:"format,omitempty"`  // one of the Format constants
	Minimum              *float64        `json:"minimum,omitempty"`
	Maximum              *float64        `json:"maximum,omitempty"`
	Enum                 []string        `json:"enum,omitempty"`
	Default              json.RawMessage `json:"default,omitempty"`
	Description          string          `json:"description,omitempty"`

	pattern *regexp.Regexp
}

// Matches reports whether a text has the pattern of the schema; one without a
// pattern has every text.
func (s *Schema) Matches(text string) bool { return s.pattern == nil || s.pattern.MatchString(text) }

// Formats of strings.
const (
	FormatEmail    = "email"
	FormatPassword = "password"  // not checked; says that it must not be shown
	FormatDateTime = "date-time" // RFC 3339, with an upper-case T
	FormatURI      = "uri"       // absolute, with a scheme
)

// Properties are the members that a schema describes, in the order in which
// they are checked and reported.
type Properties []Property

// Property is one described member.
type Property struct {
	Name   string
	Schema *Schema
}

// Get returns the schema of a member, or nil.
func (p Properties) Get(name string) *Schema {
	for i := range p {
		if p[i].Name == name {
			return p[i].Schema
		}
	}
	return nil
}

// UnmarshalJSON reads a JSON object and keeps the order of its members.
func (p *Properties) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return errors.New("properties must be an object")
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		s := new(Schema)
		if err := dec.Decode(s); err != nil {
			return fmt.Errorf("property %q: %w", name, err)
		}
		*p = append(*p, Property{Name: name.(string), Schema: s})
	}
	return nil
}

// MarshalJSON writes a JSON object with the members in their order.
func (p Properties) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, member := range p {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(member.Name)
		if err != nil {
			return nil, err
		}
		schema, err := json.Marshal(member.Schema)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), schema...)
	}
	return append(out, '}'), nil
}

// ParseSchema reads the schema of a body, a query, or of what plugins hand one
// another. Keywords that are not in
// Schema are errors, so that no endpoint relies on a check that nobody makes.
func ParseSchema(raw json.RawMessage) (*Schema, error) {
	if err := exactNames(raw, reflect.TypeFor[Schema]()); err != nil && json.Valid(raw) {
		return nil, fmt.Errorf("schema: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	s := new(Schema)
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("schema: %w", schemaFault(err))
	}
	if err := s.validate(true); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return s, nil
}

// schemaFault says what is wrong with a text that is no schema.
func schemaFault(err error) error {
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) {
		before, _ := strings.CutSuffix(err.Error(), mistyped.Error())
		if strings.HasSuffix(mistyped.Field, "additionalProperties") {
			return errors.New(before + "additionalProperties is the schema of a record's members; leave it out: members that have no schema are let through")
		}
		return fmt.Errorf("%s%w", before, wrongType(mistyped))
	}
	if before, name, ok := unknownMember(err); ok {
		return fmt.Errorf("%sthere is no keyword %q", before, name)
	}
	return err
}

var (
	schemaTypes   = []string{"object", "string", "boolean", "number", "integer", "array"}
	schemaFormats = []string{"", FormatEmail, FormatPassword, FormatDateTime, FormatURI}
)

func (s *Schema) validate(top bool) error {
	if s.AllOf != nil {
		return s.validateAllOf(top)
	}
	if s.AnyOf != nil {
		return s.validateAnyOf(top)
	}
	if s.Type == "" && !top && s.empty() {
		return nil // {}: anything
	}
	if !slices.Contains(schemaTypes, s.Type) {
		return fmt.Errorf("type %q is not one of %s", s.Type, quoted(schemaTypes))
	}
	if top && s.Type != "object" {
		return fmt.Errorf(`the type at the top is "object", not %q`, s.Type)
	}
	if err := s.validateKeywords(); err != nil {
		return err
	}
	for _, name := range s.Required {
		if s.Properties.Get(name) == nil {
			return fmt.Errorf("required names %q, which is not in properties", name)
		}
	}
	return s.validateChildren()
}

// validateKeywords checks that the keywords are of the type's.
func (s *Schema) validateKeywords() (err error) {
	switch number := s.Type == "number" || s.Type == "integer"; {
	case s.Type != "object" && (s.Properties != nil || s.Required != nil || s.AdditionalProperties != nil):
		return fmt.Errorf("properties, required and additionalProperties are for objects, not for a %s", s.Type)
	case s.Type != "string" && (s.MinLength != nil || s.MaxLength != nil || s.Format != "" || s.Pattern != "" || s.Enum != nil):
		return fmt.Errorf("minLength, maxLength, pattern, format and enum are for strings, not for a %s", s.Type)
	case !number && (s.Minimum != nil || s.Maximum != nil):
		return fmt.Errorf("minimum and maximum are for numbers, not for a %s", s.Type)
	case s.Type != "array" && s.Items != nil:
		return fmt.Errorf("items is for arrays, not for a %s", s.Type)
	case !slices.Contains(schemaFormats, s.Format):
		return fmt.Errorf("format %q is not one of %s", s.Format, quoted(schemaFormats[1:]))
	}
	if s.Pattern != "" {
		if s.pattern, err = regexp.Compile(s.Pattern); err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
	}
	return nil
}

func (s *Schema) validateAllOf(top bool) error {
	if !top || s.Type != "" || len(s.AllOf) == 0 {
		return fmt.Errorf("allOf stands alone, at the top, and has at least one schema")
	}
	for _, part := range s.AllOf {
		if part == nil || part.AllOf != nil {
			return fmt.Errorf("allOf does not nest")
		}
		if err := part.validate(true); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) validateAnyOf(top bool) error {
	if top || s.Type != "" || len(s.AnyOf) == 0 || !s.empty() {
		return fmt.Errorf("anyOf stands alone, below the top, and has at least one schema")
	}
	for _, option := range s.AnyOf {
		if option == nil {
			return fmt.Errorf("anyOf has no schema at one place")
		}
		if err := option.validate(false); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) validateChildren() error {
	for _, child := range s.Properties {
		if err := child.Schema.validate(false); err != nil {
			return fmt.Errorf("property %q: %w", child.Name, err)
		}
	}
	for _, child := range []*Schema{s.Items, s.AdditionalProperties} {
		if child == nil {
			continue
		}
		if err := child.validate(false); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) empty() bool {
	return s.Properties == nil && s.Required == nil && s.AdditionalProperties == nil && s.Items == nil &&
		s.MinLength == nil && s.MaxLength == nil && s.Pattern == "" && s.Format == "" && s.Minimum == nil && s.Maximum == nil && s.Enum == nil
}

func checkSchema(r *report, at string, raw json.RawMessage) {
	if raw == nil {
		return
	}
	if _, err := ParseSchema(raw); err != nil {
		r.add(at, "%s", err)
		return
	}
	checkDefaults(r, at, raw)
}
