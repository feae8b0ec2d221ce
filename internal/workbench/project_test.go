package workbench_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/internal/workbench"
	examples "github.com/authhost/authhost/wasm-examples"
)

// root is the folder of the repository.
const root = "../.."

// TestProjectIsExample: a project is the example in its language, every file
// of it, with another name.
func TestProjectIsExample(t *testing.T) {
	for _, language := range workbench.Languages() {
		t.Run(language, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new")
			files, err := workbench.New(workbench.Project{Name: "my-rule", Language: language, Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			want := sources(t, filepath.Join(root, "wasm-examples", language))
			if language == "go" {
				want = append(want, "go.mod")
			}
			slices.Sort(want)
			if !slices.Equal(files, want) {
				t.Errorf("files %q, want %q", files, want)
			}
			for _, name := range files {
				text, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil || len(text) == 0 || bytes.Contains(text, []byte("signup-rule")) {
					t.Errorf("%s: %v\n%s", name, err, text)
				}
			}
			readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"# my-rule\n", "make check ", "make test ", "make serve ", "authhost plugin call my-rule.wasm"} {
				if !strings.Contains(string(readme), command) {
					t.Errorf("README.md does not have %q", command)
				}
			}
		})
	}
}

// sources lists the files of an example that are not made from others.
func sources(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := d.Name(); {
		case d.IsDir() && (name == "node_modules" || name == "target" || name == "data"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(name) == ".wasm":
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		out = append(out, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestExamplesAreAlike: what does not depend on the language is the same in
// each.
func TestExamplesAreAlike(t *testing.T) {
	for _, name := range []string{"manifest.json", "tests.json", "authhost.yaml"} {
		var first []byte
		for _, language := range workbench.Languages() {
			files, err := examples.Project(language)
			if err != nil {
				t.Fatal(err)
			}
			text, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.ReplaceAll(text, []byte(examples.Name(language)), nil)
			if first == nil {
				first = text
			}
			if !bytes.Equal(first, text) {
				t.Errorf("%s of %s is not that of %s", name, language, workbench.Languages()[0])
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "manifest.json"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		project workbench.Project
		want    string
	}{
		{workbench.Project{Name: "My rule", Language: "c"}, "is no name for a plugin"},
		{workbench.Project{Name: "2fa", Language: "c"}, "with a letter first"},
		{workbench.Project{Name: "rule-", Language: "c"}, "is no name for a plugin"},
		{workbench.Project{Name: "../rule", Language: "c"}, "is no name for a plugin"},
		{workbench.Project{Name: strings.Repeat("a", 41), Language: "c"}, "at most 40"},
		{workbench.Project{Name: "engine", Language: "c"}, "reserved"},
		{workbench.Project{Name: "convex", Language: "c", Taken: []string{"convex"}}, "comes with authhost"},
		{workbench.Project{Name: "rule"}, "--lang: go, c, rust, assemblyscript, wat"},
		{workbench.Project{Name: "rule", Language: "cobol"}, `no example in "cobol"`},
		{workbench.Project{Name: "rule", Language: "rust", SDK: root}, "--sdk is for Go"},
		{workbench.Project{Name: "rule", Language: "go", SDK: full}, "no checkout of authhost"},
		{workbench.Project{Name: "rule", Language: "go", SDK: filepath.Join(full, "nowhere")}, "no checkout of authhost"},
		{workbench.Project{Name: "rule", Language: "c", Dir: full}, "manifest.json is there already"},
	} {
		if tt.project.Dir == "" {
			tt.project.Dir = filepath.Join(t.TempDir(), "new")
		}
		before := sources(t, full)
		if _, err := workbench.New(tt.project); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %s", tt.project, err, tt.want)
		}
		if _, err := os.Stat(tt.project.Dir); tt.project.Dir != full && err == nil {
			t.Errorf("%+v: something was written", tt.project)
		}
		if after := sources(t, full); !slices.Equal(before, after) {
			t.Errorf("%+v: files %q", tt.project, after)
		}
	}
}

// TestGoMod: go.mod names a release, or where the SDK is, and README.md says how it
// is told so.
func TestGoMod(t *testing.T) {
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	way, err := filepath.Rel(dir, checkout)
	if err != nil {
		t.Fatal(err)
	}
	require := func(version string) string {
		return "require github.com/authhost/authhost/sdk " + version + "\n\nrequire github.com/authhost/authhost/pluginapi " + version + " // indirect\n"
	}
	replace := func(at string) string {
		return "\nreplace github.com/authhost/authhost/sdk => " + at + "/sdk\n\nreplace github.com/authhost/authhost/pluginapi => " + at + "/pluginapi\n"
	}
	for _, tt := range []struct {
		version, sdk, want string
		replace, download  bool // needed before it builds
	}{
		{"v1.2.3", "", require("v1.2.3"), false, true},
		{"devel-0123456789ab", "", require("v0.0.0"), true, false},
		{"v0.0.0-20260102030405-0123456789ab", "", require("v0.0.0"), true, false},
		{"v1.2.3", checkout, require("v0.0.0") + replace(filepath.ToSlash(checkout)), false, false},
		{"devel", root, require("v0.0.0") + replace(filepath.ToSlash(way)), false, false},
	} {
		at := "../authhost" // as if the checkout were beside the project
		if _, after, ok := strings.Cut(tt.want, "sdk => "); ok {
			at, _, _ = strings.Cut(after, "/sdk\n")
		}
		p := workbench.Project{Name: "rule", Language: "go", Dir: dir, Version: tt.version, SDK: tt.sdk}
		if _, err := workbench.New(p); err != nil {
			t.Fatal(err)
		}
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(mod), tt.want) || p.NeedsReplace() != tt.replace || p.NeedsDownload() != tt.download {
			t.Errorf("version %s, SDK %q: needs replace %t, download %t, go.mod:\n%s", tt.version, tt.sdk, p.NeedsReplace(), p.NeedsDownload(), mod)
		}
		readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		edit := "-replace github.com/authhost/authhost/sdk=" + at + "/sdk \\\n  -replace github.com/authhost/authhost/pluginapi=" + at + "/pluginapi\n"
		if !strings.Contains(string(readme), edit) {
			t.Errorf("SDK %q: README.md does not have %q", tt.sdk, edit)
		}
		own, err := os.ReadFile(filepath.Join(root, "sdk", "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if line := goLine(string(own)); line == "" || goLine(string(mod)) != line {
			t.Errorf("go.mod of a project says %q, that of the SDK %q", goLine(string(mod)), line)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func goLine(mod string) string {
	for line := range strings.Lines(mod) {
		if strings.HasPrefix(line, "go ") {
			return line
		}
	}
	return ""
}
