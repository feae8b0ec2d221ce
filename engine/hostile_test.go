package engine_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// hostile is what the endpoints of the hostile plugin do, by path.
func hostile() map[string][]wasmtest.Step {
	user := `{"user":{"email":"%s@example.com","name":"Eve"},"account":{"providerId":"credential","password":"correct-horse-1"}}`
	create := func(name string) wasmtest.Step {
		return wasmtest.Call("identity", "createUser", fmt.Sprintf(user, name))
	}
	return map[string][]wasmtest.Step{
		"/loop":                {wasmtest.Forever()},
		"/call-loop":           {wasmtest.Forever(wasmtest.Get("request.path"))},
		"/grow-loop":           {wasmtest.Forever(wasmtest.Grow())},
		"/write-loop":          {wasmtest.Forever(wasmtest.Set("response.body.-", strings.Repeat("x", 1000)))},
		"/trap":                {wasmtest.Trap()},
		"/path-past-the-end":   {wasmtest.GetAt(-1, 100, 0, 0)},
		"/path-overflow":       {wasmtest.GetAt(0x7fffffff, 0x7fffffff, 0, 0)},
		"/result-past-the-end": {wasmtest.GetAt(0, 1, -8, 64)},
		"/trap-in-work":        {create("trap-in-work"), wasmtest.Must(), wasmtest.Trap()},
		"/loop-in-work":        {create("loop-in-work"), wasmtest.Must(), wasmtest.Forever()},
		"/unknown-result":      {create("unknown-result"), wasmtest.Must(), wasmtest.Return(77)},
	}
}

// TestHostilePlugin calls a plugin that does its worst in a running server: its
// own requests fail with a generic answer and leave nothing behind, the audit
// log has the reason, and everybody else is served.
func TestHostilePlugin(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	endpoints := hostile()
	m := &pluginapi.Manifest{ID: "hostile", Capabilities: []pluginapi.Capability{{Name: "identity", Write: []string{"user", "account"}}}}
	number := int32(0)
	numbers := map[string]int32{}
	for path := range endpoints {
		number++
		numbers[path] = number
		m.Handlers = append(m.Handlers, pluginapi.Handler{Number: number, Kind: pluginapi.KindEndpoint, Method: http.MethodGet, Path: path})
	}
	recursion := number + 1
	m.Handlers = append(m.Handlers, pluginapi.Handler{Number: recursion, Kind: pluginapi.KindEndpoint, Method: http.MethodGet, Path: "/recursion"})
	guest := wasmtest.New(m)
	for path, steps := range endpoints {
		guest.Handler(numbers[path], steps...)
	}
	guest.Handler(recursion, wasmtest.Recurse(recursion))
	s := serve(t, oneTenant+"      - {id: hostile, module: DIR/hostile.wasm, grants: [identity], limits: {fuel: 20000000, wallMs: 2000}}\n", guest)
	for _, handler := range m.Handlers {
		name := strings.TrimPrefix(handler.Path, "/")
		t.Run(name, func(t *testing.T) {
			a := s.do(request{method: http.MethodGet, path: "/api/auth" + handler.Path})
			if a.status != http.StatusInternalServerError || a.text != `{"message":"Internal server error","code":"INTERNAL_SERVER_ERROR"}` {
				t.Errorf("answered %d %.200s", a.status, a.text)
			}
			in := s.do(request{method: http.MethodPost, path: "/api/auth/sign-in/email", body: `{"email":"` + name + `@example.com","password":"correct-horse-1"}`})
			if in.status != http.StatusUnauthorized {
				t.Errorf("it left a user, or nobody is served any more: %d %s", in.status, in.text)
			}
		})
	}
	log, err := os.ReadFile(filepath.Join(s.dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), `"plugin":"hostile"`); n < len(m.Handlers) {
		t.Errorf("the audit log has %d of %d failures:\n%s", n, len(m.Handlers), log)
	}
}
