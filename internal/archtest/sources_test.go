package archtest

import (
	"bytes"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Bounds of what one reads at once. Files are mostly below 400 lines and
// functions below 60; these are for the rest.
const (
	maxFileLines = 600 // of a Go file that is no test
	maxFuncLines = 80  // likewise
)

// source is one parsed Go file.
type source struct {
	name string // from the repository's root
	text []byte
	file *ast.File
	set  *token.FileSet
}

func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s source) line(p token.Pos) int { return s.set.Position(p).Line }

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	files(t, []string{".go"}, func(name string, data []byte) {
		if strings.Contains(name, "/testdata/") {
			return
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, data, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{name, data, f, set})
	})
	if len(all) < 100 {
		t.Fatalf("found %d Go files", len(all))
	}
	return all
}

func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || ast.IsGenerated(s.file) {
			continue
		}
		if n := bytes.Count(s.text, []byte("\n")); n > maxFileLines {
			t.Errorf("%s has %d lines; above %d, split it by what its parts do", s.name, n, maxFileLines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := s.line(f.End()) - s.line(f.Pos()) + 1; n > maxFuncLines {
				t.Errorf("%s:%d: %s has %d lines; above %d, name its steps", s.name, s.line(f.Pos()), f.Name, n, maxFuncLines)
			}
		}
	}
}

// TestNoLeftovers: what is not done yet is not in the sources; what was left
// out on purpose is said where users read it.
func TestNoLeftovers(t *testing.T) {
	leftover := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)
	files(t, []string{".go", ".mjs", ".js", ".ts", ".md", ".yaml", ".sh"}, func(name string, data []byte) {
		for i, line := range bytes.Split(data, []byte("\n")) {
			if leftover.Match(line) {
				t.Errorf("%s:%d: %s", name, i+1, bytes.TrimSpace(line))
			}
		}
	})
}

// TestPackageDocs: a library's doc.go says what the package owns, who its
// neighbours are, and gives an example. A program's says how to run it; it may
// be in main.go.
func TestPackageDocs(t *testing.T) {
	type docs struct {
		program bool
		text    string
	}
	all := map[string]*docs{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		dir := path.Dir(s.name)
		if all[dir] == nil {
			all[dir] = &docs{}
		}
		d, program := all[dir], s.file.Name.Name == "main"
		d.program = d.program || program
		if s.file.Doc == nil {
			continue
		}
		if base := path.Base(s.name); base != "doc.go" && !(program && base == "main.go") {
			t.Errorf("%s: the package's comment belongs into doc.go", s.name)
		}
		d.text = s.file.Doc.Text()
	}
	for dir, d := range all {
		switch {
		case d.text == "":
			t.Errorf("%s: the package has no comment", dir)
		case !d.program && !hasExample(d.text):
			t.Errorf("%s/doc.go: give an example, as an indented block", dir)
		}
	}
}

func hasExample(text string) bool {
	var p comment.Parser
	return slices.ContainsFunc(p.Parse(text).Content, func(b comment.Block) bool {
		_, code := b.(*comment.Code)
		return code
	})
}

// conventional are methods whose meaning is that of the interface they
// implement.
var conventional = []string{"Error", "Unwrap", "Is", "String", "Read", "Write", "Close", "ServeHTTP", "MarshalJSON", "UnmarshalJSON", "LogValue"}

// TestExportsDocumented: every exported function, method and type says what it
// means.
func TestExportsDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !(d.Recv != nil && slices.Contains(conventional, d.Name.Name)) {
					t.Errorf("%s:%d: %s has no comment", s.name, s.line(d.Pos()), d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if ts, ok := spec.(*ast.TypeSpec); ok && ts.Name.IsExported() && ts.Doc == nil && d.Doc == nil {
						t.Errorf("%s:%d: %s has no comment", s.name, s.line(ts.Pos()), ts.Name)
					}
				}
			}
		}
	}
}

// exportedReceiver reports whether a function is none of an unexported type.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !exported {
			exported = id.IsExported()
		}
		return !exported
	})
	return exported
}

// TestNoHiddenState: two engines in one process share nothing, and importing a
// package does nothing. Package variables of the engine are tables and errors
// that nothing assigns to.
func TestNoHiddenState(t *testing.T) {
	vars := map[string]map[string]bool{} // folder → names
	var engine []source
	for _, s := range sources(t) {
		if s.test() || !in(path.Dir(s.name), "engine/...") && !in(path.Dir(s.name), "pluginapi") {
			continue
		}
		engine = append(engine, s)
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d: init runs for everyone who imports the package", s.name, s.line(f.Pos()))
			}
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if stateful(v) {
					t.Errorf("%s:%d: package variable %s holds state", s.name, s.line(v.Pos()), v.Names[0])
				}
				for _, n := range v.Names {
					dir := path.Dir(s.name)
					if vars[dir] == nil {
						vars[dir] = map[string]bool{}
					}
					vars[dir][n.Name] = true
				}
			}
		}
	}
	for _, s := range engine {
		ast.Inspect(s.file, func(n ast.Node) bool {
			for _, target := range assigned(n) {
				// The parser resolves names within a file: one that it knows as
				// anything but a package variable is a local one.
				id := rootIdent(target)
				if id != nil && id.Name != "_" && vars[path.Dir(s.name)][id.Name] && (id.Obj == nil || s.file.Scope.Lookup(id.Name) == id.Obj) {
					t.Errorf("%s:%d: package variable %s is assigned to", s.name, s.line(id.Pos()), id.Name)
				}
			}
			return true
		})
	}
}

// stateful reports whether a variable's type or value is made to change.
func stateful(v *ast.ValueSpec) bool {
	found := false
	look := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ChanType:
			found = true
		case *ast.SelectorExpr:
			id, ok := n.X.(*ast.Ident)
			found = found || ok && (id.Name == "sync" || id.Name == "atomic")
		}
		return !found
	}
	if v.Type != nil {
		ast.Inspect(v.Type, look)
	}
	for _, value := range v.Values {
		ast.Inspect(value, look)
	}
	return found
}

func assigned(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	}
	return nil
}

// rootIdent is the variable that an assignment's left side starts with.
func rootIdent(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.IndexExpr:
		return rootIdent(e.X)
	case *ast.SelectorExpr:
		return rootIdent(e.X)
	case *ast.StarExpr:
		return rootIdent(e.X)
	case *ast.ParenExpr:
		return rootIdent(e.X)
	}
	return nil
}

// TestNoSleeps: a test that sleeps is slow, and fails on a busy machine.
// testing/synctest gives time that passes when nothing runs.
func TestNoSleeps(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && sel.Sel.Name == "Sleep" && !bytes.Contains(s.text, []byte("testing/synctest")) {
				t.Errorf("%s:%d: time.Sleep in a test", s.name, s.line(n.Pos()))
			}
			return true
		})
	}
}

// TestNoLocalPaths: the sources name no folder of the machine that they were
// written on.
func TestNoLocalPaths(t *testing.T) {
	local := regexp.MustCompile(`(/home/[a-z]+|/root|/work|/Users/[A-Za-z]+)/`)
	files(t, []string{".go", ".mjs", ".md", ".yaml", ".sh", ".json", ".txtar"}, func(name string, data []byte) {
		if filepath.Base(name) == "package-lock.json" {
			return
		}
		if m := local.Find(data); m != nil && name != "internal/archtest/sources_test.go" {
			t.Errorf("%s: contains %s", name, m)
		}
	})
}
