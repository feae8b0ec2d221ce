package engine_test

import (
	"encoding/json"
	"testing"
)

// TestDescribedFields: the document has a tenant's additional fields where
// clients send them and see them, with what is required, and defaults.
func TestDescribedFields(t *testing.T) {
	needPlugins(t, "email-password", "account", "open-api")
	s := serve(t, `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    user:
      additionalFields:
        - {name: plan, type: string, required: true}
        - {name: rank, type: string, required: true, default: low}
        - {name: age, type: number, default: 18}
        - {name: born, type: date}
        - {name: tags, type: json}
        - {name: role, type: string, input: false, default: user}
        - {name: notes, type: string, input: false, returned: false}
        - {name: pin, type: string, returned: false}
    session: {additionalFields: [{name: theme, default: dark}, {name: team, input: false}]}
    plugins: [{id: email-password}, {id: account}, {id: open-api}]
`)
	var document any
	if err := json.Unmarshal([]byte(s.do(request{method: "GET", path: "/api/auth/open-api/generate-schema"}).want(t, 200, "").text), &document); err != nil {
		t.Fatal(err)
	}
	body := func(path string) any {
		return at(document, "paths", path, "post", "requestBody", "content", "application/json", "schema")
	}
	fields := `"plan":{"maxLength":1024,"type":"string"},"rank":{"default":"low","maxLength":1024,"type":"string"},"age":{"default":18,"type":"number"},` +
		`"born":{"format":"date-time","type":"string"},"tags":{},"pin":{"maxLength":1024,"type":"string"}`
	for _, tt := range []struct {
		what string
		got  any
		want string
	}{
		{"sign-up", without(at(body("/sign-up/email"), "allOf", 0, "properties"), "name", "email", "password", "image", "callbackURL", "rememberMe"), `{` + fields + `}`},
		{"required at sign-up", at(body("/sign-up/email"), "allOf", 0, "required"), `["name","email","password","plan"]`},
		{"update-user", at(body("/update-user"), "properties"), `{"name":{"type":"string"},"image":{"type":["string","null"]},` + fields + `}`},
		{"required of update-user", at(body("/update-user"), "required"), `null`},
		{"update-session", at(body("/update-session"), "properties"), `{"theme":{"default":"dark","maxLength":1024,"type":"string"}}`},
		{"a user's role", at(document, "components", "schemas", "User", "properties", "role"), `{"default":"user","readOnly":true,"type":["string","null"]}`},
		{"a user's rank", at(document, "components", "schemas", "User", "properties", "rank"), `{"default":"low","type":["string","null"]}`},
		{"a user's pin", at(document, "components", "schemas", "User", "properties", "pin"), `null`},
		{"a session's team", at(document, "components", "schemas", "Session", "properties", "team"), `{"readOnly":true,"type":["string","null"]}`},
	} {
		var want any
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		if got, want := asJSON(t, tt.got), asJSON(t, want); got != want {
			t.Errorf("%s:\n%s, want\n%s", tt.what, got, want)
		}
	}
}

// at returns what is at a path of names and places in a JSON value, nil if
// nothing is.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			members, _ := value.(map[string]any)
			value = members[step]
		case int:
			items, _ := value.([]any)
			if step >= len(items) {
				return nil
			}
			value = items[step]
		}
	}
	return value
}

// without returns an object without some of its members.
func without(value any, names ...string) any {
	members, _ := value.(map[string]any)
	for _, name := range names {
		delete(members, name)
	}
	return members
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
