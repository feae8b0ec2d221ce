package doctest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/internal/bind"
	"github.com/authhost/authhost/internal/workbench"
	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/plugins"
)

// TestTutorial does what docs/plugin-tutorial.md says: each plugin there is begun,
// passes its tests, compiles, is checked and can be configured.
func TestTutorial(t *testing.T) {
	if testing.Short() {
		t.Skip("compiling takes seconds; the whole suite does it, with SHORT=")
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "plugin-tutorial.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, marks := range map[string]map[string]string{
		"only-acme": {
			"manifest.json": `"id": "only-acme"`, "main.go": "func onlyOurDomain(", "main_test.go": "func TestOnlyOurDomain(",
			"tests.json": `"name": "our own may sign up"`, "authhost.yaml": "config: { domain: acme.example }",
		},
		"visits": {
			"manifest.json": `"id": "visits"`, "main.go": "func show(", "main_test.go": "func TestThanks(",
			"tests.json": `"name": "visits are counted`, "authhost.yaml": "config: { mailAt: 2 }",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := begin(t, name)
			for file, mark := range marks {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(snippet(t, page, mark)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			module := build(t, dir, name)
			if _, missing := plugins.Module("email-password"); missing != nil {
				t.Skip("there are no built plugins; make plugins makes them")
			}
			runTests(t, module, filepath.Join(dir, "tests.json"))
			report, err := workbench.Check(t.Context(), module, workbench.Options{})
			if err != nil || !report.OK() {
				t.Errorf("check: %+v, %v", report, err)
			}
			cfg, err := config.Load(filepath.Join(dir, "authhost.yaml"))
			if err == nil {
				err = blueprint.Check(cfg, plugins.Module)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	list := "only-acme/" + strings.Join(filesIn(t, begin(t, "only-acme")), "\nonly-acme/") + "\nnext:\n"
	if !strings.Contains(page, list) {
		t.Errorf("the page does not list\n%s", list)
	}
}

// begin begins a project in Go as "authhost plugin new" does.
func begin(t *testing.T, name string) (dir string) {
	t.Helper()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), name)
	if _, err := workbench.New(workbench.Project{Name: name, Language: "go", Dir: dir, SDK: here}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// filesIn lists the files of a project.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// build runs a plugin's tests in Go and makes its module.
func build(t *testing.T, dir, name string) (module string) {
	t.Helper()
	if _, err := bind.Write(dir); err != nil {
		t.Fatal(err)
	}
	module = filepath.Join(dir, name+".wasm")
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
	return module
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
	err = tests.Run(t.Context(), m, workbench.Options{BuiltIn: plugins.Module}, func(r workbench.TestResult) {
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
