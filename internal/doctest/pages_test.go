package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/pluginapi"
)

// pages gives every page of the documentation by its path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/rationale/*.md", "pluginapi/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v, %v", pattern, paths, err)
		}
		for _, p := range paths {
			text, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			out[p] = string(text)
		}
	}
	return out
}

// TestLinks: a link into the repository leads somewhere, headings included.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for page, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			name, fragment, _ := strings.Cut(m[1], "#")
			target := page
			if name != "" {
				target = filepath.Join(filepath.Dir(page), name)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
			} else if fragment != "" && !anchors(t, target)[fragment] {
				t.Errorf("%s: %s has no heading for #%s", page, target, fragment)
			}
		}
	}
}

// anchors gives the names under which headings can be reached.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	heading, dropped := regexp.MustCompile(`(?m)^#+ (.+)$`), regexp.MustCompile("[^a-z0-9 _-]")
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		out[strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

// TestNamedTests: a test that a page names, as in `engine/httpapi TestCSRF`,
// is there.
func TestNamedTests(t *testing.T) {
	named := regexp.MustCompile("`([a-z0-9/-]+) ((?:Test|Fuzz)[A-Za-z0-9]+)`")
	found := 0
	for page, text := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			found++
			if !hasTest(t, m[1], m[2]) {
				t.Errorf("%s: %s has no %s", page, m[1], m[2])
			}
		}
	}
	if found == 0 {
		t.Error("no page names a test")
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(") {
			return true
		}
	}
	return false
}

// TestConfigurations: a whole configuration in a page passes its check.
func TestConfigurations(t *testing.T) {
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	secrets := func(string) (string, bool) { return "ZqJ4m0Vd8wXhR2uK7tYpL5sCgB9nEaF3", true }
	for page, text := range pages(t) {
		for _, m := range block.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], "tenants:") {
				continue // a part of one
			}
			source := regexp.MustCompile(`file:[^\s},\]]+`).ReplaceAllString(m[1], `"${A_SECRET}"`)
			if _, err := config.Parse(page, []byte(source), secrets); err != nil {
				t.Errorf("%s: %v\n%s", page, err, source)
			}
		}
	}
}

// TestPermissionsArePlain: what each permission gives away is told to operators.
func TestPermissionsArePlain(t *testing.T) {
	text := pages(t)[filepath.Join(root, "docs", "security.md")]
	for _, name := range pluginapi.PermissionNames() {
		if !strings.Contains(text, "\n| `"+name+"` | ") {
			t.Errorf("docs/security.md does not say what a plugin cannot do without %q", name)
		}
	}
}

// TestMap: docs/README.md lists every package of the engine.
func TestMap(t *testing.T) {
	text := pages(t)[filepath.Join(root, "docs", "README.md")]
	entries, err := os.ReadDir(filepath.Join(root, "engine"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "testdata" && !regexp.MustCompile(`(?m)^  ([a-z]+, )*`+e.Name()+`\b`).MatchString(text) {
			t.Errorf("docs/README.md does not list engine/%s", e.Name())
		}
	}
}
