package workbench_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
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

func TestReadTestsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"tests": []}`: "has no tests",
		`{"tests": [{"call": "x", "want": {"result": "deny"}}]}`:                                  "tests[0] \"\": it needs a name",
		`{"tests": [{"name": "a"}]}`:                                                              `tests[0] "a": it needs either call or steps`,
		`{"tests": [{"name": "a", "call": "x", "steps": [{"call": "y"}]}]}`:                       "either call or steps",
		`{"tests": [{"name": "a", "steps": [{"want": {"result": "deny"}}]}]}`:                     "a step needs call",
		`{"tests": [{"name": "a", "call": "x"}]}`:                                                 "want is an object with at least one member",
		`{"tests": [{"name": "a", "call": "x", "want": {"reslut": "deny"}}]}`:                     `want has no member "reslut"; there are`,
		`{"tests": [{"name": "a", "call": "x", "recrod": {}, "want": {"result": "deny"}}]}`:       "recrod",
		`{"tests": [{"name": "a", "call": "x", "want": {"result": "deny"}}]} {"tests": [{}, {}]}`: "text after",
	} {
		if _, err := workbench.ReadTests(write(t, "tests.json", []byte(text))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if _, err := workbench.ReadTests("nowhere.json"); err == nil {
		t.Error("a file that is not there was read")
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
