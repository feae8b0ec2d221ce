package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// Transformations of texts, before they are validated.
const (
	TransformTrim      = "trim"      // white space at both ends
	TransformLowercase = "lowercase" // as Unicode has it
	TransformUppercase = "uppercase"
)

// Schema returns what the validator of a field of some type asks, nil for
// nothing.
func (v Validator) Schema(kind string) (*pluginapi.Schema, error) {
	s := pluginapi.Schema{Type: kind, Enum: v.Enum, Pattern: v.Pattern, Format: v.Format}
	if v.MinLength > 0 {
		s.MinLength = &v.MinLength
	}
	for _, bound := range [...]struct {
		name string
		text Scalar
		into **float64
	}{{"minimum", v.Minimum, &s.Minimum}, {"maximum", v.Maximum, &s.Maximum}} {
		if bound.text == "" {
			continue
		}
		n, err := strconv.ParseFloat(string(bound.text), 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a number", bound.name, bound.text)
		}
		*bound.into = &n
	}
	text, err := json.Marshal(s)
	switch {
	case err != nil:
		return nil, err
	case string(text) == `{"type":`+strconv.Quote(kind)+`}`:
		return nil, nil
	case kind != TypeString && kind != TypeNumber:
		return nil, errors.New("a validator is for fields of the types string and number")
	}
	// Read again, as what a manifest says is: so is the pattern compiled.
	whole, err := pluginapi.ParseSchema(json.RawMessage(`{"type":"object","properties":{"value":` + string(text) + `}}`))
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), `schema: property "value": `))
	}
	return whole.Properties.Get("value"), nil
}

// validator reports what is wrong with a field's validator, transformations and
// default. pointer is the field's place.
func (c *checker) validator(t *Tenant, pointer, kind string, v Validator, transform []string, preset Scalar) {
	for i, name := range transform {
		switch name {
		case TransformTrim, TransformLowercase, TransformUppercase:
		default:
			c.at(t.Origin, fmt.Sprintf("%s/transform/%d", pointer, i), fmt.Sprintf("there is no transformation %q", name), "write trim, lowercase or uppercase")
		}
	}
	if len(transform) > 0 && kind != TypeString {
		c.at(t.Origin, pointer+"/transform", "only texts are transformed", "remove it, or write type: string")
	}
	schema, err := v.Schema(kind)
	if err != nil {
		c.at(t.Origin, pointer+"/validator", err.Error(), "mend or remove the validator")
		return
	}
	if value, ok := DefaultValue(kind, preset); ok && schema != nil && !value.IsAbsent() {
		for _, fault := range faultsOf(schema, value) {
			c.at(t.Origin, pointer+"/default", "the validator does not take the default: "+fault, "write a default that it takes")
		}
	}
}

func faultsOf(s *pluginapi.Schema, v document.Value) []string {
	if v.Kind() == document.String {
		return s.ValueFaults(v.Str())
	}
	n, _ := v.Float()
	return s.NumberFaults(n)
}
