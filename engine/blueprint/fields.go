package blueprint

import (
	"maps"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// configuredFields are the models that hold a tenant's additional fields. None
// of them is required of the store, so that a field can be added to a tenant
// that has users: identity asks for required fields when users sign up.
func configuredFields(t *config.Tenant) store.Schema {
	user, sessions, accounts := store.Model{Name: identity.User}, store.Model{Name: session.Model}, store.Model{Name: identity.Account}
	for _, f := range t.User.AdditionalFields {
		user.Fields = append(user.Fields, store.Field{Name: f.Name, Type: store.FieldType(f.Type)})
	}
	for _, f := range t.Session.AdditionalFields {
		sessions.Fields = append(sessions.Fields, store.Field{Name: f.Name, Type: store.FieldType(f.Type)})
	}
	for _, f := range t.Account.AdditionalFields {
		accounts.Fields = append(accounts.Fields, store.Field{Name: f.Name, Type: store.FieldType(f.Type)})
	}
	return store.Schema{Models: []store.Model{user, sessions, accounts}}
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
	for _, f := range t.Account.AdditionalFields {
		if !f.Returned {
			v.HiddenAccount = append(v.HiddenAccount, f.Name)
		}
	}
}

// userFields lists the additional fields of users: the tenant's own in the
// order of the file, then those of its plugins.
func userFields(t *config.Tenant, plugins []*pluginapi.Manifest) []identity.Field {
	var out []identity.Field
	for _, f := range t.User.AdditionalFields {
		value, _ := config.DefaultValue(f.Type, f.Default) // checked with the file
		rules, _ := f.Validator.Schema(f.Type)             // likewise
		out = append(out, identity.Field{
			Name: f.Name, Type: store.FieldType(f.Type), Required: f.Required, Default: value, ReadOnly: !f.Input, MaxLength: f.MaxLength,
			Transform: transforms(f.Transform), Rules: rules,
		})
	}
	return withPluginFields(out, identity.User, plugins)
}

// sessionFields does the same for sessions.
func sessionFields(t *config.Tenant, plugins []*pluginapi.Manifest) []identity.Field {
	var out []identity.Field
	for _, f := range t.Session.AdditionalFields {
		value, _ := config.DefaultValue(f.Type, f.Default) // checked with the file
		rules, _ := f.Validator.Schema(f.Type)             // likewise
		out = append(out, identity.Field{
			Name: f.Name, Type: store.FieldType(f.Type), Default: value, ReadOnly: !f.Input, MaxLength: f.MaxLength,
			Transform: transforms(f.Transform), Rules: rules,
		})
	}
	return withPluginFields(out, session.Model, plugins)
}

// accountFields does the same for accounts.
func accountFields(t *config.Tenant, plugins []*pluginapi.Manifest) []identity.Field {
	var out []identity.Field
	for _, f := range t.Account.AdditionalFields {
		value, _ := config.DefaultValue(f.Type, f.Default) // checked with the file
		out = append(out, identity.Field{Name: f.Name, Type: store.FieldType(f.Type), Default: value, ReadOnly: true})
	}
	return withPluginFields(out, identity.Account, plugins)
}

// transforms are the functions that a configuration names.
func transforms(names []string) []func(string) string {
	known := map[string]func(string) string{
		config.TransformTrim: strings.TrimSpace, config.TransformLowercase: strings.ToLower, config.TransformUppercase: strings.ToUpper,
	}
	out := make([]func(string) string, len(names))
	for i, name := range names {
		out[i] = known[name] // checked with the file
	}
	return out
}

// names lists the names of fields.
func names(fields []identity.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// withPluginFields adds the fields that plugins add to a model. Of a field that
// is declared already the first declaration counts.
func withPluginFields(out []identity.Field, model string, plugins []*pluginapi.Manifest) []identity.Field {
	core := identity.CoreSchema().Model(model)
	for _, p := range plugins {
		fields := p.Fields[model]
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			known := slices.ContainsFunc(out, func(f identity.Field) bool { return f.Name == name }) ||
				slices.ContainsFunc(core.Fields, func(f store.Field) bool { return f.Name == name })
			if known {
				continue
			}
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

// declaredFields lists every declaration of a tenant's fields.
func declaredFields(t *config.Tenant, plugins []*pluginapi.Manifest) grants.Fields {
	out := grants.Core()
	for _, f := range t.User.AdditionalFields {
		value, _ := config.DefaultValue(f.Type, f.Default) // checked with the file
		out = append(out, grants.Field{Model: identity.User, Name: f.Name, By: grants.ByTenant, Open: f.Input, Shown: f.Returned, Required: f.Required, Default: value})
	}
	for _, f := range t.Session.AdditionalFields {
		value, _ := config.DefaultValue(f.Type, f.Default)
		out = append(out, grants.Field{Model: session.Model, Name: f.Name, By: grants.ByTenant, Open: f.Input, Shown: f.Returned, Default: value})
	}
	for _, f := range t.Account.AdditionalFields {
		value, _ := config.DefaultValue(f.Type, f.Default)
		out = append(out, grants.Field{Model: identity.Account, Name: f.Name, By: grants.ByTenant, Shown: f.Returned, Default: value})
	}
	for _, p := range plugins {
		out = append(out, grants.Of(p)...)
	}
	return out
}

// sessionDefaults are the additional fields of new sessions.
func sessionDefaults(t *config.Tenant, plugins []*pluginapi.Manifest) *document.Object {
	out := document.NewObject(len(t.Session.AdditionalFields))
	for _, f := range sessionFields(t, plugins) {
		if !f.Default.IsAbsent() {
			out.Set(f.Name, f.Default)
		}
	}
	return out
}
