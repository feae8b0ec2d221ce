package sandbox_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/authhost/authhost/engine/sandbox"
)

// TestLanguages runs the example plugins, as their compilers build them.
func TestLanguages(t *testing.T) {
	needs := map[string]string{"go": "go", "c": "clang", "rust": "/usr/bin/cargo", "assemblyscript": "npm", "wat": "wat2wasm"}
	for language, tool := range needs {
		t.Run(language, func(t *testing.T) {
			if testing.Short() && language == "go" {
				t.Skip("compiling it takes seconds, and much longer under the race detector")
			}
			wasm := example(t, language, tool)
			rt := newRuntime(t, sandbox.Config{
				Namespace: "authhost_v1", CacheDir: t.TempDir() + "/cache",
				Compiler: compileElsewhere,
			})
			m := load(t, rt, wasm)
			info := m.Info()
			if !info.Resettable || len(info.Capabilities) > 0 || len(info.Custom["authhost.manifest"]) == 0 {
				t.Errorf("info %+v", info)
			}
			for range 2 { // the second time after a reset
				checkExample(t, m)
			}
		})
	}
}

// example builds one example if it is not built yet.
func example(t *testing.T, language, tool string) []byte {
	t.Helper()
	const dir = "../../wasm-examples"
	file := filepath.Join(dir, "dist", language+".wasm")
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("needs %s", tool)
	}
	if language == "assemblyscript" {
		if _, err := os.Stat(filepath.Join(dir, language, "node_modules")); err != nil {
			t.Skip("needs npm packages: run make in wasm-examples once")
		}
	}
	cmd := exec.Command("make", "-C", dir, "--no-print-directory", language)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return s == "GOFLAGS=-race" })
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// checkExample calls both handlers of the example.
func checkExample(t *testing.T, m *sandbox.Module) {
	t.Helper()
	tests := []struct {
		handler int32
		email   string
		result  int32
		sets    []string
	}{
		{0, "ann@example.org", 0, nil},
		{0, "ann@sub.example.com", 0, nil},
		{0, "ann@Example.COM", 2, []string{"error.code=4:EMAIL_DOMAIN_NOT_ALLOWED", "error.message=4:Addresses of this domain cannot sign up"}},
		{0, "", 3, nil},
		{1, "", 0, []string{"claims.plan=4:free"}},
		{2, "", 3, nil},
	}
	for _, tt := range tests {
		h := &fakeHost{fields: map[string]string{"config": `{"blockedDomain":"example.com"}`, "config.blockedDomain": "example.com"}}
		if tt.email != "" {
			h.fields["record.email"] = tt.email
		}
		inst, err := m.Acquire(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		result, _, err := inst.Call(context.Background(), tt.handler, h, sandbox.Limits{})
		inst.Release()
		h.sets = slices.DeleteFunc(h.sets, func(set string) bool { return set == "error.status=3:400" }) // which is the default
		if err != nil || result != tt.result || !slices.Equal(h.sets, tt.sets) {
			t.Errorf("handler %d, %q: %d, %q, %v; want %d, %q", tt.handler, tt.email, result, h.sets, err, tt.result, tt.sets)
		}
	}
}
