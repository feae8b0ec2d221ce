package hosttest_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/hosttest"
	"github.com/authhost/authhost/internal/realmtest"
	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func TestEngine(t *testing.T) { hosttest.Run(t, newEngine) }

// engine is a tenant whose one plugin is a module with a single step: a call
// that comes to this test, which then runs the handler's code on the call's
// document. So the code is in an open unit of work, nested hooks included.
type engine struct {
	*realmtest.Realm
	keys *keys
}

func newEngine(t testing.TB, m *pluginapi.Manifest, other http.Handler) hosttest.World {
	t.Helper()
	keys, err := newKeys()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", other)
	mux.Handle(hosttest.JWKSPath, keys)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	guest := wasmtest.New(m)
	for _, h := range m.Handlers {
		guest.Handler(h.Number, enter(), leave())
	}
	userModel, userFields := fields(m, identity.User)
	sessionModel, sessionFields := fields(m, session.Model)
	r := realmtest.New(t, realmtest.Config{
		Guests:   []*wasmtest.Guest{guest},
		Settings: map[string]string{m.ID: hosttest.Settings(server.URL)},
		Egress:   egress.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Resolver: resolver{net.DefaultResolver},
		Limits:   sandbox.Limits{Wall: time.Minute},
		Fields:   []store.Model{userModel, sessionModel}, Input: userFields, SessionInput: sessionFields,
		Describe: func() document.Value {
			return document.Obj(document.NewObject(2).Set("openapi", document.Text("3.1.1")).Set("paths", document.Obj(document.NewObject(0))))
		},
	})
	return &engine{r, keys}
}

// resolver has the TXT records of the suite.
type resolver struct{ *net.Resolver }

func (resolver) LookupTXT(_ context.Context, name string) ([]string, error) {
	records := hosttest.TXT(strings.TrimSuffix(name, "."))
	if records == nil {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return records, nil
}

// fields are what a manifest adds to a model of the engine's.
func fields(m *pluginapi.Manifest, model string) (store.Model, []identity.Field) {
	columns, inputs := store.Model{Name: model}, []identity.Field{}
	for name, f := range m.Fields[model] {
		columns.Fields = append(columns.Fields, store.Field{Name: name, Type: store.FieldType(f.Type)})
		inputs = append(inputs, identity.Field{Name: name, Type: store.FieldType(f.Type), ReadOnly: f.Input != nil && !*f.Input})
	}
	return columns, inputs
}

// enter makes the call that native takes as "run the handler's code".
func enter() wasmtest.Step { return wasmtest.Call(pluginapi.CapRandom, "enter", "{}") }

// leave returns what the code returned: the status is its number.
func leave() wasmtest.Step {
	return func(g *wasmtest.Guest) []byte {
		var code []byte
		for _, result := range []pluginapi.Result{pluginapi.Respond, pluginapi.Deny, pluginapi.Failed} {
			code = append(code, wasmtest.If(pluginapi.Status(result), wasmtest.Return(result))(g)...)
		}
		return code
	}
}

// native runs handlers' code natively, and passes on the calls that it makes.
type native struct {
	engine *engine
	run    hosttest.Handler
}

func (n *native) Call(ctx context.Context, c *dispatch.Call, capability, function string, args *document.Object) (document.Value, error) {
	if function != "enter" {
		return n.engine.Host.Call(ctx, c, capability, function, args)
	}
	h := host{ctx, c}
	if result := n.run(hosttest.EventOf(h), h); result != pluginapi.Continue {
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.Status(result)}
	}
	return document.Obj(document.NewObject(0)), nil
}

// host is what the code has of a call.
type host struct {
	ctx context.Context
	c   *dispatch.Call
}

func (h host) Get(path string) (pluginapi.Kind, []byte) {
	kind, value := h.c.Get(path, nil)
	return pluginapi.Kind(kind), value
}

func (h host) Set(path string, kind pluginapi.Kind, value []byte) pluginapi.Status {
	return pluginapi.Status(h.c.Set(path, uint32(kind), value))
}

func (h host) Call(capability, function string, in []byte) (pluginapi.Status, []byte) {
	status, result := h.c.Call(h.ctx, capability, function, in, nil)
	return pluginapi.Status(status), result
}

