package engine

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Bench is a tenant that is used by hand: its hooks are called one at a time,
// and what is stored is put there and looked at directly. It is for authors of
// plugins, who want to see one handler at work; see package workbench.
type Bench struct {
	realm    *realm
	outbox   *mail.Outbox // nil outside of development
	messages *sms.Outbox  // likewise
}

// Bench returns a tenant of the current configuration. It must not be used
// after Close or Reload.
func (e *Engine) Bench(tenant string) (*Bench, error) {
	for _, r := range e.current.Load().tenants {
		if r.config.ID == tenant {
			return &Bench{realm: r, outbox: e.outbox, messages: e.messages.outbox}, nil
		}
	}
	return nil, fmt.Errorf("there is no tenant %q", tenant)
}

// ServeHTTP answers a request to the tenant, with everything that a server
// does before and after the handler.
func (b *Bench) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.realm.api.ServeHTTP(w, r) }

// Hook is a hook that Bench.Fire calls, and what it is called with.
type Hook struct {
	Plugin string // id
	Number int32  // of the handler
	// Request is the client's request in which the event happens. Of its
	// headers, Cookie is what proves a session.
	Request  dispatch.Request
	Response dispatch.Response // the answer so far
	Event    dispatch.Firing
}

// Fire calls one hook, and returns what it made of the event and of the answer
// to the request. Errors are those of dispatch.Exchange.Fire.
func (b *Bench) Fire(ctx context.Context, h Hook) (dispatch.Fired, dispatch.Response, error) {
	entry, err := b.hook(h)
	if err != nil {
		return dispatch.Fired{}, dispatch.Response{}, err
	}
	if h.Request.Headers == nil {
		h.Request.Headers = http.Header{}
	}
	if h.Request.Query == nil {
		h.Request.Query = document.NewObject(0)
	}
	h.Request.Owner = b.realm.api.Plugins.Owner(h.Request.Method, h.Request.Path)
	ex := b.realm.api.Exchange(h.Request)
	defer ex.Close()
	ex.Response = h.Response
	fired, err := ex.Fire(ctx, entry, h.Event)
	return fired, ex.Response, err
}

func (b *Bench) hook(h Hook) (dispatch.Entry, error) {
	for _, p := range b.realm.api.Plugins.Plugins() {
		if p.ID != h.Plugin {
			continue
		}
		for _, handler := range p.Manifest.Handlers {
			if handler.Number == h.Number && handler.Kind == pluginapi.KindHook {
				return dispatch.Entry{Plugin: p, Handler: &handler}, nil
			}
		}
	}
	return dispatch.Entry{}, fmt.Errorf("plugin %q has no hook with the number %d", h.Plugin, h.Number)
}

// benchEmail is the address of a user of whom none is said.
const benchEmail = "ada@example.com"

// AddUser stores a user without asking any plugin: one who has the fields of user,
// and else those of a new one. It needs an email.
func (b *Bench) AddUser(ctx context.Context, user *document.Object) error {
	tx := store.Begin(b.realm.store)
	if _, err := b.insertUser(ctx, tx, user); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// insertUser writes a user in a unit of work, and returns the id.
func (b *Bench) insertUser(ctx context.Context, tx *store.Tx, fields *document.Object) (id string, err error) {
	var manifests []*pluginapi.Manifest
	for _, p := range b.realm.api.Plugins.Plugins() {
		manifests = append(manifests, p.Manifest)
	}
	draft, err := identity.New(nil, userFields(b.realm.config, manifests)...).DraftUser(identity.NewUser{Fields: fields}, b.realm.api.Now())
	if err != nil {
		return "", err
	}
	id = cmp.Or(fields.Get("id").Str(), draft.ID)
	_, err = tx.Insert(ctx, identity.User, id, draft.Fields)
	return id, err
}

// SignIn stores a user and a session, without asking any plugin, and returns
// the Cookie header that proves it. user and sess have fields that are to be
// different from what a new one has; either may be nil.
func (b *Bench) SignIn(ctx context.Context, user, sess *document.Object) (cookie string, err error) {
	fields := document.NewObject(2).Set("email", document.Text(benchEmail)).Set("name", document.Text("Ada"))
	for name, v := range user.All() {
		fields.Set(name, v)
	}
	tx := store.Begin(b.realm.store)
	id, err := b.insertUser(ctx, tx, fields)
	if err != nil {
		return "", err
	}
	sessions, now := b.realm.api.Realm.Sessions, b.realm.api.Now()
	rec, err := sessions.Create(ctx, tx, unheard{}, session.CreateParams{UserID: id, Fields: sess}, now)
	if err != nil {
		return "", err
	}
	if err := tx.Commit(ctx); err != nil {
		return "", err
	}
	c := sessions.SetLines(rec, false, now)[0]
	return sessions.Cookies().Name(c.Name) + "=" + session.EncodeURIComponent(c.Value), nil
}

// unheard keeps record events from plugins.
type unheard struct{}

func (unheard) Verdict(context.Context, string, *document.Object, *document.Object) error { return nil }
func (unheard) Happened(string, *store.Record, *document.Object)                          {}

// Insert stores a record of a plugin's model, with the id that it has or a new
// one.
func (b *Bench) Insert(ctx context.Context, model string, fields *document.Object) error {
	id := cmp.Or(fields.Get("id").Str(), secret.RandomString(idLength, secret.Alnum))
	return b.realm.store.Apply(ctx, []store.Op{{Kind: store.Insert, Model: model, ID: id, Fields: fields}})
}

// Records returns the records of a model in the order of their ids, at most
// store.MaxLimit.
func (b *Bench) Records(ctx context.Context, model string) ([]*store.Record, error) {
	page, err := b.realm.store.List(ctx, store.Query{Model: model, Limit: store.MaxLimit})
	return page.Records, err
}

// Mails returns the mails that were sent, oldest first. Outside of development
// none is kept.
func (b *Bench) Mails() []mail.Message {
	if b.outbox == nil {
		return nil
	}
	return b.outbox.List()
}

// Messages returns the text messages that were sent, likewise.
func (b *Bench) Messages() []sms.Message {
	if b.messages == nil {
		return nil
	}
	return b.messages.List()
}

// CookiePrefix is what the names of the tenant's cookies begin with.
func (b *Bench) CookiePrefix() string { return b.realm.api.Realm.Sessions.Cookies().Name("") }
