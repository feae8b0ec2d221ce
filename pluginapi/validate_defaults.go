package pluginapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// checkDefaults reports defaults in a JSON Schema that are not of the type that
// stands beside them: a setting would read as nothing.
func checkDefaults(r *report, at string, raw json.RawMessage) {
	var schema map[string]json.RawMessage
	if json.Unmarshal(raw, &schema) != nil {
		return // true, false, or reported elsewhere
	}
	if value, given := schema["default"]; given && !fitsType(value, schema["type"]) {
		r.add(at+".default", "%s is not of the type %s", value, schema["type"])
	}
	for _, name := range []string{"properties", "$defs", "patternProperties"} {
		var members map[string]json.RawMessage
		_ = json.Unmarshal(schema[name], &members) // absent
		for _, member := range slices.Sorted(maps.Keys(members)) {
			checkDefaults(r, at+"."+name+"."+member, members[member])
		}
	}
	for _, name := range []string{"items", "additionalProperties"} {
		checkDefaults(r, at+"."+name, schema[name])
	}
	for _, name := range []string{"allOf", "anyOf", "oneOf"} {
		var parts []json.RawMessage
		_ = json.Unmarshal(schema[name], &parts) // absent
		for i, part := range parts {
			checkDefaults(r, at+"."+name+"["+strconv.Itoa(i)+"]", part)
		}
	}
}

// checkFieldDefault reports the default of a model's field that is not of the
// field's type. A date is a text; json is anything.
func checkFieldDefault(r *report, at string, f Field) {
	name := f.Type
	switch {
	case f.Default == nil || name == "json":
		return
	case name == "date":
		name = "string"
	}
	if want := strconv.Quote(name); !fitsType(f.Default, json.RawMessage(want)) {
		r.add(at+".default", "%s is not of the type %s", f.Default, want)
	}
}

// fitsType reports whether a value is of a type of JSON Schema, or of one of a
// list; everything is of none.
func fitsType(value, types json.RawMessage) bool {
	var one string
	var several []string
	if json.Unmarshal(types, &one) == nil {
		several = []string{one}
	} else if json.Unmarshal(types, &several) != nil {
		return true
	}
	var v any
	if json.Unmarshal(value, &v) != nil {
		return false
	}
	return slices.ContainsFunc(several, func(name string) bool { return isOfType(v, name) })
}

// isOfType reports whether a decoded value is of a type of JSON Schema.
func isOfType(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	}
	return false
}
