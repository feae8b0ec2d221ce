package workbench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authhost/authhost/internal/workbench"
	"github.com/authhost/authhost/plugins"
)

func readTests(t *testing.T, text string) *workbench.Tests {
	t.Helper()
	tests, err := workbench.ReadTests(write(t, "tests.json", []byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

func run(t *testing.T, text string) []workbench.TestResult {
	t.Helper()
	var out []workbench.TestResult
	err := readTests(t, text).Run(t.Context(), read(t, file(t, visits())), workbench.Options{BuiltIn: plugins.Module}, func(r workbench.TestResult) { out = append(out, r) })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTests: each test has a store and settings of its own, and its steps share
// them.
func TestTests(t *testing.T) {
	const visit = `"call": "POST /visits", "request": {"body": {}}`
	results := run(t, `{"config": {"plan": "free"}, "tests": [
		{"name": "refused", "call": "user.creating", "record": {}, "want": {"result": "deny", "error": {"code": "NOBODY"}, "failure": null}},
		{"name": "its own settings", "config": {"plan": "gold"}, "call": "token.claims", "claims": {}, "want": {"claims": {"plan": "gold"}}},
		{"name": "twice", "steps": [
			{`+visit+`, "session": {}, "want": {"response": {"status": 200}, "storage": {"visit": [{"who": "ada@example.com"}]}}},
			{`+visit+`, "want": {"result": "failed", "mails": null}}]},
		{"name": "a new store", `+visit+`, "session": {}, "want": {"response": {"status": 200.0}}}
	]}`)
	if len(results) != 4 {
		t.Fatalf("results %+v", results)
	}
	for _, r := range results {
		if !r.OK {
			t.Errorf("%s: %q", r.Name, r.Faults)
		}
	}
	if len(results[2].Outcomes) != 2 {
		t.Errorf("steps %+v", results[2])
	}
}

// TestTestsWith: tests can sign users up for real.
func TestTestsWith(t *testing.T) {
	if _, err := plugins.Module("email-password"); err != nil {
		t.Skipf("%v: run make plugins", err)
	}
	for _, r := range run(t, `{"config": {"plan": "free"}, "with": [{"id": "email-password"}], "tests": [{
		"name": "nobody signs up", "call": "POST /sign-up/email",
		"request": {"body": {"name": "Eve", "email": "eve@example.com", "password": "12345678"}},
		"want": {"response": {"status": 403, "body": {"code": "NOBODY"}}, "handler": null,
			"handlers": [{"on": "user.creating", "plugin": null}, {"plugin": "email-password"}]}}]}`) {
		if !r.OK {
			t.Errorf("%s: %q", r.Name, r.Faults)
		}
	}
}

// TestTestsAboutOthers: records can belong to users who are not those of the
// session, and what an answer says of cookies holds in the next step.
func TestTestsAboutOthers(t *testing.T) {
	for _, r := range run(t, `{"config": {"plan": "free"}, "tests": [
		{"name": "another's", "call": "POST /visits", "request": {"body": {}}, "session": {},
			"users": [{"id": "bob", "email": "bob@example.com"}], "storage": {"visit": [{"who": "bob@example.com", "guest": "bob"}]},
			"want": {"response": {"status": 200}, "storage": {"visit": [{}, {}]}}},
		{"name": "out again", "steps": [
			{"call": "GET /get-session", "session": {"user": {"id": "ada"}}, "want": {"response": {"body": {"user": {"id": "ada"}}}}},
			{"call": "POST /sign-out", "want": {"response": {"status": 200, "cookies": {"session_token": ""}}}},
			{"call": "POST /visits", "request": {"body": {}}, "want": {"response": {"status": 401}}}]}
	]}`) {
		if !r.OK {
			t.Errorf("%s: %q", r.Name, r.Faults)
		}
	}
}

// TestTestsThatCannotRun: a test that is wrong fails, and those after it run.
func TestTestsThatCannotRun(t *testing.T) {
	results := run(t, `{"config": {"plan": "free"}, "tests": [
		{"name": "no settings", "config": {}, "call": "token.claims", "claims": {}, "want": {"result": "continue"}},
		{"name": "settings", "config": {"plan": 1}, "call": "token.claims", "claims": {}, "want": {"result": "continue"}},
		{"name": "nobody's", "call": "POST /visits", "storage": {"visit": [{"guest": "bob"}]}, "want": {"response": {"status": 401}}},
		{"name": "no such field", "call": "POST /visits", "users": [{"nam": "Bob"}], "want": {"response": {"status": 401}}},
		{"name": "steps", "steps": [
			{"call": "token.claims", "claims": {}, "want": {"result": "deny"}},
			{"call": "user.gone", "want": {"result": "continue"}}]},
		{"name": "right", "call": "token.claims", "claims": {}, "want": {"result": "continue"}}
	]}`)
	want := [][]string{
		{`plugin "visits": config: missing property 'plan'`},
		{"config.plan: got number, want string"},
		{`input: storage: visit.guest refers to a user that is not there; give it to "users", or "session", with this id`},
		{"input: users: store: user.nam: unknown field"},
		{`step 1, token.claims: result is "continue", want "deny"`, `step 2, user.gone: the plugin has no hook on "user.gone"`},
		nil,
	}
	if len(results) != len(want) {
		t.Fatalf("results %+v", results)
	}
	for i, r := range results {
		if r.OK != (want[i] == nil) || !slices.EqualFunc(r.Faults, want[i], strings.Contains) {
			t.Errorf("%s: %q, want %q", r.Name, r.Faults, want[i])
		}
	}
}

// TestTestsFail: what is not as wanted is told with its place.
func TestTestsFail(t *testing.T) {
	results := run(t, `{"config": {"plan": "free"}, "tests": [
		{"name": "wrong", "call": "user.creating", "record": {}, "want":
			{"result": "continue", "error": {"status": 401, "code": null, "message": "Nobody may sign up"}, "log": [], "record": {"a": {"b": 1}}}},
		{"name": "steps", "steps": [
			{"call": "token.claims", "claims": {}, "want": {"result": "continue"}},
			{"call": "5", "want": {"result": "continue"}}]}
	]}`)
	want := [][]string{
		{
			`error.code is "NOBODY", want absent`, `error.status is 403, want 401`, `log is absent, want []`,
			`record.a is absent, want {"b":1}`, `result is "deny", want "continue"`,
		},
		{`step 2, 5: result is "trap", want "continue"`},
	}
	for i, r := range results {
		if r.OK || !slices.Equal(r.Faults, want[i]) {
			t.Errorf("%s: ok %t, %q, want %q", r.Name, r.OK, r.Faults, want[i])
		}
	}
	var out strings.Builder
	results[1].Write(&out)
	if !strings.HasPrefix(out.String(), "FAIL  steps\n      step 2, 5: result is") || !strings.Contains(out.String(), "      request.before trap: trap: wasm error: unreachable\n") {
		t.Errorf("written:\n%s", out.String())
	}
}

// TestReadTestsRefuses: what is wrong with a file is told with its line and the
// test.
func TestReadTestsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"tests": []}`:    "there are no tests in it",
		`{"tests": [{]}`:   "line 1: invalid character ']'",
		`{"tests": [`:      "line 1: the text ends within the JSON value",
		`{"tests": {}}`:    "line 1: tests cannot be a JSON object",
		"{\n\"test\": []}": "line 2: there is no member \"test\"",
		`{"tests": [{"call": "x", "want": {"result": "deny"}}]}`:                                "tests[0]: line 1: it needs a name",
		`{"tests": [{"name": 1}]}`:                                                              "tests[0]: line 1: name cannot be a JSON number",
		"{\"tests\": [\n{\"name\": \"a\"}]}":                                                    `test "a": line 2: it needs either call or steps`,
		`{"tests": [{"name": "a", "call": "x", "steps": [{"call": "y"}]}]}`:                     "either call or steps",
		`{"tests": [{"name": "a", "steps": [{"want": {"result": "deny"}}]}]}`:                   "a step needs call",
		`{"tests": [{"name": "a", "call": "x"}]}`:                                               "want is an object with at least one member",
		`{"tests": [{"name": "a", "call": "x", "want": {"reslut": "deny"}}]}`:                   `want has no member "reslut"; there are`,
		"{\"tests\": [{}],\n\"tests\": [{\"name\": \"a\",\n\"recrod\": {}}]}":                   `test "a": line 3: there is no member "recrod"`,
		"{\"tests\": [{\"name\": \"a\", \"record\": {\"ip\": 1},\n\"ip\": 2}]}":                 `test "a": line 1 or 2: there is no member "ip"`,
		"{\"tests\": [{\"name\": \"a\",\n\"request\": {\"method\": 1}}]}":                       `test "a": line 2: request.method cannot be a JSON number`,
		`{"tests": [{"name": "a", "call": "x", "want": {"result": "deny"}}]}` + "\n{\"tests\"}": "line 2: there is text after the JSON value",
	} {
		if _, err := workbench.ReadTests(write(t, "tests.json", []byte(text))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if _, err := workbench.ReadTests("nowhere.json"); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestStepsOwn: what belongs to a call is refused beside steps, where nothing
// would read it.
func TestStepsOwn(t *testing.T) {
	const file = `{"tests": [{"name": "x", "config": {}, %s: %s, "steps": [{"call": "a", "want": {"result": "deny"}}]}]}`
	for member, value := range map[string]string{
		"now": `"2026-01-02T03:04:05Z"`, "request": "{}", "session": "{}", "users": "[{}]", "event": "{}", "record": "{}", "previous": "{}",
		"claims": "{}", "response": "{}", "storage": `{"visit": []}`, "want": `{"result": "continue"}`,
	} {
		text := fmt.Sprintf(file, strconv.Quote(member), value)
		want := fmt.Sprintf(`test "x": line 1: %s belongs to a step: put it into the first one, or into the one that it is for`, member)
		if _, err := workbench.ReadTests(write(t, "tests.json", []byte(text))); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// TestTestsStop: whoever ends the run hears that it did not come to its end.
func TestTestsStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	err := readTests(t, `{"tests": [{"name": "n", "call": "user.creating", "want": {"result": "deny"}}]}`).
		Run(ctx, read(t, file(t, visits())), workbench.Options{}, func(workbench.TestResult) { t.Error("there is a result") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestOutcomeJSON: what --json prints has the names that tests ask for.
func TestOutcomeJSON(t *testing.T) {
	text, err := json.Marshal(call(t, open(t, settings), "user.creating", `{"record":{"email":"a"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"call":"user.creating"`, `"handler":2`, `"result":"deny"`, `"error":{"status":403,"code":"NOBODY"`, `"record":{"email":"a"`, `"fuel":`, `"memoryKiB":64`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
}
