package realmtest

import (
	"context"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/capability"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/post"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// Secret is the tenants' secret, that of the reference's known answers.
const Secret = "ref-secret-Xn2w8QzR4tL0vB6mK1pY9sD3fH7jG5cA"

// Start is when every test begins.
var Start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// Config says what differs from a plain tenant. The zero value works.
type Config struct {
	Tenant       string // default "main"
	Guests       []*wasmtest.Guest
	Settings     map[string]string // JSON by plugin id
	Secrets      map[string]string // the same with what the plugin cannot read; default: Settings
	Egress       egress.Policy     // which other servers plugins may call
	Resolver     egress.Resolver   // of names; default: the system's
	Limits       sandbox.Limits    // per handler call
	Sandbox      sandbox.Config    // bounds of the pools; the zero value shares a runtime with other tests
	Session      session.Policy
	Cookies      session.CookieConfig
	Cache        session.CacheConfig
	Fields       []store.Model // fields added to core models
	Views        identity.Views
	Input        []identity.Field // additional fields of users
	SessionInput []identity.Field // additional fields of sessions
	Audit        audit.Log        // default: forgets
	NoMail       bool
	NoSMS        bool
	Describe     func() document.Value // the OpenAPI document of the tenant
	Store        store.Store           // default: a new one
}

// Realm is a tenant with everything that it is made of.
type Realm struct {
	*dispatch.Realm
	Set      *dispatch.Set
	Host     *capability.Functions
	Views    *identity.Views
	Identity *identity.Service
	Secrets  *secret.Secrets
	Mails    *mail.Catcher
	Messages *sms.Catcher // text messages
	Clock    *Clock
	Log      *Log
	Done     *Outcomes
}

// New puts a tenant together; it ends with the test.
func New(t testing.TB, c Config) *Realm {
	t.Helper()
	if c.Tenant == "" {
		c.Tenant = "main"
	}
	if c.Audit == nil {
		c.Audit = audit.Nop()
	}
	r := &Realm{Clock: &Clock{now: Start}, Log: &Log{}, Done: &Outcomes{}, Views: &c.Views, Mails: mail.NewCatcher(0), Messages: sms.NewCatcher(0)}
	var err error
	if r.Secrets, err = secret.New([]secret.Version{{Value: Secret}}); err != nil {
		t.Fatal(err)
	}
	data := openStore(t, c)
	r.Set = plugins(t, c)
	r.Realm = &dispatch.Realm{
		ID: c.Tenant, AppName: "App", BaseURL: "http://localhost:3000", BasePath: "/api/auth", Store: data,
		Sessions: session.New(session.Config{Policy: c.Session, Cookies: c.Cookies, Secrets: r.Secrets, Store: data, Cache: c.Cache}),
	}
	r.Identity = identity.New(Passwords{}, c.Input...)
	host := capability.Config{
		Tenant: c.Tenant, Identity: r.Identity, SessionFields: c.SessionInput, Secrets: r.Secrets, Audit: c.Audit,
		Keys:     keyring.New(keyring.Config{Storage: &keys{}, Now: r.Clock.Now}),
		Counters: &ratelimit.Memory{Now: r.Clock.Now}, Logger: r.Log.Logger(), Describe: c.Describe,
	}
	transport := egress.New(egress.Config{Policy: c.Egress, Resolver: c.Resolver})
	t.Cleanup(transport.Close)
	host.HTTP = transport.Client(egress.DefaultConcurrency)
	if !c.NoMail {
		host.Mail = &post.Catcher[mail.Message]{Catch: r.Mails.Send, Logger: r.Log.Logger()}
	}
	if !c.NoSMS {
		host.SMS = &post.Catcher[sms.Message]{Catch: r.Messages.Send, Logger: r.Log.Logger()}
		host.Texts = &sms.Renderer{AppName: r.AppName, Templates: messages(t, c)}
	}
	r.Host = capability.New(host)
	return r
}

// messages are the text messages of the guests.
func messages(t testing.TB, c Config) *sms.Templates {
	t.Helper()
	out := new(sms.Templates)
	for _, g := range c.Guests {
		if err := out.Add(g.Manifest().ID, g.Manifest(), nil); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func openStore(t testing.TB, c Config) store.Tenant {
	t.Helper()
	s := c.Store
	if s == nil {
		s = NewStore(t)
	}
	schema, err := identity.CoreSchema().Merge(store.Schema{Models: c.Fields})
	if err == nil {
		schema, err = schema.Merge(outbox.Schema())
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range c.Guests {
		for name, m := range g.Manifest().Models {
			schema.Models = append(schema.Models, model(name, m))
		}
	}
	data, err := s.Open(t.Context(), store.TenantID(c.Tenant), schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	return data
}

// NewStore opens an embedded store in a temporary folder.
func NewStore(t testing.TB) store.Store {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func model(name string, m pluginapi.Model) store.Model {
	out := store.Model{Name: name}
	for field, f := range m.Fields {
		out.Fields = append(out.Fields, store.Field{Name: field, Type: store.FieldType(f.Type), Required: f.Required, Unique: f.Unique, Index: f.Index, Fold: f.IgnoreCase, References: f.References})
	}
	for _, ix := range m.Indexes {
		out.Indexes = append(out.Indexes, store.Index{Fields: ix.Fields, Unique: ix.Unique})
	}
	return out
}

// plain is the runtime of the tests of this process that want nothing special of one;
// to make one takes longer than most of them.
var plain = sync.OnceValues(func() (*sandbox.Runtime, error) { return newRuntime(sandbox.Config{}) })

func newRuntime(c sandbox.Config) (*sandbox.Runtime, error) {
	c.Namespace, c.Entry = pluginapi.Namespace, pluginapi.ExportCall
	c.Capabilities = pluginapi.CapabilityNames()
	return sandbox.New(context.Background(), c)
}

// startRuntime returns a runtime for one test.
func startRuntime(t testing.TB, c sandbox.Config) *sandbox.Runtime {
	t.Helper()
	if reflect.DeepEqual(c, sandbox.Config{}) {
		rt, err := plain()
		if err != nil {
			t.Fatal(err)
		}
		return rt
	}
	rt, err := newRuntime(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close(context.Background()) })
	return rt
}

// plugins loads the guests.
func plugins(t testing.TB, c Config) *dispatch.Set {
	t.Helper()
	rt := startRuntime(t, c.Sandbox)
	declared := declaredFields(c)
	list := make([]*dispatch.Plugin, len(c.Guests))
	for i, g := range c.Guests {
		wasm, err := g.Module()
		if err != nil {
			t.Fatal(err)
		}
		module, err := rt.Load(t.Context(), wasm, sandbox.LoadOptions{Name: g.Manifest().ID})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(module.Close)
		settings, err := document.Parse([]byte(c.Settings[g.Manifest().ID]+" "), 0)
		if err != nil {
			settings = document.Obj(document.NewObject(0))
		}
		secrets, err := document.Parse([]byte(c.Secrets[g.Manifest().ID]+" "), 0)
		if err != nil {
			secrets = settings
		}
		may := grants.Permissions(g.Manifest(), grants.Asked(g.Manifest()))
		list[i] = &dispatch.Plugin{
			ID: g.Manifest().ID, Manifest: g.Manifest(), Module: module, Config: settings, Secrets: secrets, Limits: c.Limits,
			May: may, Fields: declared.Rules(g.Manifest(), may, settings),
		}
	}
	set, err := dispatch.NewSet(list)
	if err == nil {
		err = set.Link()
	}
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// declaredFields lists the fields of the core models, those of the
// configuration as open to clients.
func declaredFields(c Config) grants.Fields {
	out := grants.Core()
	for _, m := range c.Fields {
		for _, f := range m.Fields {
			out = append(out, grants.Field{Model: m.Name, Name: f.Name, By: grants.ByTenant, Open: true, Shown: true})
		}
	}
	for _, g := range c.Guests {
		out = append(out, grants.Of(g.Manifest())...)
	}
	return out
}

// Exchange starts a request; it is closed with the test. A host call whose
// result is not as the contract says fails the test.
func (r *Realm) Exchange(t testing.TB, req dispatch.Request) *dispatch.Exchange {
	t.Helper()
	if req.Headers == nil {
		req.Headers = http.Header{}
	}
	ex := dispatch.NewExchange(dispatch.Config{
		Realm: r.Realm, Set: r.Set, Capabilities: checked{t, r.Host}, Views: r.Views, Observer: r.Done, Logger: r.Log.Logger(),
	}, req, r.Clock.Now())
	t.Cleanup(ex.Close)
	return ex
}
