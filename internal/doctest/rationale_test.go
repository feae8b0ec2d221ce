package doctest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRationale: RATIONALE.md lists the pages below docs/rationale, each
// heading of those is a question, and the package documentation of every
// package links to one of them.
func TestRationale(t *testing.T) {
	index := pages(t)[filepath.Join(root, "RATIONALE.md")]
	linked := map[string]bool{}
	for page, text := range pages(t) {
		if filepath.Base(filepath.Dir(page)) != "rationale" {
			continue
		}
		name := "docs/rationale/" + filepath.Base(page)
		linked[name] = true
		if !strings.Contains(index, "("+name+")") {
			t.Errorf("RATIONALE.md does not list %s", name)
		}
		for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(text, -1) {
			if !strings.HasSuffix(m[1], "?") {
				t.Errorf("%s: the heading %q is no question", name, m[1])
			}
		}
	}
	if len(linked) == 0 {
		t.Fatal("there are no pages")
	}
	link := regexp.MustCompile(`docs/rationale/[a-z-]+\.md`)
	for file, doc := range packageDocs(t) {
		if page := link.FindString(doc); !linked[page] {
			t.Errorf("%s does not name the page of RATIONALE.md that has the decisions of its package", file)
		}
	}
}

// packageDocs gives the package documentation in every doc.go, without test
// data and examples.
func packageDocs(t *testing.T) map[string]string {
	t.Helper()
	skipped := []string{".git", "build", "dist", "node_modules", "target", "testdata"}
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(skipped, entry.Name()):
			return filepath.SkipDir
		case entry.Name() != "doc.go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		out[path] = parsed.Doc.Text()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
