//go:build unix

package pluginapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

// hooks returns a manifest with n hooks, with names, on one event.
func hooks(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"id":"many","version":"1.0.0","abi":"1.1","handlers":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"handler":"h%d","kind":"hook","event":"user.created"}`, i)
	}
	b.WriteString("]}")
	return []byte(b.String())
}

// A manifest of the size that is read at most is refused, or checked, at once.
func TestManyMembers(t *testing.T) {
	start := processorTime(t)
	m, err := pluginapi.ParseManifest(hooks(17_000))
	if err != nil {
		t.Fatal(err)
	}
	err = m.Validate()
	if want := fmt.Sprintf("handlers: 17000 are more than the %d that are allowed", pluginapi.MaxHandlers); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("17,000 hooks: %.200v, want %q", err, want)
	}
	if m, err = pluginapi.ParseManifest(hooks(pluginapi.MaxHandlers)); err == nil {
		err = m.Validate()
	}
	if err != nil {
		t.Errorf("%d hooks: %.200v", pluginapi.MaxHandlers, err)
	}
	if took := processorTime(t) - start; took > 5*time.Second {
		t.Errorf("that took %s of a processor", took)
	}
}

// processorTime is what this process has used.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano())
}

func TestTooManyMembers(t *testing.T) {
	list := func(n int, element string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
	}
	named := func(n int, value string) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`"m%d":%s`, i, value))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	for at, member := range map[string]string{
		"capabilities":      `"capabilities":` + list(65, `{"name":"random"}`),
		"capabilities[0]":   `"capabilities":[{"name":"http","hosts":` + list(501, `"a.example.com"`) + `}]`,
		"models":            `"models":` + named(101, `{"fields":{"a":{"type":"string"}}}`),
		"models.m0.fields":  `"models":{"m0":{"fields":` + named(201, `{"type":"string"}`) + `}}`,
		"models.m0.indexes": `"models":{"m0":{"fields":{"a":{"type":"string"}},"indexes":` + list(51, `{"fields":["a"]}`) + `}}`,
		"fields.user":       `"fields":{"user":` + named(201, `{"type":"string"}`) + `}`,
		"errors":            `"errors":` + named(501, `"x"`),
		"cookies":           `"cookies":` + list(101, `{"name":"a"}`),
		"handlers[0]":       `"handlers":[{"number":1,"kind":"hook","event":"user.created","match":{"paths":` + list(501, `"/a"`) + `}}]`,
	} {
		m, err := pluginapi.ParseManifest([]byte(`{"id":"many","version":"1.0.0","abi":"1.1",` + member + `}`))
		if err == nil {
			err = m.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), "manifest: "+at+": ") || !strings.Contains(err.Error(), "more than the") {
			t.Errorf("%s: %.200v", at, err)
		}
	}
}

// Each member of each first-party manifest counts in its own case only.
func TestMembersMatchByCase(t *testing.T) {
	files, err := filepath.Glob("../plugins/*/manifest.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pluginapi.ParseManifest(text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, member := range []string{"handlers", "id", "capabilities", "event", "session", "path", "kind", "name"} {
			other := strings.Replace(string(text), `"`+member+`":`, `"`+strings.ToUpper(member[:1])+member[1:]+`":`, 1)
			if other == string(text) {
				continue
			}
			m, err := pluginapi.ParseManifest([]byte(other))
			if err == nil && m.Validate() == nil {
				t.Errorf("%s with %q in another case is accepted", file, member)
			}
		}
	}
}

func TestNamesInAnotherCase(t *testing.T) {
	const around = `{"id":"p","version":"1.0.0","abi":"1.1","handlers":[{"number":1,"kind":"endpoint","method":"POST","path":"/p"%s}]%s}`
	for name, tt := range map[string]struct{ handler, top, want string }{
		"at the top":         {"", `,"Capabilities":[{"name":"random"}]`, `the member "Capabilities" is written "capabilities"`},
		"in a handler":       {`,"Session":"required"`, "", `the member "Session" is written "session"`},
		"in a capability":    {"", `,"capabilities":[{"NAME":"random"}]`, `the member "NAME" is written "name"`},
		"in a field":         {"", `,"fields":{"user":{"Role":{"type":"string","Input":false}}}`, `the member "Input" is written "input"`},
		"in an error":        {"", `,"errors":{"A":{"Status":400,"message":"a"}}`, `the member "Status" is written "status"`},
		"another name":       {"", `,"Sessions":1`, `there is no member "Sessions"`},
		"names of one's own": {"", `,"models":{"Handlers":{"fields":{"Name":{"type":"string"}}}}`, ""},
		"settings":           {"", `,"config":{"type":"object","properties":{"Name":{"type":"string"}}}`, ""},
	} {
		_, err := pluginapi.ParseManifest(fmt.Appendf(nil, around, tt.handler, tt.top))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if _, err := pluginapi.ParseSchema(json.RawMessage(`{"type":"object","properties":{"A":{"type":"string","MaxLength":3}}}`)); err == nil || !strings.Contains(err.Error(), `"MaxLength" is written "maxLength"`) {
		t.Errorf("a schema: %v", err)
	}
}
