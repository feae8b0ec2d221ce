package engine_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/internal/realmtest"
	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// before is a module that was built for ABI 1.0, as an entry of the tenant "main".
func before(t *testing.T, id, grants, rest string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "abi-1.0", id+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("      - {id: %s, module: %q, grants: [%s]%s}\n", id, path, grants, rest)
}

// refusal is why a configuration does not load; "" if it does.
func refusal(t *testing.T, text string) string {
	t.Helper()
	e, err := engine.New(t.Context(), parseConfig(t, t.TempDir(), text), options(&realmtest.Log{}, time.Now))
	if err != nil {
		return err.Error()
	}
	_ = e.Close(t.Context())
	return ""
}

// TestExamplesOfABI10: the examples as they were before there were permissions
// work, once their claims are granted. The message at the load says so.
func TestExamplesOfABI10(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	for _, language := range []string{"c", "wat", "rust", "assemblyscript"} {
		t.Run(language, func(t *testing.T) {
			id, settings := "signup-rule-"+language, ", config: {blockedDomain: blocked.example}"
			why := refusal(t, oneTenant+before(t, id, "", settings))
			if !strings.Contains(why, `test.yaml:16:`) || !strings.Contains(why, `was made for ABI 1.0, and has a hook on "token.claims"`) || !strings.Contains(why, "add claims to its grants") {
				t.Errorf("refused with %q", why)
			}
			s := serve(t, oneTenant+before(t, id, "claims", settings))
			s.signUp("", "eve@blocked.example").want(t, 400, "EMAIL_DOMAIN_NOT_ALLOWED")
			up := s.signUp("", "ada@example.com").want(t, 200, "")
			if _, payload := claims(t, up.cookies["better-auth.convex_jwt"]); payload["plan"] != "free" {
				t.Errorf("claims %v", payload)
			}
		})
	}
}

// TestHooksOfABI10: a module that does what takes permissions by now loads with
// a warning, and has what its operator grants, permission by permission.
func TestHooksOfABI10(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	for _, granted := range []string{"", "passwords, tokens, requests", "authorization, responses, fields"} {
		s := serve(t, oneTenant+before(t, "hooks", granted, ""))
		if got := s.do(request{method: "GET", path: "/api/auth/hooks"}); got.get("hello") != "still here" {
			t.Errorf("with %q its endpoint answers %d %s", granted, got.status, got.text)
		}
		up := s.do(request{method: "POST", path: "/api/auth/sign-up/email", body: `{"name":"Ada","email":"ada@example.com","password":"` + password + `"}`, header: http.Header{"Authorization": {"Bearer b3arer"}}})
		up.want(t, 200, "")
		for permission, done := range map[string]bool{
			"passwords":     up.cookies["better-auth.old_password"] == password,
			"authorization": strings.Contains(up.cookies["better-auth.old_bearer"], "b3arer"),
			"tokens":        up.cookies["better-auth.old_token"] == up.get("token"),
			"requests":      up.get("user.name") == "Changed",
			"responses":     up.header.Get("X-Old") == "changed",
			"fields":        up.get("user.emailVerified") == "true",
		} {
			if done != strings.Contains(granted, permission) {
				t.Errorf("with %q, what takes %s works: %v", granted, permission, done)
			}
		}
		var warning string
		for line := range strings.Lines(s.log.String()) {
			if strings.Contains(line, "an ABI without permissions") {
				warning = line
			}
		}
		for permission := range strings.SplitSeq("passwords, authorization, tokens, requests, responses, fields, cookies", ", ") {
			if strings.Contains(warning, permission) == strings.Contains(granted, permission) {
				t.Errorf("with %q the warning is %q", granted, warning)
			}
		}
		if granted == "" && (!strings.Contains(warning, "level=WARN") || !strings.Contains(warning, "plugin=hooks") || !strings.Contains(warning, "remedy=")) {
			t.Errorf("the warning is %q", warning)
		}
	}
}

