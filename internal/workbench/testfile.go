package workbench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// ReadTests reads a file of tests. Members that tests do not have are errors,
// and so is what would be passed over in silence. Errors name the line and the
// test.
func ReadTests(path string) (*Tests, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := parseTests(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// parseTests reads tests one by one, so that an error belongs to one of them.
func parseTests(text []byte) (*Tests, error) {
	var file struct {
		Config json.RawMessage   `json:"config"`
		With   []With            `json:"with"`
		Tests  []json.RawMessage `json:"tests"`
	}
	if err := strict(text, 1, &file); err != nil {
		return nil, err
	}
	if len(file.Tests) == 0 {
		return nil, errors.New("there are no tests in it")
	}
	t := &Tests{Config: file.Config, With: file.With}
	end := 0 // of the test before
	for i, part := range file.Tests {
		start := end + bytes.Index(text[end:], part) // a RawMessage is as it was in the text
		end = start + len(part)
		test, err := parseTest(part, lineAt(text, start))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", title(part, i), err)
		}
		t.Tests = append(t.Tests, test)
	}
	return t, nil
}

// title is what errors call a test: its name, or its place if it has none.
func title(part []byte, index int) string {
	var test struct{ Name string }
	if err := json.Unmarshal(part, &test); err != nil || test.Name == "" {
		return fmt.Sprintf("tests[%d]", index)
	}
	return fmt.Sprintf("test %q", test.Name)
}

// parseTest reads a test that begins in a line.
func parseTest(part []byte, line int) (t Test, err error) {
	if err := strict(part, line, &t); err != nil {
		return t, err
	}
	if err := t.check(); err != nil {
		return t, fmt.Errorf("line %d: %w", line, err)
	}
	return t, nil
}

func (t *Test) check() error {
	if t.Name == "" {
		return errors.New("it needs a name")
	}
	if (t.Call == "") == (len(t.Steps) == 0) {
		return errors.New("it needs either call or steps")
	}
	if len(t.Steps) > 0 {
		if err := t.checkMembers(); err != nil {
			return err
		}
	}
	for _, s := range t.steps() {
		if err := s.check(); err != nil {
			return err
		}
	}
	return nil
}

// checkMembers refuses members of a call in a test with steps: nothing would
// read them.
func (t *Test) checkMembers() error {
	text, err := json.Marshal(t.Step)
	if err != nil {
		return err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil {
		return err
	}
	if names := slices.Sorted(maps.Keys(given)); len(names) > 0 {
		return fmt.Errorf("%s belongs to a step: put it into the first one, or into the one that it is for", names[0])
	}
	return nil
}

func (s *Step) check() error {
	if s.Call == "" {
		return errors.New("a step needs call")
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(s.Want, &want); err != nil || len(want) == 0 {
		return fmt.Errorf("%s: want is an object with at least one member, such as result", s.Call)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(wantable, name) {
			return fmt.Errorf("%s: want has no member %q; there are %s", s.Call, name, strings.Join(wantable, ", "))
		}
	}
	return nil
}

// wantable are the members of an Outcome that a test can ask for.
var wantable = []string{"handler", "result", "failure", "error", "response", "record", "claims", "storage", "mails", "messages", "log", "handlers"}
