package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/internal/realmtest"
)

// TestJWTSubjectField is TestSubjectField for the plugin jwt.
func TestJWTSubjectField(t *testing.T) {
	needPlugins(t, "jwt")
	for field, want := range map[string]string{
		"":                             "users have no additional field of that name",
		"{name: userId}":               "clients can set it, and could be anybody",
		"{name: userId, input: false}": "",
	} {
		cfg := parseConfig(t, t.TempDir(), `
tenants:
  - id: main
    baseURL: http://main.example
    user: {additionalFields: [`+field+`]}
    plugins: [{id: jwt, config: {subjectField: userId}}]
`)
		e, err := engine.New(t.Context(), cfg, options(&realmtest.Log{}, time.Now))
		if err == nil {
			err = e.Close(t.Context())
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", field, err, want)
		}
	}
}
