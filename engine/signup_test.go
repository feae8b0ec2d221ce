package engine_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// made are the parts of an answer to a sign-up that are new each time.
var made = regexp.MustCompile(`"(id|createdAt|updatedAt)":"[^"]*"`)

// TestSignUpTellsNothing: where a sign-up does not sign in, the answers for a
// taken and a free address are the same, to the last member.
func TestSignUpTellsNothing(t *testing.T) {
	needPlugins(t, "email-password")
	for _, setting := range []string{"requireEmailVerification: true", "autoSignIn: false"} {
		s := serve(t, `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    user: {additionalFields: [{name: plan, type: string}, {name: rank, type: string, default: low}]}
    plugins: [{id: email-password, config: {`+setting+`}}]
`)
		up := func(name, more string) string {
			t.Helper()
			body := `{"name":"Ada","email":"` + name + `@example.com","password":"` + password + `"` + more + `}`
			text := s.do(request{method: "POST", path: "/api/auth/sign-up/email", body: body}).want(t, 200, "").text
			return strings.ReplaceAll(made.ReplaceAllString(text, "$1"), name+"@", "NAME@")
		}
		up("ada", "")
		for i, more := range []string{``, `,"image":"https://app.example/a.png"`, `,"plan":"free"`, `,"callbackURL":"/a"`} {
			if taken, free := up("ada", more), up(fmt.Sprint("bob", i), more); taken != free {
				t.Errorf("%s%s: a taken address gets\n%s\na free one\n%s", setting, more, taken, free)
			}
		}
	}
}

// TestUnsetFieldsAreNull: what nobody set is null wherever a client sees it, as
// in the reference on SQL databases; what clients do not see is not there.
func TestUnsetFieldsAreNull(t *testing.T) {
	needPlugins(t, "email-password")
	s := serve(t, `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    user: {additionalFields: [{name: plan, type: string}, {name: rank, type: number, default: 1}, {name: note, type: string, returned: false}]}
    session: {additionalFields: [{name: theme, type: string}, {name: mark, type: string, returned: false}]}
    plugins: [{id: email-password}]
`)
	up := s.do(request{method: "POST", path: "/api/auth/sign-up/email", body: `{"name":"Ada","email":"ada@example.com","password":"` + password + `"}`}).want(t, 200, "")
	for _, r := range []answer{up, s.session("", up.cookie()).want(t, 200, "")} {
		for _, member := range []string{`"image":null`, `"plan":null`, `"rank":1`} {
			if !strings.Contains(r.text, member) {
				t.Errorf("no %s in %s", member, r.text)
			}
		}
		if strings.Contains(r.text, `"note"`) || strings.Contains(r.text, `"mark"`) {
			t.Errorf("hidden fields in %s", r.text)
		}
		if strings.Contains(r.text, `"session"`) && !strings.Contains(r.text, `"theme":null`) {
			t.Errorf("no theme in %s", r.text)
		}
	}
}
