package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/internal/pgtest"
	"github.com/authhost/authhost/internal/realmtest"
)

// TestFingerprint: nodes on one store have one secret, URL and set of plugins
// for a tenant. A node that differs does not start, unless its configuration
// says that it is a later one.
func TestFingerprint(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	const (
		one = "8/OaSyTpwtyN8zSIOOABCGZ74tratnX0V3v5WZ7D94s="
		two = "5hiQdcLWo8VtCtzCGvRUA8ojKAwoCC4inS5cK6G+DMA="
	)
	address := pgtest.Start(t)
	start := func(change ...string) error {
		dir := t.TempDir()
		text := strings.NewReplacer(change...).Replace(`
server: {dataDir: DIR, cacheDir: CACHE}
mail: {from: no-reply@main.example, smtp: {host: 127.0.0.1}}
store: {driver: postgres, postgres: {url: "` + address + `"}}
tenants:
  - id: main
    baseURL: https://main.example
    secret: ` + one + `
    plugins:
      - id: email-password
`)
		text = strings.NewReplacer("DIR", dir, "CACHE", cacheDir).Replace(text)
		cfg, err := config.Parse("node.yaml", []byte(text), func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.New(t.Context(), cfg, options(&realmtest.Log{}, time.Now))
		if err != nil {
			return err
		}
		return e.Close(context.Background())
	}
	secrets := "secrets: [{version: 2, value: " + two + "}, {version: 1, value: " + one + "}]"
	for _, c := range []struct {
		name   string
		change []string
		want   string // in the error
	}{
		{"the first", nil, ""},
		{"one like it", nil, ""},
		{"another secret", []string{one, two}, `tenant "main" has another secret`},
		{"another URL", []string{"https://main.example", "https://other.example"}, "the URL https://other.example/api/auth and not https://main.example/api/auth"},
		{"another plugin", []string{"- id: email-password", "- id: email-password\n      - id: convex"}, "set revision: 1 in the tenant"},
		{"a later one", []string{"plugins:", "revision: 1\n    plugins:", "- id: email-password", "- id: email-password\n      - id: convex"}, ""},
		{"an earlier one", nil, "has revision 0, and other nodes on this store have 1"},
		{"back, on purpose", []string{"plugins:", "revision: 2\n    plugins:"}, ""},
		{"a rotated secret", []string{"secret: " + one, secrets, "plugins:", "revision: 2\n    plugins:"}, ""},
		{"the secret from before", []string{"plugins:", "revision: 2\n    plugins:"}, "another secret"},
	} {
		err := start(c.change...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "node.yaml:")) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
