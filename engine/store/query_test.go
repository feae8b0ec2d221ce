package store

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
)

// FuzzSearchKey compares searches in keys, with an id at their end, with
// searches in texts.
func FuzzSearchKey(f *testing.F) {
	for _, seed := range [][3]string{{"Ada Lovelace", "LACE", "id"}, {"", "", "x"}, {"a\x00b", "\x00", "b"}, {"x", "\x01id", "id"}, {"a\x00\x01", "\x01", "\x01"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, text, needle, id string) {
		text, needle = strings.ToValidUTF8(text, ""), strings.ToValidUTF8(needle, "")
		folded, want := Fold(text), Fold(needle)
		if len(folded)+strings.Count(folded, "\x00") > MaxSearched {
			t.Skip("of longer texts only a part is searched")
		}
		key := append(appendFolded(nil, document.Text(text)), id...)
		for op, found := range map[Operator]bool{
			Contains: strings.Contains(folded, want), StartsWith: strings.HasPrefix(folded, want), EndsWith: strings.HasSuffix(folded, want),
		} {
			c := test{op: op, needle: appendNeedle(nil, want)}
			if got := c.found(key); got != found {
				t.Errorf("%q %s %q: %v", text, op, needle, got)
			}
		}
	})
}

// FuzzCursor gives queries and selections cursors that they did not make.
func FuzzCursor(f *testing.F) {
	catalog, err := NewCatalog(Schema{Models: []Model{{Name: "user", Fields: []Field{
		{Name: "email", Type: String, Unique: true, Fold: true}, {Name: "age", Type: Number, Index: true}, {Name: "name", Type: String},
	}}}})
	if err != nil {
		f.Fatal(err)
	}
	for _, sort := range []string{"id", "email", "age", "name"} {
		p, err := catalog.plan(Selection{Model: "user", Sort: sort})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.cursor(NewRecord("u1", document.NewObject(1).Set("name", document.Text("Ada")))))
	}
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, desc := range []bool{false, true} {
			for _, name := range []string{"id", "email", "age"} {
				s, err := catalog.Scan(Query{Model: "user", Index: name, Desc: desc, Cursor: cursor})
				if err == nil && name == "id" && !utf8.Valid(s.From) {
					t.Errorf("a scan of ids from %q", s.From)
				}
			}
			for _, name := range []string{"id", "email", "age", "name"} {
				p, err := catalog.plan(Selection{Model: "user", Sort: name, Desc: desc, Cursor: cursor})
				if err != nil || p.after == nil {
					continue
				}
				for _, a := range p.attempts {
					if a.ordered != nil {
						p.continued(a.ordered)
					}
				}
			}
		}
	})
}
