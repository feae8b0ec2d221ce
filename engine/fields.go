package engine

import (
	"maps"
	"slices"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// configuredFields are the models that hold a tenant's additional fields. None
// of them is required of the store, so that a field can be added to a tenant
// that has users: identity asks for required fields when users sign up.
func configuredFields(t *config.Tenant) store.Schema {
	user, sessions := store.Model{Name: identity.User}, store.Model{Name: session.Model}
	for _, f := range t.User.AdditionalFields {
		user.Fields = append(user.Fields, store.Field{Name: f.Name, Type: store.FieldType(f.Type)})
	}
	for _, f := range t.Session.AdditionalFields {
		sessions.Fields = append(sessions.Fields, store.Field{Name: f.Name, Type: store.FieldType(f.Type)})
	}
	return store.Schema{Models: []store.Model{user, sessions}}
}

// hideConfigured adds a tenant's fields that clients may not see to the views.
func hideConfigured(v *identity.Views, t *config.Tenant) {
	for _, f := range t.User.AdditionalFields {
		if !f.Returned {
			v.HiddenUser = append(v.HiddenUser, f.Name)
		}
	}
	for _, f := range t.Session.AdditionalFields {
		if !f.Returned {
			v.HiddenSession = append(v.HiddenSession, f.Name)
		}
	}
}

// userFields lists the additional fields of users: the tenant's own in the
// order of the file, then those of its plugins.
func userFields(t *config.Tenant, plugins []*pluginapi.Manifest) []identity.Field {
	var out []identity.Field
	for _, f := range t.User.AdditionalFields {
		value, _ := config.DefaultValue(f.Type, f.Default) // checked with the file
		out = append(out, identity.Field{Name: f.Name, Type: store.FieldType(f.Type), Required: f.Required, Default: value, ReadOnly: !f.Input})
	}
	return append(out, pluginFields(identity.User, plugins)...)
}

// sessionFields does the same for sessions.
func sessionFields(t *config.Tenant, plugins []*pluginapi.Manifest) []identity.Field {
	var out []identity.Field
	for _, f := range t.Session.AdditionalFields {
		out = append(out, identity.Field{Name: f.Name, Type: store.FieldType(f.Type), ReadOnly: !f.Input})
	}
	return append(out, pluginFields(session.Model, plugins)...)
}

// pluginFields are the fields that plugins add to a model.
func pluginFields(model string, plugins []*pluginapi.Manifest) []identity.Field {
	var out []identity.Field
	for _, p := range plugins {
		fields := p.Fields[model]
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			f := fields[name]
			value, err := document.Parse(f.Default, 0)
			if err != nil || value.Kind() == document.Null {
				value = document.Value{} // none
			}
			out = append(out, identity.Field{
				Name: name, Type: store.FieldType(f.Type), Required: f.Required, Default: value, ReadOnly: f.Input != nil && !*f.Input,
			})
		}
	}
	return out
}

// sessionDefaults are the additional fields of new sessions.
func sessionDefaults(t *config.Tenant) *document.Object {
	out := document.NewObject(len(t.Session.AdditionalFields))
	for _, f := range t.Session.AdditionalFields {
		if value, ok := config.DefaultValue(f.Type, f.Default); ok && !value.IsAbsent() {
			out.Set(f.Name, value)
		}
	}
	return out
}
