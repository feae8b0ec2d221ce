package dispatch

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

func plugin(id string, handlers ...pluginapi.Handler) *Plugin {
	return &Plugin{ID: id, Manifest: &pluginapi.Manifest{ID: id, Handlers: handlers}}
}

func hook(number int32, event string, before, after []string) pluginapi.Handler {
	return pluginapi.Handler{Number: number, Kind: pluginapi.KindHook, Event: event, Before: before, After: after}
}

func endpoint(number int32, method, path string) pluginapi.Handler {
	return pluginapi.Handler{Number: number, Kind: pluginapi.KindEndpoint, Method: method, Path: path}
}

func TestOrder(t *testing.T) {
	const event = pluginapi.EventRequestAfter
	names := func(ids ...string) []string { return ids }
	tests := []struct {
		name    string
		plugins []*Plugin
		want    string // order, or what the error names
		fails   bool
	}{
		{name: "as configured", plugins: []*Plugin{plugin("c", hook(1, event, nil, nil)), plugin("a", hook(1, event, nil, nil)), plugin("b", hook(1, event, nil, nil))}, want: "c#1 a#1 b#1"},
		{name: "before", plugins: []*Plugin{plugin("a", hook(1, event, nil, nil)), plugin("b", hook(1, event, names("a"), nil))}, want: "b#1 a#1"},
		{name: "after", plugins: []*Plugin{plugin("a", hook(1, event, nil, names("b"))), plugin("b", hook(1, event, nil, nil))}, want: "b#1 a#1"},
		{name: "only who must moves", plugins: []*Plugin{plugin("a", hook(1, event, nil, names("c"))), plugin("b", hook(1, event, nil, nil)), plugin("c", hook(1, event, nil, nil))}, want: "b#1 c#1 a#1"},
		{name: "chain", plugins: []*Plugin{plugin("a", hook(1, event, nil, names("b"))), plugin("b", hook(1, event, nil, names("c"))), plugin("c", hook(1, event, nil, nil))}, want: "c#1 b#1 a#1"},
		{name: "several of one plugin", plugins: []*Plugin{plugin("a", hook(1, event, nil, nil), hook(2, event, nil, names("b"))), plugin("b", hook(1, event, nil, nil))}, want: "a#1 b#1 a#2"},
		{name: "somebody who is not there", plugins: []*Plugin{plugin("a", hook(1, event, nil, names("ghost")))}, want: "a#1"},
		{name: "agreement", plugins: []*Plugin{plugin("a", hook(1, event, names("b"), nil)), plugin("b", hook(1, event, nil, names("a")))}, want: "a#1 b#1"},
		{name: "cycle of two", plugins: []*Plugin{plugin("a", hook(1, event, names("b"), nil)), plugin("b", hook(1, event, names("a"), nil))}, fails: true, want: "a#1, b#1"},
		{name: "cycle of three", plugins: []*Plugin{plugin("a", hook(1, event, names("b"), nil)), plugin("b", hook(1, event, names("c"), nil)), plugin("c", hook(1, event, names("a"), nil)), plugin("d", hook(1, event, nil, nil))}, fails: true, want: "a#1, b#1, c#1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, err := NewSet(tt.plugins)
			if tt.fails {
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), event) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range set.hooks[event] {
				got = append(got, e.name())
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func TestNewSetClashes(t *testing.T) {
	root := endpoint(1, "GET", "/x")
	root.Root = true
	withCookie := func(id, cookie string) *Plugin {
		p := plugin(id)
		p.Manifest.Cookies = []pluginapi.Cookie{{Name: cookie}}
		return p
	}
	tests := []struct {
		name    string
		plugins []*Plugin
		want    []string // what the error names; nil: none
	}{
		{"nothing", nil, nil},
		{"one id twice", []*Plugin{plugin("a"), plugin("a")}, []string{`"a"`, "twice"}},
		{"one route twice", []*Plugin{plugin("a", endpoint(1, "GET", "/x")), plugin("b", endpoint(1, "GET", "/x"))}, []string{`"a"`, `"b"`, "GET /x"}},
		{"names of parameters", []*Plugin{plugin("a", endpoint(1, "GET", "/x/:id")), plugin("b", endpoint(1, "GET", "/x/:name"))}, []string{`"a"`, `"b"`}},
		{"another method", []*Plugin{plugin("a", endpoint(1, "GET", "/x")), plugin("b", endpoint(1, "POST", "/x"))}, nil},
		{"another place", []*Plugin{plugin("a", endpoint(1, "GET", "/x")), plugin("b", root)}, nil},
		{"one cookie twice", []*Plugin{withCookie("a", "c"), withCookie("b", "c")}, []string{`"a"`, `"b"`, `"c"`}},
		{"a family and its member", []*Plugin{withCookie("a", "c_*"), withCookie("b", "c_x")}, []string{`"a"`, `"b"`}},
		{"other cookies", []*Plugin{withCookie("a", "c"), withCookie("b", "d")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewSet(tt.plugins)
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("got %v", err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not name %s", err, part)
				}
			}
		})
	}
}

func TestSetAccessors(t *testing.T) {
	a := plugin("a", endpoint(1, "GET", "/x"), hook(2, pluginapi.EventUserCreated, nil, nil))
	set, err := NewSet([]*Plugin{a})
	if err != nil {
		t.Fatal(err)
	}
	if !set.Has(pluginapi.EventUserCreated) || set.Has(pluginapi.EventUserUpdated) || !slices.Equal(set.Plugins(), []*Plugin{a}) || len(set.Endpoints()) != 1 {
		t.Error("the set has something else")
	}
}

func TestMatching(t *testing.T) {
	ex := &Exchange{Request: Request{Method: "POST", Path: "/sign-in/email", Headers: http.Header{"X-A": {""}}}}
	tests := []struct {
		name  string
		match *pluginapi.Match
		phase string
		want  bool
	}{
		{"none", nil, "", true},
		{"empty", &pluginapi.Match{}, "", true},
		{"path", &pluginapi.Match{Paths: []string{"/x", "/sign-in/email"}}, "", true},
		{"prefix", &pluginapi.Match{Paths: []string{"/sign-in/*"}}, "", true},
		{"everything", &pluginapi.Match{Paths: []string{"/*"}}, "", true},
		{"the prefix itself", &pluginapi.Match{Paths: []string{"/sign-in/email/*"}}, "", false},
		{"half a segment", &pluginapi.Match{Paths: []string{"/sign/*"}}, "", false},
		{"path that goes on", &pluginapi.Match{Paths: []string{"/sign-in"}}, "", false},
		{"method", &pluginapi.Match{Methods: []string{"GET", "POST"}}, "", true},
		{"other method", &pluginapi.Match{Methods: []string{"GET"}}, "", false},
		{"header, though empty", &pluginapi.Match{Headers: []string{"x-b", "x-a"}}, "", true},
		{"no header", &pluginapi.Match{Headers: []string{"x-b"}}, "", false},
		{"phase", &pluginapi.Match{Phases: []string{"issued"}}, "issued", true},
		{"other phase", &pluginapi.Match{Phases: []string{"issued"}}, "read", false},
		{"all must match", &pluginapi.Match{Paths: []string{"/*"}, Methods: []string{"GET"}}, "", false},
	}
	for _, tt := range tests {
		if got := matching(tt.match, ex, tt.phase); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestNarrow(t *testing.T) {
	preset := sandbox.Limits{Fuel: 1000, HostCalls: 100, Wall: time.Second, MemoryPages: 16}
	tests := []struct {
		name     string
		operator sandbox.Limits
		manifest *pluginapi.Limits
		want     sandbox.Limits
	}{
		{"nothing asked", sandbox.Limits{Fuel: 7}, nil, sandbox.Limits{Fuel: 7}},
		{"less than the default", sandbox.Limits{}, &pluginapi.Limits{Fuel: 10, HostCalls: 1, WallMs: 5, MemoryKiB: 65}, sandbox.Limits{Fuel: 10, HostCalls: 1, Wall: 5 * time.Millisecond, MemoryPages: 2}},
		{"more than the default", sandbox.Limits{}, &pluginapi.Limits{Fuel: 1e9, HostCalls: 1e6, WallMs: 60_000, MemoryKiB: 1 << 20}, sandbox.Limits{}},
		{"less than the operator", sandbox.Limits{Fuel: 50}, &pluginapi.Limits{Fuel: 10}, sandbox.Limits{Fuel: 10}},
		{"more than the operator", sandbox.Limits{Fuel: 50, Wall: time.Millisecond}, &pluginapi.Limits{Fuel: 500, WallMs: 2}, sandbox.Limits{Fuel: 50, Wall: time.Millisecond}},
		{"more than the default, with a generous operator", sandbox.Limits{Fuel: 5000}, &pluginapi.Limits{Fuel: 3000}, sandbox.Limits{Fuel: 3000}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := narrow(tt.operator, preset, tt.manifest); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestPathFrom(t *testing.T) {
	h := endpoint(1, "GET", "/x")
	h.PathFrom = "routes.x"
	for config, want := range map[string]string{`{}`: "/x", `{"routes":{"x":null}}`: "/x", `{"routes":{"x":"/y/:id"}}`: "/y/:id"} {
		p := plugin("a", h)
		p.Config = parse(t, config)
		set, err := NewSet([]*Plugin{p})
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Endpoints()[0].Handler.Path; got != want {
			t.Errorf("%s: %s, want %s", config, got, want)
		}
	}
	p := plugin("a", h)
	p.Config = document.Obj(document.NewObject(1).Set("routes", document.Obj(document.NewObject(1).Set("x", document.Text("/a/{b}")))))
	if _, err := NewSet([]*Plugin{p}); err == nil || !strings.Contains(err.Error(), "routes.x") {
		t.Errorf("got %v", err)
	}
}
