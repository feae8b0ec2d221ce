package importer

import (
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

const idColumn = "id"

// mapped is a row as a record of the tenant.
type mapped struct {
	id string
	// fields are as they are stored, but for those that are to be sealed: they
	// are plain.
	fields *document.Object
	seal   map[string]string // purposes, by field
}

// sessionOrder is the order of a session's members in Better Auth's answers.
var sessionOrder = []string{"expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId"}

// convert maps a row. What is wrong with the row by itself is a fault.
func (r *run) convert(t *table, row *document.Object) (mapped, *fault) {
	m := mapped{id: r.idOf(t, row)}
	if m.id == "" {
		return m, &fault{what: "a row has no id", remedy: "give it one; accounts and sessions refer to users by it"}
	}
	values := map[string]document.Value{}
	for name, v := range row.All() {
		c := r.column(t, name)
		if !c.known || c.field.Name == "" {
			continue
		}
		value, f := r.value(t, &m, c.field, v)
		if f != nil {
			return m, f
		}
		values[c.field.Name] = value
	}
	m.fields = document.NewObject(len(values) + 1)
	if t.model.Name == session.Model {
		for _, name := range sessionOrder {
			m.fields.Set(name, values[name])
		}
	}
	for _, f := range r.target.Store.Catalog().Schema().Model(t.model.Name).Fields {
		m.fields.Set(f.Name, values[f.Name])
	}
	return m, r.complete(t, &m)
}

// idOf returns a row's id; Convex and MongoDB call it _id.
func (r *run) idOf(t *table, row *document.Object) string {
	names := []string{idColumn, "_id"}
	if given := r.Columns[t.source+"."+idColumn]; given != "" {
		names = []string{given}
	}
	for _, name := range names {
		if id := asText(row.Get(name)); id.Str() != "" {
			return id.Str()
		}
	}
	return ""
}

// value makes a field's value of its column's.
func (r *run) value(t *table, m *mapped, field store.Field, v document.Value) (document.Value, *fault) {
	special, ok := t.special[field.Name]
	if !ok || v.IsNullish() {
		out, err := convert(v, field.Type, r.Zone)
		if err != nil {
			return out, &fault{what: field.Name + ": " + err.Error(), remedy: "correct the rows, or leave the column out with --ignore " + t.source + "." + field.Name}
		}
		return out, nil
	}
	text := v.Str()
	if v.Kind() == document.Array && special.Join != "" {
		text = string(v.JSON())
	}
	if special.Unseal && secret.LooksSealed(text) {
		plain, err := r.target.Secrets.Open(text)
		if err != nil {
			return document.Value{}, wrongSecret(field.Name)
		}
		text = string(plain)
		r.report.Unsealed++
	}
	if special.Join != "" {
		list, err := joined(document.Text(text), special.Join)
		if err != nil {
			return document.Value{}, &fault{what: field.Name + ": " + err.Error(), remedy: "correct the rows"}
		}
		text = list
	}
	if special.Seal != "" {
		if m.seal == nil {
			m.seal = map[string]string{}
		}
		m.seal[field.Name] = secret.PluginPurpose(t.plugin, special.Seal)
	}
	return document.Text(text), nil
}

func wrongSecret(field string) *fault {
	return &fault{
		what:   field + " cannot be decrypted with the tenant's secret",
		remedy: "set the tenant's secret to the application's (BETTER_AUTH_SECRET), or its versions to those of BETTER_AUTH_SECRETS",
		blocks: true,
	}
}

// complete fills in what the protocol relies on and a database may lack.
func (r *run) complete(t *table, m *mapped) *fault {
	switch t.model.Name {
	case identity.User:
		return r.completeUser(m)
	case identity.Account:
		r.completeAccount(m)
	case identity.Verification:
		r.claimVerification(m)
	}
	if t.plugin == "" {
		r.date(m)
	}
	return nil
}

func (r *run) completeUser(m *mapped) *fault {
	email := identity.NormalizeEmail(m.fields.Get("email").Str())
	if email == "" {
		return &fault{what: "a user has no address", remedy: "give them one: addresses name users here as they do in Better Auth"}
	}
	m.fields.Set("email", document.Text(email))
	if m.fields.Get("name").IsNullish() {
		m.fields.Set("name", document.Text(""))
	}
	if m.fields.Get("emailVerified").IsNullish() {
		m.fields.Set("emailVerified", document.Boolean(false))
	}
	r.date(m)
	return nil
}

func (r *run) completeAccount(m *mapped) {
	if m.fields.Get("providerId").Str() != identity.CredentialProvider {
		return
	}
	if m.fields.Get("accountId").Str() == "" {
		m.fields.Set("accountId", m.fields.Get("userId"))
	}
}

// date gives a record the times that it lacks.
func (r *run) date(m *mapped) {
	now := document.Time(r.Now())
	for _, name := range [...][2]string{{"createdAt", "updatedAt"}, {"updatedAt", "createdAt"}} {
		if !m.fields.Get(name[0]).IsNullish() {
			continue
		}
		if other := m.fields.Get(name[1]); !other.IsNullish() {
			m.fields.Set(name[0], other)
		} else {
			m.fields.Set(name[0], now)
		}
	}
}

// claimVerification gives a verification to the plugin that looks for it. It
// has no identifier if there is none.
func (r *run) claimVerification(m *mapped) {
	identifier := m.fields.Get("identifier").Str()
	for _, p := range r.target.Plugins {
		for _, prefix := range p.Imports[pluginapi.ProductBetterAuth].Verifications {
			if strings.HasPrefix(identifier, prefix) {
				m.fields.Set("identifier", document.Text(identity.PluginIdentifier(p.ID, identifier)))
				return
			}
		}
	}
	m.fields.Set("identifier", document.NullValue())
}

// sealed returns the fields as they are stored.
func (r *run) sealed(m mapped) (*document.Object, error) {
	if len(m.seal) == 0 {
		return m.fields, nil
	}
	out := m.fields.Clone()
	for name, purpose := range m.seal {
		text, err := r.target.Secrets.SealFor(purpose, []byte(m.fields.Get(name).Str()))
		if err != nil {
			return nil, err
		}
		out.Set(name, document.Text(text))
	}
	return out, nil
}

// same reports whether a record says what a row does.
func (r *run) same(rec *store.Record, m mapped) bool {
	for name, want := range m.fields.All() {
		have := rec.Get(name)
		if purpose, sealed := m.seal[name]; sealed {
			plain, err := r.target.Secrets.OpenFor(purpose, have.Str())
			if err != nil {
				return false
			}
			have = document.Text(string(plain))
		}
		if !have.Equal(want) && !(have.IsNullish() && want.IsNullish()) {
			return false
		}
	}
	return true
}
