package blueprint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/pluginapi"
)

// userFieldKeyword marks, in the schema of a plugin's settings, a text that
// names a field of users which says who they are.
const userFieldKeyword = "x-userField"

// checkUserFields refuses settings that would let users choose who they are:
// a plugin identifies them by a field which they can set themselves.
func checkUserFields(t *config.Tenant, plugins *dispatch.Set, fields []identity.Field, views *identity.Views) error {
	for i, p := range plugins.Plugins() {
		schema, err := document.Parse(p.Manifest.Config, 0)
		if err != nil {
			continue // the plugin has no settings
		}
		for path, name := range protectedFields(p.Config, schema, "") {
			problem, remedy := "", "write a field of user.additionalFields with input: false"
			at := slices.IndexFunc(fields, func(f identity.Field) bool { return f.Name == name })
			switch {
			case at < 0:
				problem = "users have no additional field of that name"
			case !fields[at].ReadOnly:
				problem, remedy = "clients can set it, and could be anybody", "declare it with input: false"
			case slices.Contains(views.HiddenUser, name):
				problem, remedy = "it is declared with returned: false", "let it be returned"
			default:
				continue
			}
			return t.Plugins[i].Origin.Fault("/config"+path, fmt.Sprintf("plugin %q: config%s names the field %q: %s", p.ID, strings.ReplaceAll(path, "/", "."), name, problem), remedy)
		}
	}
	return nil
}

// subjectFields lists the fields of users by which a plugin's settings identify
// them.
func subjectFields(m *pluginapi.Manifest, settings document.Value) []string {
	schema, err := document.Parse(m.Config, 0)
	if err != nil {
		return nil // the plugin has no settings
	}
	return slices.Sorted(maps.Values(protectedFields(settings, schema, "")))
}

// protectedFields returns the texts in settings that the schema marks, by
// their places.
func protectedFields(settings, schema document.Value, at string) map[string]string {
	out := map[string]string{}
	for name, property := range schema.Get("properties").Object().All() {
		value, place := settings.Get(name), at+"/"+name
		if property.Get(userFieldKeyword).Str() == "protected" && value.Str() != "" {
			out[place] = value.Str()
		}
		for inner, field := range protectedFields(value, property, place) {
			out[inner] = field
		}
	}
	return out
}
