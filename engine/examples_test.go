package engine_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exampleModule returns the file of an example; it skips the test where that is
// not built.
func exampleModule(t *testing.T, name string) string {
	t.Helper()
	module, err := filepath.Abs("../wasm-examples/dist/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(module); err != nil {
		t.Skipf("%v: run make examples", err)
	}
	return module
}

// TestLanguages enables the example plugin of each language in a server: its
// veto reaches the client and leaves nothing behind, and its claim is in the
// token that another plugin issues.
func TestLanguages(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	for _, language := range []string{"go", "c", "rust", "assemblyscript", "wat"} {
		t.Run(language, func(t *testing.T) {
			module := exampleModule(t, language)
			s := serve(t, oneTenant+fmt.Sprintf("      - {id: signup-rule-%s, module: %q, grants: [claims], config: {blockedDomain: blocked.example}}\n", language, module))
			const sign = `{"name":"Eve","email":"%s","password":"correct-horse-1"}`
			post := func(path, email string) answer {
				return s.do(request{method: http.MethodPost, path: "/api/auth" + path, body: fmt.Sprintf(sign, email)})
			}
			veto := post("/sign-up/email", "eve@blocked.example")
			if veto.status < 400 || veto.status > 499 || !strings.Contains(veto.text, `"EMAIL_DOMAIN_NOT_ALLOWED"`) || len(veto.cookies) > 0 {
				t.Fatalf("vetoed sign-up: %d %s", veto.status, veto.text)
			}
			if in := post("/sign-in/email", "eve@blocked.example"); in.status != http.StatusUnauthorized {
				t.Fatalf("a vetoed sign-up left a user: %d %s", in.status, in.text)
			}
			up := post("/sign-up/email", "ada@example.com")
			if up.status != http.StatusOK {
				t.Fatalf("sign-up: %d %s", up.status, up.text)
			}
			if plan := claimsOf(t, up.cookies["better-auth.convex_jwt"])["plan"]; plan != "free" {
				t.Errorf("claim plan is %v", plan)
			}
		})
	}
}

// TestMembers: the example lets those in whose profile at the provider its rule
// admits, and the page of the app learns why somebody is not.
func TestMembers(t *testing.T) {
	needPlugins(t, "email-password", "account", "social")
	module := exampleModule(t, "members")
	const rule = `
      - id: members
        module: %q
        grants: [social/profile.checking]
        config: {rules: [{provider: oauth, path: id, values: [ada]}]}
`
	s := serve(t, newOAuth(t).config()+fmt.Sprintf(rule, module))
	for range 2 { // the first time as a new user
		in := s.end(s.begin("ada"))
		if in.header.Get("Location") != "/done" || s.session("", in.cookie()).get("user.email") != "ada@example.com" {
			t.Fatalf("a member: %d %s", in.status, in.text)
		}
	}
	out := s.end(s.begin("eve"))
	if to := out.header.Get("Location"); out.status != http.StatusFound || !strings.HasSuffix(to, "?error=NOT_A_MEMBER&error_description=You+are+not+a+member") || out.cookies["better-auth.session_token"] != "" {
		t.Errorf("somebody else: %d %s", out.status, to)
	}
}

// claimsOf reads the claims of a token.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %q", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
