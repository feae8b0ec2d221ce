package engine_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// organization has a service and two events for others. It keeps members, who
// are nobody else's to read.
func organization() *w.Guest {
	text := []byte(`{"type":"object","properties":{"userId":{"type":"string"}},"required":["userId"]}`)
	return w.New(&pluginapi.Manifest{
		ID: "organization",
		Capabilities: []pluginapi.Capability{
			{Name: pluginapi.CapStorage, Write: []string{"member"}}, {Name: pluginapi.CapPlugins},
		},
		Models: map[string]pluginapi.Model{"member": {Fields: map[string]pluginapi.Field{
			"userId": {Type: "string", Unique: true}, "role": {Type: "string"},
		}}},
		Events: map[string]pluginapi.PluginEvent{
			"member.adding": {Record: text},
			"member.added":  {Record: text, When: pluginapi.WhenAfter},
		},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/organization/add-member"},
			{
				Number: 2, Kind: pluginapi.KindService, Service: "role", Input: text,
				Output: []byte(`{"type":"object","properties":{"role":{"type":"string"}},"required":["role"]}`),
			},
		},
	}).Handler(1,
		w.Copy("args.record.userId", "request.body.userId"), w.Set("args.event", "member.adding"), w.Call("plugins", "raise", ""), w.Must(),
		w.SetJSON("args", `{"model":"member","record":{"role":"owner"}}`), w.Copy("args.record.userId", "request.body.userId"),
		w.Call("storage", "insert", ""), w.Must(),
		w.Copy("args.record.userId", "request.body.userId"), w.Set("args.event", "member.added"), w.Call("plugins", "raise", ""), w.Must(),
	).Handler(2,
		w.SetJSON("args", `{"model":"member","index":"userId"}`), w.Copy("args.value", "input.userId"), w.Call("storage", "find", ""),
		w.If(pluginapi.StatusNotFound, w.Deny("403", "NOT_A_MEMBER", "The user is not a member")), w.Must(),
		w.Copy("output.role", "result.role"),
	)
}

// billing asks organization, and nothing else.
func billing() *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID:           "billing",
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapPlugins, Services: []string{"organization/role"}}},
		Handlers:     []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/billing/pay"}},
	}).Handler(1,
		w.Set("args.service", "organization/role"), w.Copy("args.input", "request.body"), w.Call("plugins", "call", ""), w.Must(),
		w.Copy("response.body.paidAs", "result.output.role"),
	)
}

// welcome hooks both events: it refuses one member, and greets the others.
func welcome() *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID:           "welcome",
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapAudit}},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindHook, Event: "organization/member.adding"},
			{Number: 2, Kind: pluginapi.KindHook, Event: "organization/member.added", Failure: pluginapi.FailSkip},
		},
	}).Handler(1,
		w.Get("request.headers.x-unwanted"), w.If(0, w.Return(pluginapi.Continue)), w.Deny("409", "UNWANTED", "We do not want them"),
	).Handler(2,
		w.Set("args.action", "welcomed"), w.Copy("args.userId", "record.userId"), w.Call("audit", "record", ""),
	)
}

const threePlugins = `
tenants:
  - id: main
    baseURL: http://main.example
    plugins:
      - {id: organization, module: DIR/organization.wasm, grants: [storage, plugins]}
      - {id: billing, module: DIR/billing.wasm, grants: [plugins, organization/role]}
      - {id: welcome, module: DIR/welcome.wasm, grants: [audit, organization/member.adding, organization/member.added]}
`