// Serve implements hosttest.World.
func (e *engine) Serve(t testing.TB, r hosttest.Request, h hosttest.Handler) {
	t.Helper()
	request := dispatch.Request{Method: "POST", Path: hosttest.EndpointPath, Headers: http.Header{}, IP: "203.0.113.7", UserAgent: "test"}
	if r.Body != "" {
		body, err := document.Parse([]byte(r.Body), 0)
		if err != nil {
			t.Fatal(err)
		}
		request.Body = body
	}
	if r.Kept != "" {
		request.Headers.Set("Cookie", e.Sessions.Cookies().Name(session.CookieImpersonator)+"="+session.EncodeURIComponent(e.Sessions.SignCookie(r.Kept+":")))
	}
	ex := e.exchange(request, h)
	defer ex.Close()
	if r.Session != "" {
		ex.Session.UseToken(r.Session, false)
	}
	if err := e.handle(t.Context(), ex, r.Origin); err != nil {
		t.Logf("the request ended with: %v", err)
		ex.Refused(t.Context(), apierror.From(err))
	}
	ex.RunObservers(t.Context())
}

// exchange starts the way of a request whose handlers run some code.
func (e *engine) exchange(r dispatch.Request, h hosttest.Handler) *dispatch.Exchange {
	return dispatch.NewExchange(dispatch.Config{
		Realm: e.Realm.Realm, Set: e.Set, Capabilities: &native{e, h}, Views: e.Views, Observer: e.Done, Logger: e.Log.Logger(),
	}, r, e.Clock.Now())
}

// RunDue implements hosttest.World: the worker of the outbox runs until each
// appointment that is due was tried once.
func (e *engine) RunDue(t testing.TB, h hosttest.Handler) {
	t.Helper()
	tried := make(chan string, 1)
	w := outbox.New(outbox.Config{
		Store: e.Realm.Store, Now: e.Clock.Now, Concurrency: 1,
		Deliver: func(ctx context.Context, entry *outbox.Entry, finish outbox.Finish) error {
			ex := e.exchange(dispatch.Request{Headers: http.Header{}}, h)
			defer ex.Close()
			return ex.Deliver(ctx, entry, finish)
		},
		Observe: func(_ *outbox.Entry, outcome string) { tried <- outcome },
	})
	list, err := w.List(t.Context(), outbox.Filter{State: outbox.StateDue}, 100)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var worker sync.WaitGroup
	worker.Go(func() { w.Run(ctx) })
	for _, entry := range list {
		if !entry.Due.After(e.Clock.Now()) {
			t.Logf("the appointment %s: %s", entry.Key, <-tried)
		}
	}
	stop()
	worker.Wait()
}

// handle runs the handlers of a request.
func (e *engine) handle(ctx context.Context, ex *dispatch.Exchange, origin string) error {
	if origin != "" {
		if _, err := ex.TrustsOrigin(ctx, origin); err != nil {
			return err
		}
	}
	if done, err := ex.Before(ctx); done || err != nil {
		return err
	}
	if err := ex.RunEndpoint(ctx, e.Set.Endpoints()[0]); err != nil {
		return err
	}
	return ex.After(ctx)
}

// Advance implements hosttest.World.
func (e *engine) Advance(d time.Duration) { e.Clock.Advance(d) }

// OtherToken implements hosttest.World.
func (e *engine) OtherToken(t testing.TB, claims map[string]any) string {
	t.Helper()
	token, err := e.keys.sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// keys are those of another server: one, that signs with EdDSA (RFC 8037).
type keys struct {
	public  ed25519.PublicKey
	private ed25519.PrivateKey
}

func newKeys() (*keys, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	return &keys{public, private}, err
}

// ServeHTTP publishes the key.
func (k *keys) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	key := map[string]string{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "other", "x": base64.RawURLEncoding.EncodeToString(k.public)}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{key}})
}

// sign makes a JWT of claims.
func (k *keys) sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"EdDSA","kid":"other"}`)) + "." + encode(payload)
	return signed + "." + encode(ed25519.Sign(k.private, []byte(signed))), nil
}
