package pluginapi

import (
	"slices"
	"strings"
	"testing"
)

// TestEventsAndPathsAgree: what an event lets hooks see and set is in the
// document.
func TestEventsAndPathsAgree(t *testing.T) {
	known := func(path string) bool {
		return slices.ContainsFunc(DocumentPaths(), func(p DocumentPath) bool { return p.Path == path })
	}
	begins := func(path string) bool {
		return slices.ContainsFunc(DocumentPaths(), func(p DocumentPath) bool { return p.Path == path || strings.HasPrefix(p.Path, path+".") })
	}
	seen := map[string]bool{}
	for _, e := range ContractEvents() {
		if seen[e.Name] {
			t.Errorf("%s is there twice", e.Name)
		}
		seen[e.Name] = true
		for _, path := range e.Sets {
			if !known(path) {
				t.Errorf("%s sets %s, which is no field of the document", e.Name, path)
			}
		}
		for _, path := range e.Sees {
			if !begins(path) {
				t.Errorf("%s sees %s, which is no field of the document", e.Name, path)
			}
		}
		if slices.Contains(e.Sees, "record") != (e.Record != "") {
			t.Errorf("%s does not say what record is", e.Name)
		}
		if !slices.Contains(e.Failures, FailDeny) || e.When == "" || e.May == "" {
			t.Errorf("%s lacks failure policies or words", e.Name)
		}
		if e.Durable && !slices.Contains(e.Failures, FailSkip) {
			t.Errorf("%s is over when it is delivered, but gives a verdict", e.Name)
		}
	}
}

func TestSettable(t *testing.T) {
	for _, tt := range []struct {
		event, path string
		want        bool
	}{
		{"", "args", true},
		{"", "args.user.email", true},
		{"", "argsx", false},
		{"", "error.code", true},
		{"", "error", false},
		{"", "error.code.x", false},
		{"", "response.status", true},
		{"", "response.status.x", false},
		{"", "response.body", true},
		{"", "response.body.a.0", true},
		{"", "response.headers", false},
		{"", "response.headers.x-a", true},
		{"", "response.headers.x.a", false},
		{"", "response.sessionToken", false},
		{"", "request.body.a", false},
		{"", "record.name", false},
		{EventRequestBefore, "request.body.a", true},
		{EventRequestBefore, "request.query", false},
		{EventRequestBefore, "request.method", false},
		{EventRequestRefused, "response.headers.x-a", true},
		{EventRequestRefused, "response.body", false},
		{EventUserCreating, "record.name", true},
		{EventUserCreating, "record", false},
		{EventUserCreating, "response.body", false},
		{EventUserDeleting, "record.name", false},
		{EventUserCreated, "record.name", false},
		{EventSessionCreating, "response.body.step", true},
		{EventIdentityLinking, "record.userId", false},
		{EventPasswordPolicy, "record.password", false},
		{EventOriginTrusted, "record.trusted", true},
		{EventOriginTrusted, "record.origin", false},
		{EventTokenClaims, "claims.role", true},
		{"no.such.event", "scratch.x", true},
		{"no.such.event", "response.body", false},
	} {
		path, err := ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := Settable(tt.event).Has(path); got != tt.want {
			t.Errorf("%q may set %s: %v", tt.event, tt.path, got)
		}
	}
}
