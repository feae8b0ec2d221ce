package hosttest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/hosttest"
	"github.com/authhost/authhost/internal/realmtest"
	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func TestEngine(t *testing.T) {
	hosttest.Run(t, newEngine)
	hosttest.RunArguments(t, newEngine)
	hosttest.RunEvents(t, newEngine)
}

// engine is a tenant whose one plugin is a module with a single step: a call
// that comes to this test, which then runs the handler's code on the call's
// document. So the code is in an open unit of work, nested hooks included.
type engine struct{ *realmtest.Realm }

func newEngine(t testing.TB, other http.Handler) hosttest.World {
	t.Helper()
	server := httptest.NewServer(other)
	t.Cleanup(server.Close)
	m := hosttest.Manifest()
	guest := wasmtest.New(m)
	for _, h := range m.Handlers {
		guest.Handler(h.Number, enter(), leave())
	}
	return &engine{realmtest.New(t, realmtest.Config{
		Guests:   []*wasmtest.Guest{guest},
		Settings: map[string]string{m.ID: hosttest.Settings(server.URL)},
		Egress:   egress.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Limits:   sandbox.Limits{Wall: time.Minute},
		Fields: []store.Model{
			{Name: identity.User, Fields: []store.Field{{Name: "nickname", Type: store.String}}},
			{Name: session.Model, Fields: []store.Field{{Name: "theme", Type: store.String}}},
		},
		Input:        []string{"nickname"},
		SessionInput: []identity.Field{{Name: "theme"}},
		Describe: func() document.Value {
			return document.Obj(document.NewObject(2).Set("openapi", document.Text("3.1.1")).Set("paths", document.Obj(document.NewObject(0))))
		},
	})}
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
	_, event := c.Get("event.name", nil)
	if result := n.run(string(event), host{ctx, c}); result != pluginapi.Continue {
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
	ex := dispatch.NewExchange(dispatch.Config{
		Realm: e.Realm.Realm, Set: e.Set, Capabilities: &native{e, h}, Views: e.Views, Observer: e.Done, Logger: e.Log.Logger(),
	}, request, e.Clock.Now())
	defer ex.Close()
	if r.Session != "" {
		ex.UseToken(r.Session, false)
	}
	if err := e.handle(t.Context(), ex, r.Origin); err != nil {
		t.Logf("the request ended with: %v", err)
		ex.Refused(t.Context(), apierror.From(err))
	}
	ex.RunObservers(t.Context())
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