// TestMailsOfABI10: a hook that is for nothing else is not loaded without its
// permission.
func TestMailsOfABI10(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	if why := refusal(t, oneTenant+before(t, "mails", "", "")); !strings.Contains(why, "add mails to its grants") {
		t.Errorf("refused with %q", why)
	}
	s := serve(t, oneTenant+before(t, "mails", "mails", ""))
	s.signUp("", "ada@example.com").want(t, 200, "")
	s.do(request{method: "POST", path: "/api/auth/request-password-reset", body: `{"email":"ada@example.com","redirectTo":"/x"}`}).want(t, 200, "")
	if mails := s.outbox("main"); len(mails) == 0 || mails[len(mails)-1].To != "eve@example.com" {
		t.Errorf("mails %+v", mails)
	}
}

// TestSignOfABI10: likewise for tokens about anybody.
func TestSignOfABI10(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	for _, granted := range []string{"keys", "keys, subjects"} {
		s := serve(t, oneTenant+before(t, "sign", granted, ""))
		got := s.do(request{method: "GET", path: "/api/auth/sign"})
		if ok := got.get("token") != ""; ok != (granted != "keys") {
			t.Errorf("with %q: %d %s", granted, got.status, got.text)
		}
		if !strings.Contains(s.log.String(), "subjects") && granted == "keys" {
			t.Error("the log does not name the permission")
		}
	}
}

// TestWeakenedFields: no manifest, of whichever ABI, opens a field of others;
// both sides are named. A check without a start says the same.
func TestWeakenedFields(t *testing.T) {
	needPlugins(t, "email-password", "two-factor")
	no := false
	for name, tt := range map[string]struct {
		model, field string
		f            pluginapi.Field
		tenant       string
		want         []string // none: it loads
	}{
		"the engine's":          {"user", "emailVerified", pluginapi.Field{Type: "boolean"}, "", []string{"user.emailVerified of the engine", "lets clients set it"}},
		"the session's":         {"session", "expiresAt", pluginapi.Field{Type: "date"}, "", []string{"session.expiresAt of the engine"}},
		"a secret":              {"account", "password", pluginapi.Field{Type: "string", Input: &no}, "", []string{"account.password of the engine", "lets clients see it"}},
		"by its default":        {"user", "emailVerified", pluginapi.Field{Type: "boolean", Input: &no, Default: []byte("true")}, "", []string{"another default"}},
		"another plugin's":      {"user", "twoFactorEnabled", pluginapi.Field{Type: "boolean"}, "", []string{`of plugin "two-factor"`}},
		"the tenant's":          {"user", "role", pluginapi.Field{Type: "string"}, "{name: role, input: false}", []string{"of the configuration of the tenant"}},
		"the tenant's hidden":   {"user", "notes", pluginapi.Field{Type: "string", Input: &no}, "{name: notes, input: false, returned: false}", []string{"lets clients see it"}},
		"no weaker":             {"user", "emailVerified", pluginapi.Field{Type: "boolean", Input: &no}, "", nil},
		"a field of its own":    {"user", "nickname", pluginapi.Field{Type: "string"}, "", nil},
		"the tenant's as it is": {"user", "role", pluginapi.Field{Type: "string", Input: &no}, "{name: role, input: false}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, abi := range []string{"1.0", "1.1"} {
				m := guestManifest("weak")
				m.ABI, m.Fields = abi, map[string]map[string]pluginapi.Field{tt.model: {tt.field: tt.f}}
				dir := t.TempDir()
				writeGuest(t, dir, wasmtest.New(m).Handler(1))
				text := "\ntenants:\n  - {id: main, baseURL: \"http://main.example\", user: {additionalFields: [" + tt.tenant +
					"]}, plugins: [{id: weak, module: DIR/weak.wasm, grants: [random]}, {id: email-password}, {id: two-factor}]}\n"
				text = strings.ReplaceAll(text, "DIR", filepath.ToSlash(dir))
				got := ""
				if err := blueprint.Check(parseConfig(t, t.TempDir(), text), options(nil, nil).BuiltIn); err != nil {
					got = err.Error()
				}
				if name == "the engine's" && !strings.Contains(refusal(t, text), got) {
					t.Errorf("ABI %s: a start does not say %q", abi, got)
				}
				if (got == "") != (tt.want == nil) {
					t.Errorf("ABI %s: %q", abi, got)
				}
				for _, part := range append(tt.want, `plugin "weak"`) {
					if got != "" && !strings.Contains(got, part) {
						t.Errorf("ABI %s: %q does not say %q", abi, got, part)
					}
				}
			}
		})
	}
}
