package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"testing"
)

// maxComplexity bounds the cyclomatic complexity of a plugin's function: one
// more than the decisions in it (T. J. McCabe, A Complexity Measure, 1976).
const maxComplexity = 15

// bounded are the packages whose functions it bounds: authors of plugins read
// them to learn how it is done.
var bounded = []string{"plugins/...", "wasm-examples/...", "sdk/kit"}

func TestComplexity(t *testing.T) {
	looked := 0
	for _, s := range sources(t) {
		if s.test() || ast.IsGenerated(s.file) || !inAny(path.Dir(s.name), bounded) {
			continue
		}
		for _, f := range functions(s.file) {
			looked++
			if n := complexity(f); n > maxComplexity {
				t.Errorf("%s:%d: the function has a cyclomatic complexity of %d; above %d, name its steps", s.name, s.line(f.Pos()), n, maxComplexity)
			}
		}
	}
	if looked < 200 {
		t.Errorf("looked at %d functions", looked)
	}
}

// functions lists the functions and methods of a file, and the function
// literals outside of them. Those within one count as a part of it.
func functions(f *ast.File) []ast.Node {
	var all []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			all = append(all, n)
			return false
		}
		return true
	})
	return all
}

// complexity is 1, and 1 more for each if, loop and case, and for each && and
// ||.
func complexity(f ast.Node) int {
	n := 1
	ast.Inspect(f, func(x ast.Node) bool {
		switch x := x.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if x.List != nil { // not the default
				n++
			}
		case *ast.CommClause:
			if x.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

func TestComplexityCounts(t *testing.T) {
	for body, want := range map[string][]int{
		`func f() {}`: {1},
		`func f() { if a { } else if b { } else { } }`:        {3},
		`func f() { for { for range x { } } }`:                {3},
		`func f() { switch { case a, b: case c: default: } }`: {3},
		`func f() { switch x.(type) { case int: } }`:          {2},
		`func f() { select { case <-c: default: } }`:          {2},
		`func f() bool { return a && b || !c }`:               {3},
		`func f() { go func() { if a { } }() }`:               {2},
		`func (t T) f() { if a { } }; func g() { }`:           {2, 1},
		`var x = []func(){func() { if a { } }, func() { }}`:   {2, 1},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "f.go", "package p\n"+body, 0)
		if err != nil {
			t.Fatal(err)
		}
		found := functions(file)
		if len(found) != len(want) {
			t.Errorf("%s: %d functions, want %d", body, len(found), len(want))
			continue
		}
		for i, f := range found {
			if got := complexity(f); got != want[i] {
				t.Errorf("%s: function %d has %d, want %d", body, i, got, want[i])
			}
		}
	}
}
