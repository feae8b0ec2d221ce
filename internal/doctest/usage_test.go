package doctest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/plugins"
)

// usage is plugins/ID/usage.md: the client's code and the tenant's
// configuration.
func usage(t *testing.T, id string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "plugins", id, "usage.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestUsage: the page of each plugin shows code for the client, and a
// configuration that passes its check with the plugin's settings.
func TestUsage(t *testing.T) {
	secrets := func(string) (string, bool) { return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true }
	for _, id := range plugins.IDs() {
		t.Run(id, func(t *testing.T) {
			text := usage(t, id)
			if !strings.Contains(text, "```ts\n") {
				t.Error("it shows no code for the client")
			}
			_, rest, ok := strings.Cut(text, "```yaml\n")
			list, _, closed := strings.Cut(rest, "```")
			if !ok || !closed || !strings.Contains(list, "- id: "+id) {
				t.Fatalf("it shows no configuration with the plugin:\n%s", text)
			}
			source := "mail: {disabled: true}\ntenants:\n  - id: acme\n    baseURL: https://auth.acme.example\n    secret: ZqJ4m0Vd8wXhR2uK7tYpL5sCgB9nEaF3\n" +
				"    trustedOrigins: [https://app.acme.example]\n    plugins:\n      " +
				strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(list), "file:/run/secrets/webhook", "\"${WEBHOOK_SECRET}\""), "\n", "\n      ")
			cfg, err := config.Parse("usage.md", []byte(source), secrets)
			if err == nil {
				err = blueprint.Check(cfg, plugins.Module)
			}
			if err != nil {
				t.Errorf("%v\n%s", err, source)
			}
		})
	}
}

// stored lists what a plugin stores, as far as its manifest says: records of
// the engine, records of its own, fields that it adds, verifications and keys.
func stored(m *pluginapi.Manifest) string {
	var out []string
	for _, c := range m.Capabilities {
		switch c.Name {
		case pluginapi.CapIdentity:
			for _, model := range c.Write {
				out = append(out, "records of `"+model+"`")
			}
		case pluginapi.CapVerification:
			out = append(out, "verifications ("+c.Reason+")")
		case pluginapi.CapKeys:
			out = append(out, "signing keys for the use `"+strings.Join(c.Keys, "`, `")+"`")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Models)) {
		out = append(out, "records of its model `"+name+"` with the fields "+quoted(slices.Sorted(maps.Keys(m.Models[name].Fields))))
	}
	for _, model := range slices.Sorted(maps.Keys(m.Fields)) {
		out = append(out, "the added fields "+quoted(slices.Sorted(maps.Keys(m.Fields[model])))+" of `"+model+"`")
	}
	if len(out) == 0 {
		return "no records of its own"
	}
	return strings.Join(out, "; ")
}

func quoted(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }
