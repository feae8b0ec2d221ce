package plugintest

import (
	"maps"
	"slices"
	"strings"
)

// withDefaults fills the defaults of a JSON Schema into a value, at every
// depth, as the server does.
func withDefaults(v, schema any) any {
	s, _ := schema.(Object)
	if v == nil && s["default"] != nil {
		v = s["default"]
	}
	properties, _ := s["properties"].(Object)
	if v == nil && properties != nil {
		v = Object{}
	}
	object, ok := v.(Object)
	if !ok {
		return v
	}
	out := Object{}
	for name, member := range object {
		out[name] = member
		if _, declared := properties[name]; !declared {
			out[name] = withDefaults(member, s["additionalProperties"])
		}
	}
	for name, sub := range properties {
		if filled := withDefaults(object[name], sub); filled != nil {
			out[name] = filled
		}
	}
	return out
}

// withoutSecrets puts true in place of each value that a schema declares as
// writeOnly. References under $defs and combinations of schemas are followed.
func withoutSecrets(v any, root Object, schemas ...any) any {
	if v == nil {
		return nil
	}
	var all []Object
	for len(schemas) > 0 && len(all) < 1000 {
		s, ok := schemas[0].(Object)
		schemas = schemas[1:]
		if !ok {
			continue
		}
		all = append(all, s)
		if s["writeOnly"] == true {
			return true
		}
		for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
			parts, _ := s[keyword].([]any)
			schemas = append(schemas, parts...)
		}
		schemas = append(schemas, s["if"], s["then"], s["else"])
		if name, ok := strings.CutPrefix(text(s["$ref"]), "#/$defs/"); ok {
			definitions, _ := root["$defs"].(Object)
			schemas = append(schemas, definitions[name])
		}
	}
	switch v := v.(type) {
	case Object:
		out := Object{}
		for name, member := range v {
			out[name] = withoutSecrets(member, root, memberSchemas(all, name)...)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var items []any
			for _, s := range all {
				items = append(items, s["items"])
			}
			out[i] = withoutSecrets(item, root, items...)
		}
		return out
	}
	return v
}

func memberSchemas(all []Object, name string) []any {
	var out []any
	for _, s := range all {
		properties, _ := s["properties"].(Object)
		if p, ok := properties[name]; ok {
			out = append(out, p)
		} else {
			out = append(out, s["additionalProperties"])
		}
		patterns, _ := s["patternProperties"].(Object)
		out = slices.AppendSeq(out, maps.Values(patterns))
	}
	return out
}
