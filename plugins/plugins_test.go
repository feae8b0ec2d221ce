package plugins

import (
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// TestManifests checks the manifests in the source folders, built or not.
func TestManifests(t *testing.T) {
	ids := IDs()
	for _, want := range []string{"account", "bearer", "convex", "cross-domain", "email-password", "jwt", "multi-session", "one-time-token", "server", "social", "two-factor"} {
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