func TestServicesAndEvents(t *testing.T) {
	welcomed := make(chan engine.Handled, 10)
	s := serveWith(t, func(o *engine.Options) {
		o.Handled = func(h engine.Handled) {
			if h.Handler.Event == "organization/member.added" {
				welcomed <- h
			}
		}
	}, threePlugins, organization(), billing(), welcome())
	post := func(path, userID string, header http.Header) answer {
		return s.at("", "POST", path, `{"userId":"`+userID+`"}`, header)
	}
	post("/billing/pay", "ada", nil).want(t, 403, "NOT_A_MEMBER")
	s.at("", "POST", "/billing/pay", `{"userId":1}`, nil).want(t, 500, "INTERNAL_SERVER_ERROR") // a fault of the caller
	if log := s.log.String(); !strings.Contains(log, "[input.userId] Invalid input: expected string, received number") {
		t.Errorf("the log has\n%s", log)
	}
	post("/organization/add-member", "eve", http.Header{"X-Unwanted": {"1"}}).want(t, 409, "UNWANTED")
	post("/billing/pay", "eve", nil).want(t, 403, "NOT_A_MEMBER")
	post("/organization/add-member", "ada", nil).want(t, 200, "")
	if a := post("/billing/pay", "ada", nil).want(t, 200, ""); a.get("paidAs") != "owner" {
		t.Errorf("got %s", a.text)
	}
	<-welcomed // after the answer
	if log := s.audited(t); strings.Count(log, "welcome.welcomed") != 1 || !strings.Contains(log, `"ada"`) {
		t.Errorf("the audit log has\n%s", log)
	}
}

// audited returns the audit log.
func (s *server) audited(t *testing.T) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(s.dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

// TestServicesStatus: the start says what plugins do for one another.
func TestServicesStatus(t *testing.T) {
	s := serve(t, threePlugins, organization(), billing(), welcome())
	var words []string
	for _, p := range s.Status()[0].Plugins {
		words = append(words, p.Access...)
	}
	text := strings.Join(words, "\n")
	for _, want := range []string{
		"answers other plugins that call organization/role", "tells other plugins of organization/member.added, organization/member.adding",
		"uses plugins (calls organization/role)", "is called on organization/member.adding, organization/member.added",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
}

// TestCheckManifestAlone: a plugin that needs others can be checked without them.
func TestCheckManifestAlone(t *testing.T) {
	for _, g := range []*w.Guest{billing(), welcome()} {
		if err := blueprint.CheckManifest(g.Manifest()); err != nil {
			t.Errorf("%s: %v", g.Manifest().ID, err)
		}
	}
}

// TestMissingServices: what a plugin names and does not get keeps it from
// loading, with one message that says what to do.
func TestMissingServices(t *testing.T) {
	strict := welcome()
	strict.Manifest().Handlers[0].Failure = pluginapi.FailSkip
	late := welcome()
	late.Manifest().Handlers[0].Delivery = pluginapi.DeliverDurable
	asks := billing()
	asks.Manifest().Capabilities[0].Services = []string{"organization/roles"}
	for _, tt := range []struct {
		name    string
		guests  []*w.Guest
		replace [2]string
		want    string
	}{
		{"no grant of a service", nil, [2]string{"[plugins, organization/role]", "[plugins]"}, `plugin "billing" uses "organization/role" of another plugin, which is not granted; add organization/role to its grants`},
		{"no grant of an event", nil, [2]string{"organization/member.adding, ", ""}, `plugin "welcome" uses "organization/member.adding" of another plugin, which is not granted`},
		{"no such plugin", nil, [2]string{"- {id: organization,", "# {"}, `plugin "billing" calls the service "organization/role", but the plugin "organization" is not enabled; enable it, or disable "billing"`},
		{"no such service", []*w.Guest{asks}, [2]string{"organization/role]", "organization/roles]"}, `plugin "billing" calls the service "organization/roles", which the plugin "organization" does not have; it has organization/role. Use versions`},
		{"a verdict that may fail", []*w.Guest{strict}, [2]string{}, `plugin "welcome": a hook on "organization/member.adding" gives a verdict and must fail closed`},
		{"a verdict that comes later", []*w.Guest{late}, [2]string{}, `plugin "welcome": "organization/member.adding" cannot be delivered later`},
		{"a grant that is no name", nil, [2]string{"organization/role]", "organization/Role!]"}, `unknown capability or permission "organization/Role!"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, g := range append([]*w.Guest{organization(), billing(), welcome()}, tt.guests...) {
				writeGuest(t, dir, g)
			}
			cfg, err := tryConfig(dir, strings.Replace(threePlugins, tt.replace[0], tt.replace[1], 1))
			if err == nil {
				if err = blueprint.Check(cfg, func(string) ([]byte, error) { return nil, nil }); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("the check says %v", err)
				}
				_, err = engine.New(t.Context(), cfg, options(&realmtest.Log{}, time.Now))
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}
