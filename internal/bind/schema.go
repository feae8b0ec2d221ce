package bind

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// schema is what bind reads of JSON Schema.
type schema struct {
	Ref         string             `json:"$ref"`
	Type        json.RawMessage    `json:"type"`
	Description string             `json:"description"`
	Format      string             `json:"format"`
	Default     json.RawMessage    `json:"default"`
	WriteOnly   bool               `json:"writeOnly"`
	Properties  members            `json:"properties"`
	Further     *further           `json:"additionalProperties"`
	Items       *schema            `json:"items"`
	AllOf       []*schema          `json:"allOf"`
	Required    []string           `json:"required"`
	Defs        map[string]*schema `json:"$defs"`
}

// further describes the members of an object whose names are not in the schema.
// It is empty where the schema only says whether there may be any.
type further struct{ schema }

func (f *further) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '{' {
		return nil
	}
	return json.Unmarshal(data, &f.schema)
}

// member is one property, in the order of the manifest.
type member struct {
	name string
	schema
}

type members []member

func (m *members) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		next := member{name: fmt.Sprint(name)}
		if err := dec.Decode(&next.schema); err != nil {
			return err
		}
		*m = append(*m, next)
	}
	return nil
}

// is reports whether the schema has one type, and that.
func (s *schema) is(name string) bool { return string(s.Type) == `"`+name+`"` }

// isObject reports whether the schema is of an object with named members.
func (s *schema) isObject() bool { return s.is("object") && len(s.Properties) > 0 }

// goType is the Go type of a value; "" for one with members of its own.
func (s *schema) goType(required bool) string {
	certain := required || len(s.Default) > 0
	switch {
	case s.WriteOnly:
		return "bool"
	case s.isObject():
		return ""
	case s.is("string"):
		return "string"
	case s.is("boolean") && certain:
		return "bool"
	case (s.is("integer") || s.is("number")) && certain:
		return "int64"
	case s.is("array") && s.Items != nil && s.Items.WriteOnly:
		return "[]bool"
	case s.is("array") && s.Items != nil && s.Items.is("string"):
		return "[]string"
	}
	return "sdk.Value"
}

// read is the expression that takes a value of a Go type from v.
func read(goType, v string) string {
	switch goType {
	case "string":
		return v + ".String()"
	case "bool":
		return v + ".IsTrue()"
	case "int64":
		return v + ".Int(0)"
	case "[]string":
		return v + ".Texts()"
	}
	return v
}
