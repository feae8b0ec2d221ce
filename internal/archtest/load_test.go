package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the path of the Go module at the root, and how the paths of the
// other modules begin. Package paths in rules are relative to it, whichever
// module a package is of.
const module = "github.com/authhost/authhost"

// modules are the folders of the Go modules of the repository.
var modules = []string{".", "pluginapi", "sdk"}

// pkg is a package as "go list" describes it.
type pkg struct {
	ImportPath                         string
	Name                               string
	Dir                                string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
	Deps                               []string // all that it needs, directly or not
	DepsErrors                         []struct{ Err string }
}

// path is the import path within the repository; the root is "".
func (p pkg) path() string { return rel(p.ImportPath) }

// rel shortens the import path of a package of this repository, and leaves others
// as they are.
func rel(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// standard reports whether a path is one of the standard library's: those have
// no dot in their first element.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// allImports are the imports of the package and of its tests.
func (p pkg) allImports() []string {
	all := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
	slices.Sort(all)
	return slices.Compact(all)
}

// in reports whether a path matches a pattern: the path itself, or a tree
// written "path/...".
func in(path, pattern string) bool {
	tree, isTree := strings.CutSuffix(pattern, "/...")
	return path == tree || isTree && strings.HasPrefix(path, tree+"/")
}

func inAny(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return in(path, pattern) })
}

// root is the folder of the repository, two above this package's.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// list loads packages for an operating system and architecture; "" is this
// one.
func list(t *testing.T, goos, goarch string, patterns ...string) []pkg {
	t.Helper()
	args := []string{"list", "-json=ImportPath,Name,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports,Deps,DepsErrors", "-e"}
	cmd := exec.Command("go", append(args, patterns...)...)
	cmd.Dir = root(t)
	cmd.Env = os.Environ()
	if goos != "" {
		cmd.Env = append(cmd.Env, "GOOS="+goos, "GOARCH="+goarch)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// generated are folders of the repository that hold no sources of ours.
var generated = []string{".git", "build", "data", "node_modules", ".next", ".tanstack", "dist", "conformance/reference"}

// files calls f for every file of ours whose name ends in one of the
// extensions, with its path from the repository's root.
func files(t *testing.T, extensions []string, f func(name string, data []byte)) {
	t.Helper()
	top := root(t)
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if slices.Contains(generated, name) || slices.Contains(generated, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !slices.Contains(extensions, filepath.Ext(name)) {
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil {
			f(name, data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
