package doctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTutorial does what docs/plugin-tutorial.md says, up to the module: the
// plugin there passes its test and compiles.
func TestTutorial(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "plugin-tutorial.md"))
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, mark := range map[string]string{
		"manifest.json": `"id": "only-acme"`, "main.go": "func onlyOurDomain(", "main_test.go": "func TestOnlyOurDomain(",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(snippet(t, string(page), mark)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range []string{
		"mod init example.com/only-acme",
		"mod edit -require github.com/authhost/authhost@v0.0.0 -replace github.com/authhost/authhost=" + here,
		"mod tidy",
		"test ./...",
		"build -buildmode=c-shared -o only-acme.wasm .",
	} {
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
