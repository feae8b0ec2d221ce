//go:build !wasip1

package sdk

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// vectors reads a file of the ABI's test vectors.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("../pluginapi/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// scriptedHost is a Host that answers with what a test gives it, and notes what
// it was asked.
type scriptedHost struct {
	values  map[string]Value  // of Get, by path
	refused map[string]Status // of Set and Call: what is not done, by path or function
	result  string            // of Call
	asked   []string          // "get PATH", "set PATH TEXT", "CAPABILITY.FUNCTION IN"
	logged  []string
}

func (h *scriptedHost) note(format string, args ...any) {
	h.asked = append(h.asked, fmt.Sprintf(format, args...))
}

func (h *scriptedHost) Get(path string) (Kind, []byte) {
	h.note("get %s", path)
	return h.values[path].kind, []byte(h.values[path].text)
}

func (h *scriptedHost) Set(path string, kind Kind, value []byte) Status {
	switch kind {
	case KindPath:
		h.note("set %s from %s", path, value)
	case KindAbsent:
		h.note("delete %s", path)
	default:
		h.note("set %s %s", path, Value{kind, string(value)}.appendJSON(nil))
	}
	return h.refused[path]
}

func (h *scriptedHost) Call(capability, function string, in []byte) (Status, []byte) {
	name := capability + "." + function
	h.note("%s %s", name, in)
	return h.refused[name], []byte(h.result)
}

func (h *scriptedHost) Log(level Level, message string) {
	h.logged = append(h.logged, fmt.Sprintf("%d %s", level, message))
}

// handle runs a handler that no plugin registered.
func handle(h Host, f Handler) Result {
	c := NewCall(h)
	return conclude(c, f(c))
}
