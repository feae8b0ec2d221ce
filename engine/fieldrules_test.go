package engine_test

import (
	"strings"
	"testing"

	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// TestFieldRules: values of additional fields are transformed and validated as
// the tenant says, wherever clients send them.
func TestFieldRules(t *testing.T) {
	needPlugins(t, "email-password", "account", "open-api")
	s := serve(t, `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    user:
      additionalFields:
        - {name: handle, transform: [trim, lowercase], maxLength: 8, validator: {pattern: "^[a-z0-9_]+$", minLength: 3}}
        - {name: plan, validator: {enum: [free, pro]}, default: free}
        - {name: age, type: number, validator: {minimum: 18, maximum: 1.5e2}}
        - {name: site, validator: {format: uri}}
    session: {additionalFields: [{name: theme, transform: [uppercase], validator: {enum: [DARK, LIGHT]}}]}
    plugins: [{id: email-password}, {id: account}, {id: open-api}]
`)
	first := s.do(request{method: "POST", path: "/api/auth/sign-up/email",
		body: `{"name":"Ada","email":"ada@example.com","password":"` + password + `","handle":"  Ada_1 ","age":36,"site":"https://ada.example"}`}).want(t, 200, "")
	for field, want := range map[string]string{"handle": "ada_1", "plan": "free", "age": "36", "site": "https://ada.example"} {
		if got := first.get("user." + field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	for _, tt := range []struct{ path, sent, message string }{
		{"/update-user", `"handle":"Ada 1"`, "[body.handle] Invalid string: must match pattern /^[a-z0-9_]+$/"},
		{"/update-user", `"handle":" a "`, "[body.handle] Too small: expected string to have >=3 characters"},
		{"/update-user", `"handle":"` + strings.Repeat("a", 9) + `"`, "[body.handle] Too big: expected string to have <=8 bytes"},
		{"/update-user", `"handle":"  ` + strings.Repeat("a", 8) + `  "`, ""},
		{"/update-user", `"handle":7`, "[body.handle] Invalid input: expected string, received number"},
		{"/update-user", `"handle":null`, ""},
		{"/update-user", `"plan":"gold"`, `[body.plan] Invalid option: expected one of "free"|"pro"`},
		{"/update-user", `"plan":"pro"`, ""},
		{"/update-user", `"age":17.9`, "[body.age] Too small: expected number to be >=18"},
		{"/update-user", `"age":151`, "[body.age] Too big: expected number to be <=150"},
		{"/update-user", `"site":"ada"`, "[body.site] Invalid URL"},
		{"/update-session", `"theme":"blue"`, `[body.theme] Invalid option: expected one of "DARK"|"LIGHT"`},
		{"/update-session", `"theme":"dark"`, ""},
		{"/sign-up/email", `"name":"Bob","email":"bob@example.com","password":"` + password + `","plan":"gold"`, `[body.plan] Invalid option: expected one of "free"|"pro"`},
	} {
		status, code := 400, "VALIDATION_ERROR"
		if tt.message == "" {
			status, code = 200, ""
		}
		a := s.do(request{method: "POST", path: "/api/auth" + tt.path, body: "{" + tt.sent + "}", cookie: first.cookie()}).want(t, status, code)
		if got := a.get("message"); tt.message != "" && got != tt.message {
			t.Errorf("%s: %q, want %q", tt.sent, got, tt.message)
		}
	}
	described := s.do(request{method: "GET", path: "/api/auth/open-api/generate-schema"}).want(t, 200, "").text
	for _, want := range []string{`"enum":["free","pro"]`, `"pattern":"^[a-z0-9_]+$"`, `"minimum":18`, `"format":"uri"`, `"minLength":3`} {
		if !strings.Contains(described, want) {
			t.Errorf("the document does not have %s", want)
		}
	}
}

// TestAccountFields: accounts have the tenant's fields, which hooks set, and
// clients see those that they may.
func TestAccountFields(t *testing.T) {
	needPlugins(t, "email-password", "account")
	hook := &pluginapi.Manifest{
		ID: "tagger", Version: "1.0.0", ABI: "1.1",
		Permissions: []pluginapi.Permission{{Name: "fields", Write: []string{"account.tag", "account.internal"}, Reason: "tags accounts"}},
		Handlers:    []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindHook, Event: "account.creating"}},
	}
	s := serve(t, `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    account: {additionalFields: [{name: tag}, {name: level, type: number, default: 1}, {name: internal, returned: false}]}
    plugins:
      - {id: email-password}
      - {id: account}
      - {id: tagger, module: DIR/tagger.wasm, grants: [fields]}
`, w.New(hook).Handler(1, w.Set("record.tag", "first"), w.Set("record.internal", "unseen")))
	cookie := s.do(request{method: "POST", path: "/api/auth/sign-up/email", body: `{"name":"Ada","email":"ada@example.com","password":"` + password + `"}`}).want(t, 200, "").cookie()
	accounts := s.do(request{method: "GET", path: "/api/auth/list-accounts", cookie: cookie}).want(t, 200, "").text
	for part, want := range map[string]bool{`"tag":"first"`: true, `"level":1`: true, "internal": false} {
		if strings.Contains(accounts, part) != want {
			t.Errorf("%s in the answer: %v: %s", part, !want, accounts)
		}
	}
}
