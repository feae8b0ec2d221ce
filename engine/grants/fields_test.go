package grants_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/pluginapi"
)

var no = false

// declaring is a plugin that declares one field of users.
func declaring(id, name string, f pluginapi.Field) *pluginapi.Manifest {
	f.Type = "string"
	return &pluginapi.Manifest{ID: id, ABI: "1.1", Fields: map[string]map[string]pluginapi.Field{"user": {name: f}}}
}

// TestCheck: nobody opens to clients what somebody else keeps from them, or has
// a say in the values of others. Who says the same, or is stricter than the
// engine, does no harm.
func TestCheck(t *testing.T) {
	closed, hidden := pluginapi.Field{Input: &no}, pluginapi.Field{Input: &no, Returned: &no}
	tenant := func(open, shown bool) grants.Field {
		return grants.Field{Model: "user", Name: "role", By: grants.ByTenant, Open: open, Shown: shown}
	}
	for name, tt := range map[string]struct {
		fields grants.Fields
		want   string // both sides, in order
	}{
		"nothing else":                {grants.Of(declaring("a", "role", pluginapi.Field{})), ""},
		"the engine's, open":          {grants.Of(declaring("a", "emailVerified", pluginapi.Field{})), `emailVerified of the engine|plugin "a", too, which lets clients set it`},
		"the engine's address":        {grants.Of(declaring("a", "email", pluginapi.Field{})), `user.email of the engine|plugin "a"`},
		"the engine's, closed":        {grants.Of(declaring("a", "emailVerified", closed)), ""},
		"the engine's, hidden":        {grants.Of(declaring("a", "emailVerified", hidden)), ""},
		"the engine's, open as it is": {grants.Of(declaring("a", "image", pluginapi.Field{})), ""},
		"the engine's, unique":        {grants.Of(declaring("a", "name", pluginapi.Field{Unique: true})), `plugin "a", too, which makes it unique`},
		"the engine's, required":      {grants.Of(declaring("a", "image", pluginapi.Field{Required: true})), `plugin "a", too, which requires it`},
		"the engine's, with a default": {grants.Of(declaring("a", "emailVerified", pluginapi.Field{Input: &no, Default: json.RawMessage(`true`)})),
			`plugin "a", too, which gives it another default`},
		"what marks a session":   {grants.Of(&pluginapi.Manifest{ID: "a", ABI: "1.1", Fields: map[string]map[string]pluginapi.Field{"session": {"virtual": {Type: "boolean"}}}}), `session.virtual of the engine|plugin "a"`},
		"another plugin's, open": {append(grants.Of(declaring("a", "role", closed)), grants.Of(declaring("b", "role", pluginapi.Field{}))...), `role of plugin "a"|plugin "b", too`},
		"the other way round":    {append(grants.Of(declaring("b", "role", pluginapi.Field{})), grants.Of(declaring("a", "role", closed))...), `role of plugin "a"|plugin "b", too`},
		"another plugin's, seen": {append(grants.Of(declaring("a", "role", hidden)), grants.Of(declaring("b", "role", closed))...), `plugin "b", too, which lets clients see it`},
		"both the same":          {append(grants.Of(declaring("a", "role", closed)), grants.Of(declaring("b", "role", closed))...), ""},
		"another default": {append(grants.Of(declaring("a", "role", closed)), grants.Of(declaring("b", "role", pluginapi.Field{Input: &no, Default: json.RawMessage(`"admin"`)}))...),
			`plugin "b", too, which gives it another default`},
		"the tenant's, open":     {append(grants.Fields{tenant(false, true)}, grants.Of(declaring("a", "role", pluginapi.Field{}))...), `role of the configuration of the tenant|plugin "a", too`},
		"open in the tenant":     {append(grants.Fields{tenant(true, true)}, grants.Of(declaring("a", "role", closed))...), `role of plugin "a"|the configuration of the tenant, too`},
		"the same in the tenant": {append(grants.Fields{tenant(false, false)}, grants.Of(declaring("a", "role", hidden))...), ""},
		"other models":           {append(grants.Fields{{Model: "session", Name: "role", By: grants.ByTenant}}, grants.Of(declaring("a", "role", pluginapi.Field{}))...), ""},
	} {
		err := append(grants.Core(), tt.fields...).Check()
		if (err == nil) != (tt.want == "") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for part := range strings.SplitSeq(tt.want, "|") {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v does not say %q", name, err, part)
			}
		}
	}
}

