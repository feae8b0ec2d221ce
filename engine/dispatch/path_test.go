package dispatch

import (
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

func parse(t testing.TB, text string) document.Value {
	t.Helper()
	if text == "" {
		return document.Value{}
	}
	v, err := document.Parse([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// split is the segments of a path, with "" for none.
func split(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

func TestAssign(t *testing.T) {
	tests := []struct {
		name, root, path, value, want string
		refused                       bool
	}{
		{name: "whole", root: `{"a":1}`, value: `[2]`, want: `[2]`},
		{name: "member", root: `{"a":1}`, path: "b", value: `2`, want: `{"a":1,"b":2}`},
		{name: "replaced in place", root: `{"a":1,"b":2}`, path: "a", value: `{"x":null}`, want: `{"a":{"x":null},"b":2}`},
		{name: "objects on the way", path: "a.b.c", value: `1`, want: `{"a":{"b":{"c":1}}}`},
		{name: "through null", root: `{"a":null}`, path: "a.b", value: `1`, want: `{"a":{"b":1}}`},
		{name: "number as a name", path: "a.0", value: `1`, want: `{"a":{"0":1}}`},
		{name: "index", root: `[1,2]`, path: "1", value: `3`, want: `[1,3]`},
		{name: "below an index", root: `{"l":[{"a":1}]}`, path: "l.0.a", value: `2`, want: `{"l":[{"a":2}]}`},
		{name: "append", root: `[1]`, path: "-", value: `2`, want: `[1,2]`},
		{name: "append to nothing", path: "l.-", value: `1`, want: `{"l":[1]}`},
		{name: "append an object", path: "l.-.a", value: `1`, want: `{"l":[{"a":1}]}`},
		{name: "dash as a name", root: `{"a":1}`, path: "-", value: `2`, want: `{"a":1,"-":2}`},
		{name: "delete", root: `{"a":1,"b":2}`, path: "a", want: `{"b":2}`},
		{name: "delete below", root: `{"a":{"b":1}}`, path: "a.b", want: `{"a":{}}`},
		{name: "delete what is not there", root: `{"a":1}`, path: "x.y.z", want: `{"a":1}`},
		{name: "delete in nothing", path: "x.y"},
		{name: "append nothing", root: `[1]`, path: "-", want: `[1]`},
		{name: "delete an element", root: `[1,2]`, path: "0", want: `[null,2]`},
		{name: "through a scalar", root: `{"a":1}`, path: "a.b", value: `2`, want: `{"a":1}`, refused: true},
		{name: "past the end", root: `[1]`, path: "1", value: `2`, want: `[1]`, refused: true},
		{name: "negative index", root: `[1]`, path: "-1", value: `2`, want: `[1]`, refused: true},
		{name: "name in a list", root: `[1]`, path: "a", value: `2`, want: `[1]`, refused: true},
		{name: "through an element", root: `[1]`, path: "0.a", value: `2`, want: `[1]`, refused: true},
		{name: "nothing is left of a refused path", root: `{"l":[1]}`, path: "l.-.-.x", value: `1`, want: `{"l":[1,[{"x":1}]]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := parse(t, tt.root)
			got, ok := assign(root, split(tt.path), parse(t, tt.value))
			if ok == tt.refused {
				t.Errorf("ok = %v", ok)
			}
			if !ok {
				got = root
			}
			if string(got.JSON()) != tt.want {
				t.Errorf("got %s, want %s", got.JSON(), tt.want)
			}
			if ok && tt.value != "" && tt.root == "" && !strings.Contains(tt.path, "-") {
				if back := walk(got, split(tt.path)); string(back.JSON()) != tt.value {
					t.Errorf("walk gives %s", back.JSON())
				}
			}
		})
	}
}

func TestAssignBoundsLists(t *testing.T) {
	root := document.List()
	for range maxArrayIndex {
		var ok bool
		if root, ok = assign(root, []string{"-"}, document.Int(1)); !ok {
			t.Fatal("refused too early")
		}
	}
	if _, ok := assign(root, []string{"-"}, document.Int(1)); ok {
		t.Error("a list without bound")
	}
}

func TestWalk(t *testing.T) {
	root := parse(t, `{"a":{"b":[10,{"c":"x"}],"":1,"0":2},"n":null}`)
	for path, want := range map[string]string{
		"a.b.0": `10`, "a.b.1.c": `"x"`, "a.0": `2`, "n": `null`,
		"a.b.2": "", "a.b.-1": "", "a.b.x": "", "a.b.-": "", "a.b.0.x": "", "n.x": "", "x": "", "a.b.99999999999999999999": "",
	} {
		if got := string(walk(root, split(path)).JSON()); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestSizeOf(t *testing.T) {
	small := sizeOf(parse(t, `{"a":"x"}`), maxCopied)
	if large := sizeOf(parse(t, `{"a":"`+strings.Repeat("x", 1000)+`"}`), maxCopied); large != small+999 {
		t.Errorf("%d and %d", small, large)
	}
	v := parse(t, `[`+strings.Repeat(`"xxxxxxxxxx",`, 10_000)+`1]`)
	if got := sizeOf(v, 1000); got <= 1000 || got > 2000 {
		t.Errorf("counted %d of at most 1000", got)
	}
}

func FuzzAssign(f *testing.F) {
	f.Add(`{"a":[1,{"b":null}]}`, "a.1.b", `{"x":1}`)
	f.Add(`[]`, "-.-.x", `1`)
	f.Fuzz(func(t *testing.T, root, path, value string) {
		r, err := document.Parse([]byte(root), 0)
		v, err2 := document.Parse([]byte(value), 0)
		segments, err3 := pluginapi.ParsePath(path)
		if err != nil || err2 != nil || err3 != nil {
			return
		}
		got, ok := assign(r, segments, v)
		if !ok || strings.Contains(path, "-") {
			return
		}
		if back := walk(got, segments); !back.Equal(v) {
			t.Fatalf("%s at %s of %s: %s", value, path, root, back.JSON())
		}
	})
}
