package validate

import (
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// ReadQuery makes of the parameters of a query, which come as texts, what their
// schema describes: numbers and booleans of texts that are the JSON of one, and
// a list of a parameter that came once. Everything else stays as it is, for
// Check to report. A nil schema describes nothing.
func ReadQuery(schema *pluginapi.Schema, query *document.Object) {
	if schema == nil {
		return
	}
	for _, p := range schema.Members() {
		if v := query.Get(p.Name); !v.IsAbsent() {
			query.Set(p.Name, parameter(p.Schema, v))
		}
	}
}

// parameter is a parameter as a schema describes it.
func parameter(s *pluginapi.Schema, v document.Value) document.Value {
	if s.Type != "array" {
		return literal(s, v)
	}
	if v.Kind() != document.Array {
		v = document.List(v)
	}
	if s.Items == nil {
		return v
	}
	items := make([]document.Value, len(v.Items()))
	for i, item := range v.Items() {
		items[i] = literal(s.Items, item)
	}
	return document.List(items...)
}

// literal is the number or boolean that a text stands for, or the value as it is.
func literal(s *pluginapi.Schema, v document.Value) document.Value {
	if v.Kind() != document.String || !s.IsLiteral(v.Str()) {
		return v
	}
	read, err := document.Parse([]byte(v.Str()), 0)
	if err != nil {
		return v
	}
	return read
}
