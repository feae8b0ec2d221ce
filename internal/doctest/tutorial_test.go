package doctest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/internal/bind"
	"github.com/authhost/authhost/internal/workbench"
	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/plugins"
)

// TestTutorial does what docs/plugin-tutorial.md says, up to the module: the
// plugin there is begun, passes its tests, compiles and can be configured.
func TestTutorial(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "plugin-tutorial.md"))
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "only-acme")
	files, err := workbench.New(workbench.Project{Name: "only-acme", Language: "go", Dir: dir, SDK: here})
	if err != nil {
		t.Fatal(err)
	}
	if list := "only-acme/" + strings.Join(files, "\nonly-acme/") + "\nnext:\n"; !strings.Contains(string(page), list) {
		t.Errorf("the page does not list\n%s", list)
	}
	for name, mark := range map[string]string{
		"manifest.json": `"id": "only-acme"`, "main.go": "func onlyOurDomain(", "main_test.go": "func TestOnlyOurDomain(",
		"tests.json": `"name": "our own may sign up"`, "authhost.yaml": "config: { domain: acme.example }",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(snippet(t, string(page), mark)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := bind.Write(dir); err != nil {
		t.Fatal(err)
	}
	module := filepath.Join(dir, "only-acme.wasm")
	for _, command := range []string{"test ./...", "build -buildmode=c-shared -o " + module + " ."} {
		c := exec.Command("go", strings.Fields(command)...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off")
		if strings.HasPrefix(command, "build") {
			c.Env = append(c.Env, "GOOS=wasip1", "GOARCH=wasm")
		}
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", command, err, out)
		}
	}
	pack(t, module, filepath.Join(dir, "manifest.json"))
	runTests(t, module, filepath.Join(dir, "tests.json"))
	cfg, err := config.Load(filepath.Join(dir, "authhost.yaml"))
	if err == nil {
		err = engine.Check(cfg, plugins.Module)
	}
	if _, missing := plugins.Module("email-password"); err != nil && missing == nil {
		t.Error(err)
	}
}

// pack puts a manifest into a module.
func pack(t *testing.T, module, manifest string) {
	t.Helper()
	wasm, err1 := os.ReadFile(module)
	text, err2 := os.ReadFile(manifest)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	packed, err := pluginapi.PackModule(wasm, text)
	if err == nil {
		err = os.WriteFile(module, packed, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// runTests runs a plugin's tests in the sandbox.
func runTests(t *testing.T, module, file string) {
	t.Helper()
	m, err := workbench.Read(module)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := workbench.ReadTests(file)
	if err != nil {
		t.Fatal(err)
	}
	err = tests.Run(t.Context(), m, workbench.Options{}, func(r workbench.TestResult) {
		if !r.OK {
			t.Errorf("%s: %q", r.Name, r.Faults)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// snippet is the first block of code of a page that contains mark.
func snippet(t *testing.T, page, mark string) string {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)```[a-z]+\n(.*?)```").FindAllStringSubmatch(page, -1) {
		if strings.Contains(m[1], mark) {
			return m[1]
		}
	}
	t.Fatalf("no block of code contains %s", mark)
	return ""
}