func TestRules(t *testing.T) {
	m := declaring("own", "mine", pluginapi.Field{Input: &no, Returned: &no})
	other := &pluginapi.Manifest{ID: "other", Fields: map[string]map[string]pluginapi.Field{
		"user": {"theirs": {Type: "string", Input: &no, Returned: &no}, "free": {Type: "string"}}, "session": {"plan": {Type: "string", Input: &no, Returned: &no}},
	}}
	fields := append(grants.Core(), append(grants.Of(m), grants.Of(other)...)...)
	settings, err := document.Parse([]byte(`{"checks":{"a":{"fields":["theirs","role"]},"b":{"fields":[]}},"one":"image"}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	asking := func(read, write string) *pluginapi.Manifest {
		c := *m
		c.Permissions = []pluginapi.Permission{{Name: "fields", Read: strings.Fields(read), Write: strings.Fields(write)}}
		return &c
	}
	old := *m
	old.ABI = "1.0"
	const all = "name image mine free email emailVerified theirs role"
	for name, tt := range map[string]struct {
		m          *pluginapi.Manifest
		may        pluginapi.PermissionSet
		sets, sees string // of users
		plan       bool   // whether session.plan is set and seen
	}{
		"without":             {m, 0, "name image mine free", "mine free email", false},
		"asked, not granted":  {asking("user.*", "user.*"), 0, "name image mine free", "mine free email", false},
		"a field":             {asking("user.theirs", "user.emailVerified"), pluginapi.PermFields, "name image mine free emailVerified", "mine free email theirs", false},
		"a model":             {asking("user.*", "user.*"), pluginapi.PermFields, all, "mine free email theirs", false},
		"of another model":    {asking("session.*", "session.*"), pluginapi.PermFields, "name image mine free", "mine free email", true},
		"by the settings":     {asking("config:checks.*.fields", "config:checks.*.fields"), pluginapi.PermFields, "name image mine free theirs role", "mine free email theirs", false},
		"by one setting":      {asking("config:one", "config:none"), pluginapi.PermFields, "name image mine free", "mine free email", false},
		"without permissions": {&old, 0, "name image mine free", "mine free email", false},
		"and granted":         {&old, pluginapi.PermFields, all, "mine free email theirs", true},
	} {
		r := fields.Rules(tt.m, tt.may, settings)
		for field := range strings.FieldsSeq(all) {
			if got, want := r.Sets("user", field), strings.Contains(" "+tt.sets+" ", " "+field+" "); got != want {
				t.Errorf("%s: it sets %s: %v", name, field, got)
			}
		}
		for field := range strings.FieldsSeq("mine free email theirs") {
			if got, want := r.Sees("user", field), strings.Contains(" "+tt.sees+" ", " "+field+" "); got != want {
				t.Errorf("%s: it sees %s: %v", name, field, got)
			}
		}
		if r.Sets("session", "plan") != tt.plan || r.Sees("session", "plan") != tt.plan || r.SeesAll("session") != tt.plan {
			t.Errorf("%s: session.plan is set and seen: %v, %v", name, r.Sets("session", "plan"), r.Sees("session", "plan"))
		}
	}
	var none grants.Rules
	if none.Sets("user", "name") || !none.Sees("user", "name") || !none.SeesAll("user") {
		t.Error("the zero Rules set something")
	}
}
