package blueprint

import (
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Tenant is what a tenant's configuration and the manifests of its plugins make
// of it.
type Tenant struct {
	// Plugins are in the order of the configuration, and have no modules yet.
	Plugins *dispatch.Set
	// Schema is the engine's own with what the tenant and its plugins add.
	Schema store.Schema
	// Views say which fields clients see.
	Views *identity.Views
	// UserFields, SessionFields and AccountFields are the additional ones.
	UserFields, SessionFields, AccountFields []identity.Field
	// SessionDefaults are the additional fields of new sessions.
	SessionDefaults *document.Object
	// Mails and Messages are what the plugins send.
	Mails    *mail.Templates
	Messages *sms.Templates
	// Jobs are the schedules of the plugins that run by cron.
	Jobs []schedule.Job
}

// New puts a tenant together. manifests are those of its plugins, in order. The
// error is the first fault; Check finds all.
func New(t *config.Tenant, manifests []*pluginapi.Manifest) (*Tenant, error) {
	b := &Tenant{UserFields: userFields(t, manifests), SessionFields: sessionFields(t, manifests), AccountFields: accountFields(t, manifests), SessionDefaults: sessionDefaults(t, manifests)}
	var err error
	if b.Plugins, err = plugins(t, manifests, declaredFields(t, manifests)); err != nil {
		return nil, err
	}
	if b.Schema, b.Views, err = tenantSchema(t, manifests); err != nil {
		return nil, SchemaFault(t, err)
	}
	if b.Jobs, err = jobs(t, b.Plugins); err != nil {
		return nil, err
	}
	if err := checkUserFields(t, b.Plugins, b.UserFields, b.Views); err != nil {
		return nil, err
	}
	if b.Mails, err = tenantMails(t, manifests); err != nil {
		return nil, err
	}
	b.Messages, err = tenantMessages(t, manifests)
	return b, err
}

// plugins binds manifests to a tenant's settings and grants.
func plugins(t *config.Tenant, manifests []*pluginapi.Manifest, fields grants.Fields) (*dispatch.Set, error) {
	var list []*dispatch.Plugin
	for i, p := range t.Plugins {
		m := manifests[i]
		if err := checkGrants(p, m); err != nil {
			return nil, err
		}
		settings, secrets, err := pluginConfig(p, m)
		if err != nil {
			return nil, err
		}
		may := grants.Permissions(m, granted(p, m))
		list = append(list, &dispatch.Plugin{
			ID: p.ID, Manifest: m.For(t.Dialect), Config: settings, Secrets: secrets,
			May: may, Fields: fields.Rules(m, may, settings), Subjects: subjectFields(m, settings),
		})
	}
	set, err := dispatch.NewSet(list)
	if err == nil {
		err = set.Link()
	}
	if err != nil {
		return nil, t.Origin.Fault("/plugins", err.Error(), "")
	}
	return set, nil
}

// Schema returns the schema of a tenant alone.
func Schema(t *config.Tenant, manifests []*pluginapi.Manifest) (store.Schema, error) {
	schema, _, err := tenantSchema(t, manifests)
	if err != nil {
		return store.Schema{}, SchemaFault(t, err)
	}
	return schema, nil
}

// SchemaFault says that models or fields of a tenant clash.
func SchemaFault(t *config.Tenant, err error) error {
	return t.Origin.Fault("/plugins", err.Error(), "rename the additional field or the model, or enable only one of the plugins that clash")
}
