package httpapi

import (
	"cmp"
	"slices"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// inputFields are the fields that an operation takes in its body besides those
// that its manifest describes, and the names of those that must be sent.
func (a *API) inputFields(operation document.Value) (fields *document.Object, required []string) {
	fields = document.NewObject(len(a.UserFields))
	declared := a.UserFields
	switch operation.Get(pluginapi.OpenAPIFields).Str() {
	case pluginapi.FieldsOfNewUser:
	case pluginapi.FieldsOfUser:
		image := document.NewObject(1).Set("type", document.List(document.Text("string"), document.Text("null")))
		fields.Set("name", typed("string")).Set("image", document.Obj(image))
	case pluginapi.FieldsOfSession:
		declared = a.SessionFields
	default:
		return fields, nil
	}
	for _, f := range declared {
		if f.ReadOnly {
			continue
		}
		fields.Set(f.Name, inputSchema(f))
		if f.Required && f.Default.IsAbsent() {
			required = append(required, f.Name)
		}
	}
	if operation.Get(pluginapi.OpenAPIFields).Str() != pluginapi.FieldsOfNewUser {
		required = nil // what is not sent stays as it is
	}
	return fields, required
}

// withFields adds fields to the schema of a body: to its first part that
// describes members, or to itself.
func withFields(schema document.Value, fields *document.Object, required []string) document.Value {
	if fields.Len() == 0 {
		return schema
	}
	target := schema.Object()
	for _, part := range schema.Get("allOf").Items() {
		if !part.Get("properties").IsAbsent() {
			target = part.Object()
			break
		}
	}
	properties := document.NewObject(fields.Len())
	for name, described := range target.Get("properties").Object().All() {
		properties.Set(name, described)
	}
	for name, described := range fields.All() {
		if !properties.Has(name) {
			properties.Set(name, described)
		}
	}
	target.Set("properties", document.Obj(properties))
	needed := target.Get("required").Items()
	for _, name := range required {
		if !slices.ContainsFunc(needed, func(v document.Value) bool { return v.Str() == name }) {
			needed = append(needed, document.Text(name))
		}
	}
	if len(needed) > 0 {
		target.Set("required", document.List(needed...))
	}
	return schema
}

// inputSchema describes what clients may send for a field.
func inputSchema(f identity.Field) document.Value {
	schema := fieldSchema(store.Field{Type: f.Type, Required: true}).Object()
	for name, v := range schemaOf(f.Rules).Object().All() {
		schema.Set(name, v)
	}
	if f.Type == store.String {
		schema.Set("maxLength", document.Int(int64(cmp.Or(f.MaxLength, identity.DefaultMaxLength))))
	}
	if !f.Default.IsAbsent() {
		schema.Set("default", f.Default)
	}
	return document.Obj(schema)
}

// declared adds to the schema of a model what is said of its additional fields.
func declared(model document.Value, fields []identity.Field) document.Value {
	properties := model.Get("properties").Object()
	for _, f := range fields {
		schema := properties.Get(f.Name).Object()
		if schema == nil {
			continue // clients do not see it
		}
		if !f.Default.IsAbsent() {
			schema.Set("default", f.Default)
		}
		if f.ReadOnly {
			schema.Set("readOnly", document.Boolean(true))
		}
	}
	return model
}
