package hosttest

import (
	"slices"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// manifests are what plugins may ask for of the capabilities with models.
var manifests = []struct {
	name              string
	identity, storage pluginapi.Capability
}{
	{"reads all", pluginapi.Capability{Read: []string{"user", "account", "tokens"}}, pluginapi.Capability{Read: []string{"note"}}},
	{"writes all", pluginapi.Capability{Write: []string{"user", "account", "tokens"}}, pluginapi.Capability{Write: []string{"note"}}},
	{"users alone", pluginapi.Capability{Write: []string{"user"}}, pluginapi.Capability{Write: []string{"unlisted"}}},
	{"accounts alone", pluginapi.Capability{Write: []string{"account"}}, pluginapi.Capability{Read: []string{"unlisted"}}},
}

// runAccess calls every function that reads or writes models with manifests
// that ask for less than all. What may be written may be read.
func runAccess(t *testing.T, start Maker) {
	for _, tt := range manifests {
		t.Run(tt.name, func(t *testing.T) {
			m := Manifest()
			tt.identity.Name, tt.storage.Name = pluginapi.CapIdentity, pluginapi.CapStorage
			for i := range m.Capabilities {
				switch m.Capabilities[i].Name {
				case pluginapi.CapIdentity:
					m.Capabilities[i] = tt.identity
				case pluginapi.CapStorage:
					m.Capabilities[i] = tt.storage
				}
			}
			newTesterOf(t, start, m).serve(Request{}, func(g *guest) {
				for f := range pluginapi.Functions() {
					if f.Access != pluginapi.AccessNone {
						access(g, m, f)
					}
				}
			})
		})
	}
	newTester(t, start).serve(Request{}, coreModels)
}

// access makes a call that is denied if the manifest does not ask for the model.
func access(g *guest, m *pluginapi.Manifest, f *pluginapi.Function) {
	args, model := samples(f), f.Model
	if model == "" {
		model = "note"
		args["model"] = model
	}
	c, _ := m.Capability(f.Capability)
	granted := slices.Contains(c.Write, model) || f.Access == pluginapi.AccessRead && slices.Contains(c.Read, model)
	if status, out := g.call(f.FullName(), args); (status != pluginapi.StatusDenied) != granted {
		g.t.Errorf("%s: %s %s", f.FullName(), status, text(out))
	}
}

// coreModels reaches for models of the host's with functions for the plugin's
// own.
func coreModels(g *guest) {
	for f := range pluginapi.Functions() {
		if f.Access == pluginapi.AccessNone || f.Model != "" {
			continue
		}
		for _, model := range []string{"user", "session", "outbox"} {
			g.refused(f.FullName(), with(samples(f), "model", model), pluginapi.StatusDenied, "")
		}
	}
}
