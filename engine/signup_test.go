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
