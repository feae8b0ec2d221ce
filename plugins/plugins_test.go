package plugins

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// TestManifests checks the manifests in the source folders, built or not.
func TestManifests(t *testing.T) {
	ids := IDs()
	for _, want := range []string{"account", "bearer", "convex", "cross-domain", "email-password", "expo", "jwt", "multi-session", "one-time-token", "server", "social", "two-factor"} {
		if !slices.Contains(ids, want) {
			t.Errorf("there is no plugin %q in %v", want, ids)
		}
	}
	for _, id := range ids {
		text, err := manifests.ReadFile(id + "/manifest.json")
		if err != nil {
			t.Fatal(err)
		}
		m, err := pluginapi.ParseManifest(text)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if m.ID != id {
			t.Errorf("%s: the manifest's id is %q", id, m.ID)
		}
		if err := pluginapi.Compatible(m.ABI); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestMails: what the plugins send is what modules of ABI 1.0 have always sent
// under these names.
func TestMails(t *testing.T) {
	sample := map[string]string{"url": "https://a.example/reset?token=x&callbackURL=%2F", "otp": "123456"}
	seen := map[string]bool{}
	for _, id := range IDs() {
		m := manifestOf(t, id)
		for _, name := range m.MailNames() {
			seen[name] = true
			declared, _ := m.Mail(name)
			fixed, ok := (&pluginapi.Manifest{ABI: "1.0"}).Mail(name)
			if !ok {
				t.Errorf("%s: ABI 1.0 has no mail %s", id, name)
				continue
			}
			values := map[string]string{}
			for v := range declared.Variables {
				values[v] = sample[v]
			}
			if got, want := rendered(t, declared, values), rendered(t, fixed, values); got != want {
				t.Errorf("%s, %s:\n%+v\nwant\n%+v", id, name, got, want)
			}
		}
	}
	for _, name := range pluginapi.FixedMails() {
		if name != "generic" && !seen[name] {
			t.Errorf("no plugin sends %s", name)
		}
	}
}

func rendered(t *testing.T, m pluginapi.Mail, values map[string]string) pluginapi.RenderedMail {
	t.Helper()
	template, err := m.Compile("")
	if err != nil {
		t.Fatal(err)
	}
	out, err := template.Render("My App", values)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func manifestOf(t *testing.T, id string) *pluginapi.Manifest {
	t.Helper()
	text, err := manifests.ReadFile(id + "/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := pluginapi.ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMembers: bodies have the members of Better Auth's, in its order, which is
// the order in which their faults are told.
func TestMembers(t *testing.T) {
	official := officialBodies(t)
	compared := 0
	for _, id := range IDs() {
		text, err := manifests.ReadFile(id + "/manifest.json")
		if err != nil {
			t.Fatal(err)
		}
		m, err := pluginapi.ParseManifest(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range m.Handlers {
			theirs := official[h.Path]
			if h.Method != "POST" || h.Body == nil || theirs == nil || h.Dialects != nil && !slices.Contains(h.Dialects, pluginapi.Dialect16) {
				continue
			}
			ours, err := pluginapi.ParseSchema(h.Body)
			if err != nil {
				t.Fatal(err)
			}
			compared++
			if got := members(ours, h.RequiredUnless); !slices.Equal(got, theirs) {
				t.Errorf("%s has the members %v, Better Auth's has %v", h.Path, got, theirs)
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d bodies were compared", compared)
	}
}

// members lists what a body has, required members with an exclamation mark.
func members(s *pluginapi.Schema, conditional map[string][]string) []string {
	var out []string
	for _, part := range append([]*pluginapi.Schema{s}, s.AllOf...) {
		var names names
		for _, p := range part.Properties {
			names = append(names, p.Name)
		}
		out = append(out, names.marked(slices.Concat(part.Required, slices.Collect(maps.Keys(conditional))))...)
	}
	return out
}

// names are the members of a JSON object, in their order.
type names []string

func (n *names) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	_, err := dec.Token()
	for err == nil && dec.More() {
		var name json.Token
		if name, err = dec.Token(); err == nil {
			*n = append(*n, name.(string))
			err = dec.Decode(new(json.RawMessage))
		}
	}
	return err
}

func (n names) marked(required []string) []string {
	out := slices.Clone(n)
	for i, name := range out {
		if slices.Contains(required, name) {
			out[i] += "!"
		}
	}
	return out
}

// officialBodies reads the members of the bodies of better-auth 1.6.34, by path.
func officialBodies(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../conformance/reference/routes.json")
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Properties names    `json:"properties"`
		Required   []string `json:"required"`
	}
	type route struct {
		Path string `json:"path"`
		Body *struct {
			schema
			AllOf []schema `json:"allOf"`
		} `json:"body"`
	}
	var all struct {
		Core     []route `json:"core"`
		Profiles map[string]struct {
			Routes []route `json:"added_or_changed"`
		} `json:"added_by_profile"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	routes := all.Core
	for _, p := range all.Profiles {
		routes = append(routes, p.Routes...)
	}
	out := map[string][]string{}
	for _, r := range routes {
		if r.Body == nil {
			continue
		}
		var members []string
		for _, part := range append([]schema{r.Body.schema}, r.Body.AllOf...) {
			members = append(members, part.Properties.marked(part.Required)...)
		}
		out[r.Path] = members
	}
	return out
}

// TestModules checks the modules that are built; without "make plugins" the
// error must say so.
func TestModules(t *testing.T) {
	for _, id := range IDs() {
		wasm, err := Module(id)
		if err != nil {
			if !strings.Contains(err.Error(), "make plugins") {
				t.Errorf("%s: %v", id, err)
			}
			continue
		}
		m, err := pluginapi.ManifestOf(wasm)
		if err != nil {
			t.Errorf("%s: %v", id, err)
		} else if m.ID != id {
			t.Errorf("%s: the module is %q", id, m.ID)
		}
	}
	if _, err := Module("no-such-plugin"); err == nil || !strings.Contains(err.Error(), "email-password") {
		t.Errorf("got %v, want an error that lists the plugins", err)
	}
}
