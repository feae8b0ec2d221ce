package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/plugins"
)

const secondStepTenant = `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    plugins:
      - {id: email-password}
      - {id: mine, module: DIR/mine.wasm, grants: [session]}
      - {id: two-factor, config: {skipVerificationOnEnable: true%s}}
`

// TestOwnSignInTakesTheSecondStep: a plugin's own way to sign in does not pass by
// the second step, unless the tenant says that only passwords take it.
func TestOwnSignInTakesTheSecondStep(t *testing.T) {
	needPlugins(t, "email-password", "two-factor")
	for setting, guarded := range map[string]bool{"": true, ", policy: all": true, ", policy: credential": false} {
		s := serve(t, fmt.Sprintf(secondStepTenant, setting), sessionPlugin("mine", nil, "create"))
		up := s.signUp("", "ada@example.com").want(t, 200, "")
		s.do(request{method: "POST", path: "/api/auth/two-factor/enable", cookie: up.cookie(), body: `{"password":"` + password + `"}`}).want(t, 200, "")
		in := s.do(request{method: "POST", path: "/api/auth/mine/create", body: `{"userId":"` + up.get("user.id") + `"}`}).want(t, 200, "")
		signedIn := in.cookies["better-auth.session_token"] != "" || s.session("", in.cookie()).text != "null"
		if signedIn == guarded || (in.cookies["better-auth.two_factor"] != "") != guarded {
			t.Errorf("%q: signed in: %v, answer %s, cookies %v", setting, signedIn, in.text, in.cookies)
		}
	}
}

// TestCheckOfTheSecondStep: who checks a configuration learns which ways to sign
// in go around the second step, and which need a page for it.
func TestCheckOfTheSecondStep(t *testing.T) {
	needPlugins(t, "email-password", "two-factor")
	dir := t.TempDir()
	writeGuest(t, dir, sessionPlugin("mine", nil, "create"))
	for setting, want := range map[string]string{
		"":                     "no page for browsers",
		", pageURL: /two":      "",
		", policy: credential": `plugin "mine" of tenant "main" signs users in without the second step of "two-factor"`,
	} {
		cfg := parseConfig(t, dir, strings.ReplaceAll(fmt.Sprintf(secondStepTenant, setting), "DIR", dir))
		if err := blueprint.Check(cfg, plugins.Module); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range cfg.Warnings {
			if strings.Contains(w.Error(), "second step") {
				got = append(got, w.Error())
			}
		}
		if all := strings.Join(got, "\n"); want == "" && all != "" || !strings.Contains(all, want) || len(got) > 1 {
			t.Errorf("%q: warnings %s, want %q", setting, all, want)
		}
	}
}
