package grants

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/pluginapi"
)

// Field is one declaration of a field of a core model.
type Field struct {
	Model, Name string
	By          string // who declares it: ByEngine, ByTenant or the id of a plugin
	Open        bool   // clients can set it
	Shown       bool   // clients see it
	Required    bool
	Unique      bool
	Default     document.Value // of new records; absent for none
}

// Who declares fields besides plugins. No plugin has these names.
const (
	ByEngine = "engine"
	ByTenant = "authhost"
)

// Fields are the declarations of a tenant's fields. A field may be declared by
// several.
type Fields []Field

// Fields of the engine that clients can set, and those that they do not see.
var (
	openFields   = map[string][]string{identity.User: {"name", "image"}}
	hiddenFields = map[string][]string{
		"session":             identity.HiddenSession(),
		identity.Account:      {"password", "accessToken", "refreshToken", "idToken"},
		identity.Verification: {"identifier", "value"},
	}
)

// Core returns the engine's fields of the models that others add to.
func Core() Fields {
	var out Fields
	for _, m := range identity.CoreSchema().Models {
		if !slices.Contains(pluginapi.ExtensibleModels(), m.Name) {
			continue
		}
		for _, f := range m.Fields {
			out = append(out, Field{
				Model: m.Name, Name: f.Name, By: ByEngine,
				Open: slices.Contains(openFields[m.Name], f.Name), Shown: !slices.Contains(hiddenFields[m.Name], f.Name),
				Required: f.Required, Unique: f.Unique,
			})
		}
	}
	// Nobody declares what marks a session that is not stored.
	return append(out, Field{Model: "session", Name: "virtual", By: ByEngine, Shown: true})
}

// Of returns the declarations of a manifest, in the order of their names.
func Of(m *pluginapi.Manifest) Fields {
	var out Fields
	for _, model := range slices.Sorted(maps.Keys(m.Fields)) {
		for _, name := range slices.Sorted(maps.Keys(m.Fields[model])) {
			f := m.Fields[model][name]
			preset, _ := document.Parse(f.Default, 0) // checked with the manifest; absent if there is none
			out = append(out, Field{
				Model: model, Name: name, By: m.ID, Open: f.Input == nil || *f.Input, Shown: f.Returned == nil || *f.Returned,
				Required: f.Required, Unique: f.Unique, Default: preset,
			})
		}
	}
	return out
}

// Check refuses a declaration that weakens another one of the same field: it
// opens the field to clients, or has a say in its values. The engine's own are
// never at fault.
func (f Fields) Check() error {
	for _, weak := range f {
		for _, strict := range f {
			if weak.By == ByEngine || weak.By == strict.By || weak.Model != strict.Model || weak.Name != strict.Name {
				continue
			}
			if how := weak.weakens(strict); how != "" {
				return &WeakenedError{Weak: weak, Strict: strict, How: how}
			}
		}
	}
	return nil
}

// weakens says how a declaration weakens another one; "" if it does not.
func (f Field) weakens(strict Field) string {
	switch {
	case f.Open && !strict.Open:
		return "lets clients set it"
	case f.Shown && !strict.Shown:
		return "lets clients see it"
	case !f.Default.IsNullish() && !f.Default.Equal(strict.Default):
		return "gives it another default"
	case f.Required && !strict.Required:
		return "requires it"
	case f.Unique && !strict.Unique:
		return "makes it unique"
	}
	return ""
}

// WeakenedError says that one declaration of a field weakens another.
type WeakenedError struct {
	Weak, Strict Field
	How          string // what the weak one does
}

// Error names both sides.
func (e *WeakenedError) Error() string {
	return fmt.Sprintf("the field %s.%s of %s is declared by %s, too, which %s", e.Strict.Model, e.Strict.Name, who(e.Strict.By), who(e.Weak.By), e.How)
}

func who(by string) string {
	switch by {
	case ByEngine:
		return "the engine"
	case ByTenant:
		return "the configuration of the tenant"
	}
	return fmt.Sprintf("plugin %q", by)
}

// Rules say which fields of records a plugin's hooks see and set. The zero
// Rules see all and set none.
type Rules struct{ models map[string]rules }

type rules struct {
	all    bool // it sets every field
	set    map[string]bool
	unseen map[string]bool
}

// Sets reports whether the plugin may set a field.
func (r Rules) Sets(model, field string) bool {
	m := r.models[model]
	return m.all || m.set[field]
}

// Sees reports whether the plugin sees a field.
func (r Rules) Sees(model, field string) bool { return !r.models[model].unseen[field] }

// SeesAll reports whether there is no field of a model that the plugin does not
// see.
func (r Rules) SeesAll(model string) bool { return len(r.models[model].unseen) == 0 }

// Rules returns what a plugin with some permissions sees and sets: fields that
// clients see and set, its own, and those that its permission "fields" lists.
// settings are its configuration.
func (f Fields) Rules(m *pluginapi.Manifest, may pluginapi.PermissionSet, settings document.Value) Rules {
	request, asked := m.Permission(pluginapi.PermFields.String())
	granted := may.Has(pluginapi.PermFields)
	out := Rules{models: map[string]rules{}}
	for _, model := range pluginapi.ExtensibleModels() {
		r := rules{set: map[string]bool{}, unseen: map[string]bool{}}
		for _, field := range f {
			if field.Model != model || field.By == ByEngine && !field.Open {
				continue
			}
			if f.all(model, field.Name, func(d Field) bool { return d.Open || d.By == m.ID }) {
				r.set[field.Name] = true
			}
			if !f.all(model, field.Name, func(d Field) bool { return d.Shown || d.By == m.ID }) {
				r.unseen[field.Name] = true
			}
		}
		switch {
		case granted && !asked: // the ABI that it was made for has no permissions
			r.all, r.unseen = true, nil
		case granted:
			r.all = widen(request.Write, model, settings, func(name string) { r.set[name] = true })
			if widen(request.Read, model, settings, func(name string) { delete(r.unseen, name) }) {
				r.unseen = nil
			}
		}
		out.models[model] = r
	}
	return out
}

// all reports whether something holds for every declaration of a field.
func (f Fields) all(model, name string, holds func(Field) bool) bool {
	return !slices.ContainsFunc(f, func(d Field) bool { return d.Model == model && d.Name == name && !holds(d) })
}

// widen calls add for the fields of a model that entries of a permission name.
// It reports whether one of them stands for all fields.
func widen(entries []string, model string, settings document.Value, add func(name string)) (all bool) {
	for _, entry := range entries {
		if path, configured := strings.CutPrefix(entry, pluginapi.ConfigFields); configured {
			texts(settings, strings.Split(path, "."), add)
			continue
		}
		of, name, _ := strings.Cut(entry, ".")
		switch {
		case of != model:
		case name == "*":
			all = true
		default:
			add(name)
		}
	}
	return all
}

// texts calls add for every text at a path of settings, or in a list there.
func texts(v document.Value, path []string, add func(string)) {
	if len(path) == 0 {
		if v.Kind() == document.String {
			add(v.Str())
		}
		for _, item := range v.Items() {
			texts(item, nil, add)
		}
		return
	}
	if path[0] != "*" {
		texts(v.Get(path[0]), path[1:], add)
		return
	}
	for _, member := range v.Object().All() {
		texts(member, path[1:], add)
	}
	for _, item := range v.Items() {
		texts(item, path[1:], add)
	}
}
