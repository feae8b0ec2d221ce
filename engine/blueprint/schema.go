package blueprint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/fingerprint"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// pluginConfig checks a plugin's settings against its manifest's schema and
// fills in the defaults.
func pluginConfig(p config.Plugin, m *pluginapi.Manifest) (settings, secrets document.Value, err error) {
	text, err := p.ConfigJSON()
	if err != nil {
		return document.Value{}, document.Value{}, p.Origin.Fault("/config", err.Error(), "")
	}
	settings, err = document.Parse(text, 0)
	if err != nil || settings.Kind() != document.ObjectKind {
		return document.Value{}, document.Value{}, p.Origin.Fault("/config", "the settings of a plugin are a mapping", "")
	}
	if len(m.Config) == 0 {
		if settings.Object().Len() > 0 {
			return document.Value{}, document.Value{}, p.Origin.Fault("/config", fmt.Sprintf("plugin %q has no settings", p.ID), "remove config")
		}
		return settings, settings, nil
	}
	schema, err := compileSchema(m.Config)
	if err != nil {
		return document.Value{}, document.Value{}, p.Origin.Fault("/id", fmt.Sprintf("plugin %q: the schema of its settings is broken: %v", p.ID, err), "report this to the plugin's author")
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return document.Value{}, document.Value{}, p.Origin.Fault("/config", err.Error(), "")
	}
	described, err := document.Parse(m.Config, 0)
	if err != nil {
		return document.Value{}, document.Value{}, err
	}
	if err := schema.Validate(instance); err != nil {
		return document.Value{}, document.Value{}, settingsFault(p, err, described, withoutSecrets(settings, described))
	}
	settings = withDefaults(settings, described)
	return withoutSecrets(settings, described), settings, nil
}

func compileSchema(raw json.RawMessage) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	const name = "config.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	return c.Compile(name)
}

// hidden reports whether a place in settings is a secret or within one: true
// stands there for it.
func hidden(shown document.Value, place []string) bool {
	for _, name := range place {
		next := shown.Get(name)
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(shown.Items()) {
			next = shown.Items()[i]
		}
		if next.IsAbsent() {
			break
		}
		shown = next
	}
	return shown.Kind() == document.Bool && shown.Bool()
}

// withDefaults adds the defaults of a schema's properties to the settings, at
// every depth: in objects whose names the operator chooses, too.
func withDefaults(settings, schema document.Value) document.Value {
	o := settings.Object()
	if o == nil {
		return settings
	}
	properties := schema.Get("properties").Object()
	for name, member := range o.All() {
		if !properties.Has(name) {
			withDefaults(member, schema.Get("additionalProperties"))
		}
	}
	for name, property := range properties.All() {
		have := o.Get(name)
		switch {
		case have.IsAbsent() && !property.Get("default").IsAbsent():
			have = property.Get("default").Clone()
		case have.IsAbsent() && property.Get("type").Str() == "object" && !property.Get("properties").IsAbsent():
			have = document.Obj(document.NewObject(4))
		case have.IsAbsent():
			continue
		}
		o.Set(name, withDefaults(have, property))
	}
	return settings
}

// tenantSchema is the core schema with what a tenant's configuration and its
// plugins add.
func tenantSchema(t *config.Tenant, plugins []*pluginapi.Manifest) (store.Schema, *identity.Views, error) {
	if err := declaredFields(t, plugins).Check(); err != nil {
		return store.Schema{}, nil, err
	}
	views := &identity.Views{
		UserFields:    append([]string{"image"}, names(userFields(t, plugins))...),
		SessionFields: names(sessionFields(t, plugins)),
	}
	schema, err := identity.CoreSchema().Merge(configuredFields(t))
	if err == nil && t.RateLimit.Storage == config.StorageStore {
		schema, err = schema.Merge(store.Schema{Models: []store.Model{ratelimit.Schema()}})
	}
	if err != nil {
		return store.Schema{}, nil, err
	}
	hideConfigured(views, t)
	for _, own := range []store.Schema{outbox.Schema(), schedule.Schema(), fingerprint.Schema()} {
		if schema, err = schema.Merge(own); err != nil {
			return store.Schema{}, nil, err
		}
	}
	for _, p := range plugins {
		added := store.Schema{}
		for name, m := range p.Models {
			if schema.Model(name) != nil {
				return store.Schema{}, nil, fmt.Errorf("plugin %q declares the model %q, which exists already", p.ID, name)
			}
			model := storeModel(name, m.Fields, m.Indexes)
			model.Owner = p.ID
			added.Models = append(added.Models, model)
		}
		for name, fields := range p.Fields {
			model := storeModel(name, fields, nil)
			for i := range model.Fields {
				model.Fields[i].Owners = []string{p.ID}
			}
			added.Models = append(added.Models, model)
			hide(views, name, fields)
		}
		if schema, err = schema.Merge(added); err != nil {
			return store.Schema{}, nil, fmt.Errorf("plugin %q: %w", p.ID, err)
		}
	}
	return schema, views, schema.Validate()
}

func storeModel(name string, fields map[string]pluginapi.Field, indexes []pluginapi.Index) store.Model {
	m := store.Model{Name: name}
	for field, f := range fields {
		m.Fields = append(m.Fields, store.Field{
			Name: field, Type: store.FieldType(f.Type), Required: f.Required && len(f.Default) == 0,
			Unique: f.Unique, Index: f.Index, Fold: f.IgnoreCase, References: f.References,
		})
	}
	for _, ix := range indexes {
		m.Indexes = append(m.Indexes, store.Index{Fields: ix.Fields, Unique: ix.Unique})
	}
	return m
}

// hide adds the fields of a plugin that clients may not see to the views. What
// they see of the engine's own is the engine's matter.
func hide(v *identity.Views, model string, fields map[string]pluginapi.Field) {
	core := identity.CoreSchema().Model(model)
	for name, f := range fields {
		if f.Returned == nil || *f.Returned || slices.ContainsFunc(core.Fields, func(c store.Field) bool { return c.Name == name }) {
			continue
		}
		switch model {
		case identity.User:
			v.HiddenUser = append(v.HiddenUser, name)
		case "session":
			v.HiddenSession = append(v.HiddenSession, name)
		case identity.Account:
			v.HiddenAccount = append(v.HiddenAccount, name)
		}
	}
}
