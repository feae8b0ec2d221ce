package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/internal/realmtest"
	"github.com/authhost/authhost/plugins"
)

// TestSubjectField: a field that says who a user is must not be the user's to
// choose. A check of the configuration finds it, and the server does not start.
func TestSubjectField(t *testing.T) {
	needPlugins(t, "email-password", "convex", "jwt")
	for _, plugin := range []string{"{id: convex, config: {subject: externalId}}", "{id: jwt, config: {subjectField: externalId}}"} {
		for field, want := range map[string]string{
			"":                   "users have no additional field of that name",
			"{name: externalId}": "clients can set it, and could be anybody",
			"{name: externalId, input: false, returned: false}": "it is declared with returned: false",
			"{name: externalId, input: false}":                  "",
		} {
			t.Run(plugin+field, func(t *testing.T) {
				cfg := parseConfig(t, t.TempDir(), fmt.Sprintf(`
tenants:
  - id: main
    baseURL: http://main.example
    user: {additionalFields: [%s]}
    plugins: [%s]
`, field, plugin))
				check := func(by string, err error) {
					t.Helper()
					if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "test.yaml:")) {
						t.Errorf("%s: got %v, want %q", by, err, want)
					}
				}
				check("check", blueprint.Check(cfg, plugins.Module))
				e, err := engine.New(t.Context(), cfg, options(&realmtest.Log{}, time.Now))
				if err == nil {
					err = e.Close(t.Context())
				}
				check("server", err)
			})
		}
	}
}
