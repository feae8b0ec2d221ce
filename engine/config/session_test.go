package config

import (
	"strings"
	"testing"
)

// TestShortSessions: how long sessions live can be said alone.
func TestShortSessions(t *testing.T) {
	for session, fault := range map[string]string{
		"{expiresIn: 1h}": "", "{expiresIn: 1h, updateAge: 10m}": "", "{expiresIn: 1h, disableRefresh: true}": "", "{expiresIn: 30d}": "",
		"{expiresIn: 1h, updateAge: 2h}": "is longer than expiresIn",
	} {
		text := "tenants:\n  - id: a\n    baseURL: https://a.example\n    secret: 0f6b7c1d2e3a4958677a8b9c0d1e2f3041526374\n    session: " + session + "\n"
		_, err := Parse("a.yaml", []byte(text), testEnv)
		if (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: %v", session, err)
		}
	}
}
