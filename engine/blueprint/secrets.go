package blueprint

import (
	"regexp"
	"slices"

	"github.com/authhost/authhost/engine/document"
)

// maxSchemaDepth bounds references and combinations of schemas.
const maxSchemaDepth = 32

// withoutSecrets returns settings as the plugin may read them: in place of
// each value that the schema declares as "writeOnly" there is only true. A
// value counts as secret if any part of the schema that may apply to it says
// so.
func withoutSecrets(settings, schema document.Value) document.Value {
	return secretsOf{root: schema}.hide(settings, []document.Value{schema}, 0)
}

type secretsOf struct{ root document.Value }

func (s secretsOf) hide(v document.Value, schemas []document.Value, depth int) document.Value {
	if v.IsNullish() || len(schemas) == 0 {
		return v
	}
	var all []document.Value
	for _, schema := range schemas {
		all = s.parts(all, schema, 0)
	}
	if depth > maxSchemaDepth || slices.ContainsFunc(all, func(p document.Value) bool { return p.Get("writeOnly").Bool() }) {
		return document.Boolean(true)
	}
	switch v.Kind() {
	case document.ObjectKind:
		out := document.NewObject(v.Object().Len())
		for name, member := range v.Object().All() {
			out.Set(name, s.hide(member, memberSchemas(all, name), depth+1))
		}
		return document.Obj(out)
	case document.Array:
		items := make([]document.Value, len(v.Items()))
		for i, item := range v.Items() {
			items[i] = s.hide(item, itemSchemas(all, i), depth+1)
		}
		return document.List(items...)
	}
	return v
}

// parts appends a schema and all that it refers to or is combined of.
func (s secretsOf) parts(all []document.Value, schema document.Value, depth int) []document.Value {
	if schema.Object() == nil || depth > maxSchemaDepth {
		return all
	}
	all = append(all, schema)
	if ref := schema.Get("$ref").Str(); ref != "" {
		if target := s.resolve(ref); target.Object() != nil {
			all = s.parts(all, target, depth+1)
		} else {
			all = append(all, unknownSchema)
		}
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		for _, part := range schema.Get(keyword).Items() {
			all = s.parts(all, part, depth+1)
		}
	}
	for _, keyword := range []string{"if", "then", "else"} {
		all = s.parts(all, schema.Get(keyword), depth+1)
	}
	return all
}

// unknownSchema stands for what a reference leads to that is not followed: it
// could say that the value is secret.
var unknownSchema = document.Obj(document.NewObject(1).Set("writeOnly", document.Boolean(true)))

var localRef = regexp.MustCompile(`^#/\$defs/([A-Za-z0-9_-]+)$`)

// resolve finds a schema under $defs; other references are not followed.
func (s secretsOf) resolve(ref string) document.Value {
	if ref == "#" {
		return s.root
	}
	if m := localRef.FindStringSubmatch(ref); m != nil {
		return s.root.Get("$defs").Get(m[1])
	}
	return document.Value{}
}

func memberSchemas(all []document.Value, name string) []document.Value {
	var out []document.Value
	for _, schema := range all {
		if p := schema.Get("properties").Get(name); !p.IsAbsent() {
			out = append(out, p)
		} else {
			out = append(out, schema.Get("additionalProperties"), schema.Get("unevaluatedProperties"))
		}
		for _, p := range schema.Get("patternProperties").Object().All() {
			out = append(out, p)
		}
	}
	return out
}

func itemSchemas(all []document.Value, i int) []document.Value {
	var out []document.Value
	for _, schema := range all {
		out = append(out, schema.Get("items"))
		if prefix := schema.Get("prefixItems").Items(); i < len(prefix) {
			out = append(out, prefix[i])
		}
	}
	return out
}
