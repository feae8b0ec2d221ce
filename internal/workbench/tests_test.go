package workbench_test

import (
	"encoding/json"
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
		`{"tests": []}`:              "has no tests",
		`{"tests": [{"name": "a"}]}`: `tests[0] "a": it needs either call or steps`,
		`{"tests": [{"call": "x", "steps": [{"call": "y"}]}]}`:                       "either call or steps",
		`{"tests": [{"steps": [{"want": {"result": "deny"}}]}]}`:                     "a step needs call",
		`{"tests": [{"call": "x"}]}`:                                                 "want is an object with at least one member",
		`{"tests": [{"call": "x", "want": {"reslut": "deny"}}]}`:                     `want has no member "reslut"; there are`,
		`{"tests": [{"call": "x", "recrod": {}, "want": {"result": "deny"}}]}`:       "recrod",
		`{"tests": [{"call": "x", "want": {"result": "deny"}}]} {"tests": [{}, {}]}`: "text after",
	} {
		if _, err := workbench.ReadTests(write(t, "tests.json", []byte(text))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if _, err := workbench.ReadTests("nowhere.json"); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestTestsStop: a test that cannot be made is no test that fails.
func TestTestsStop(t *testing.T) {
	for text, want := range map[string]string{
		`{"tests": [{"name": "n", "call": "user.creating", "want": {"result": "deny"}}]}`:                    `test "n": plugin "visits": config: missing property`,
		`{"config": {"plan": "x"}, "tests": [{"name": "n", "call": "nothing", "want": {"result": "deny"}}]}`: `test "n": the plugin has no hook on "nothing"`,
	} {
		err := readTests(t, text).Run(t.Context(), read(t, file(t, visits())), workbench.Options{}, func(workbench.TestResult) { t.Error("there is a result") })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
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
