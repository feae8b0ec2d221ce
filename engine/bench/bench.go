package bench

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/httpapi"
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
type Bench struct{ config Config }

// Config is the tenant of a Bench.
type Config struct {
	API        *httpapi.API
	Store      store.Tenant
	UserFields []identity.Field // additional ones
	Mails      *mail.Catcher    // nil outside of development
	Messages   *sms.Catcher     // likewise
}

// New returns a bench for a tenant that is open as long as the bench is used.
func New(c Config) *Bench { return &Bench{config: c} }

// ServeHTTP answers a request to the tenant, with everything that a server
// does before and after the handler.
func (b *Bench) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.config.API.ServeHTTP(w, r) }

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
	h.Request.Owner = b.config.API.Plugins.Owner(h.Request.Method, h.Request.Path)
	ex := b.config.API.Exchange(h.Request)
	defer ex.Close()
	ex.Response = h.Response
	fired, err := ex.Fire(ctx, entry, h.Event)
	return fired, ex.Response, err
}

func (b *Bench) hook(h Hook) (dispatch.Entry, error) {
	for _, p := range b.config.API.Plugins.Plugins() {
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

// idLength counts characters of secret.Alnum.
const idLength = 32

// defaultEmail is the address of a user of whom none is said.
const defaultEmail = "ada@example.com"

// AddUser stores a user without asking any plugin: one who has the fields of user,
// and else those of a new one. It needs an email.
func (b *Bench) AddUser(ctx context.Context, user *document.Object) error {
	tx := store.Begin(b.config.Store)
	if _, err := b.insertUser(ctx, tx, user); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// insertUser writes a user in a unit of work, and returns the id.
func (b *Bench) insertUser(ctx context.Context, tx *store.Tx, fields *document.Object) (id string, err error) {
	draft, err := identity.New(nil, b.config.UserFields...).DraftUser(identity.NewUser{Fields: fields}, b.config.API.Now())
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
	fields := document.NewObject(2).Set("email", document.Text(defaultEmail)).Set("name", document.Text("Ada"))
	for name, v := range user.All() {
		fields.Set(name, v)
	}
	tx := store.Begin(b.config.Store)
	id, err := b.insertUser(ctx, tx, fields)
	if err != nil {
		return "", err
	}
	sessions, now := b.config.API.Realm.Sessions, b.config.API.Now()
	rec, err := sessions.Create(ctx, store.Work{Tx: tx, Hooks: unheard{}, Now: now}, session.CreateParams{UserID: id, Fields: sess})
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
	return b.config.Store.Apply(ctx, []store.Op{{Kind: store.Insert, Model: model, ID: id, Fields: fields}})
}

// Records returns the records of a model in the order of their ids, at most
// store.MaxLimit.
func (b *Bench) Records(ctx context.Context, model string) ([]*store.Record, error) {
	page, err := b.config.Store.List(ctx, store.Query{Model: model, Limit: store.MaxLimit})
	return page.Records, err
}

// Mails returns the mails that were sent, oldest first. Outside of development
// none is kept.
func (b *Bench) Mails() []mail.Message {
	if b.config.Mails == nil {
		return nil
	}
	return b.config.Mails.List()
}

// Messages returns the text messages that were sent, likewise.
func (b *Bench) Messages() []sms.Message {
	if b.config.Messages == nil {
		return nil
	}
	return b.config.Messages.List()
}

// CookiePrefix is what the names of the tenant's cookies begin with.
func (b *Bench) CookiePrefix() string { return b.config.API.Realm.Sessions.Cookies().Name("") }
