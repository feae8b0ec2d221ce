package dispatch_test

import (
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// serving is a plugin with an endpoint, number 1, and a service, number 2, that
// may call another one's.
func serving(id, calls string) *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID:           id,
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapPlugins, Services: []string{calls}}, {Name: pluginapi.CapIdentity, Write: []string{"user"}}},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/" + id},
			{Number: 2, Kind: pluginapi.KindService, Service: "work"},
		},
	})
}

func callService(name string) w.Step {
	return w.Call("plugins", "call", `{"service":"`+name+`","input":{}}`)
}

// TestServiceCircle: plugins that call one another end where a handler would be
// called again, and the caller can go on.
func TestServiceCircle(t *testing.T) {
	a := serving("a", "b/work").Handler(1, callService("b/work"), w.Report("response.body.status"), w.Copy("response.body.message", "result.message")).
		Handler(2, callService("b/work"), w.Must())
	b := serving("b", "a/work").Handler(2, callService("a/work"), w.Must())
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{a, b}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if got := body(ex); got != `{"status":5,"message":"plugins call one another too deeply, or in a circle"}` {
		t.Errorf("got %s", got)
	}
}

// TestServiceFuel: what a service computes comes out of its caller's budget,
// even of a caller that is satisfied with a refusal.
func TestServiceFuel(t *testing.T) {
	const fuel = 2_000_000
	spend := w.Forever(w.Get("now.ms"))
	for _, tt := range []struct {
		name    string
		service []w.Step
		want    string
	}{
		{"without an end", []w.Step{spend}, "a#1 trap"},
		{"nothing", nil, "a#1 ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := serving("a", "b/work").Handler(1, callService("b/work"))
			b := serving("b", "a/work").Handler(2, tt.service...)
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{a, b}, Limits: sandbox.Limits{Fuel: fuel, HostCalls: 1 << 30}})
			_, _ = runFirst(t, r) // how it ended is what Done has
			list := r.Done.List()
			if got := list[len(list)-1]; got != tt.want {
				t.Errorf("got %v, want %s", list, tt.want)
			}
		})
	}
}

// TestServiceBreaker: a caller with little fuel cannot make a service look
// broken to others.
func TestServiceBreaker(t *testing.T) {
	a := serving("a", "b/work").Handler(1, callService("b/work"))
	a.Manifest().Handlers[0].Limits = &pluginapi.Limits{Fuel: 20_000}
	steps := make([]w.Step, 200)
	for i := range steps {
		steps[i] = w.Get("now.ms")
	}
	b := serving("b", "a/work").Handler(1).Handler(2, steps...)
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{a, b}, Sandbox: sandbox.Config{BreakAfter: 2}})
	for range 5 {
		if _, err := runFirst(t, r); err == nil {
			t.Fatal("the caller had enough fuel")
		}
	}
	for _, done := range r.Done.List() {
		if done == "b#2 open" {
			t.Errorf("the breaker of the service opened: %v", r.Done.List())
		}
	}
}

// TestServiceLeavesNothing: what a service wrote before it failed is dropped, its
// caller's own is kept, and the other way round.
func TestServiceLeavesNothing(t *testing.T) {
	create := func(email string) w.Step {
		return w.Call("identity", "createUser", `{"user":{"name":"A","email":"`+email+`"}}`)
	}
	for _, fails := range []string{"service", "caller"} {
		t.Run(fails, func(t *testing.T) {
			a := serving("a", "b/work").Handler(1, create("caller@example.com"), callService("b/work"))
			b := serving("b", "a/work").Handler(2, create("service@example.com"))
			if fails == "service" {
				b = serving("b", "a/work").Handler(2, create("service@example.com"), w.Return(pluginapi.Failed))
			} else {
				a.Handler(1)
				a = serving("a", "b/work").Handler(1, create("caller@example.com"), callService("b/work"), w.Return(pluginapi.Failed))
			}
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{a, b}})
			_, err := runFirst(t, r)
			if failed := err != nil; failed != (fails == "caller") {
				t.Errorf("the request ended with %v", err)
			}
			if user(t, r, "service@example.com") != nil {
				t.Error("the service's user is there")
			}
			if there := user(t, r, "caller@example.com") != nil; there != (fails == "service") {
				t.Errorf("the caller's user is there: %v", there)
			}
		})
	}
}

// TestDurablePluginEvent: an event of a plugin's is delivered like one of the
// host's, in the order of its user.
func TestDurablePluginEvent(t *testing.T) {
	g := w.New(&pluginapi.Manifest{
		ID: "guest", Capabilities: []pluginapi.Capability{{Name: pluginapi.CapPlugins}},
		Events:   map[string]pluginapi.PluginEvent{"note.added": {When: pluginapi.WhenAfter}},
		Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/guest"}},
	}).Handler(1, w.Call("plugins", "raise", `{"event":"note.added","record":{"userId":"u1","text":"x"}}`), w.Must())
	hook := everything("hook", durable(2, "guest/note.added", "")).
		Handler(2, w.Get("record.text"), w.If(4, w.Return(pluginapi.Continue)), w.Get("event.id"), w.Return(pluginapi.Continue))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
	if _, err := runFirst(t, r); err != nil {
		t.Fatal(err)
	}
	list := queued(t, r)
	if len(list) != 1 || list[0].Name != "guest/note.added" || list[0].Subject != "u1" || list[0].Record.Get("text").Str() != "x" {
		t.Fatalf("queued %+v", list)
	}
	if err := deliver(t, r, list[0]); err != nil {
		t.Error(err)
	}
	if done := strings.Join(r.Done.List(), " "); done != "guest#1 ok hook#2 ok" {
		t.Errorf("ran %s", done)
	}
}
