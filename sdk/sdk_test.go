//go:build !wasip1

package sdk

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/authhost/authhost/pluginapi"
)

// vectors reads a file of the ABI's test vectors.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("../pluginapi/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestNumbers compares the numbers that this package restates with the ABI's.
func TestNumbers(t *testing.T) {
	var v struct {
		Kinds, Statuses, Results, Levels map[string]int
	}
	vectors(t, "numbers.json", &v)
	for what, pair := range map[string][2]map[string]int{
		"kinds": {v.Kinds, {
			"absent": int(KindAbsent), "null": int(KindNull), "bool": int(KindBool), "number": int(KindNumber),
			"string": int(KindString), "json": int(KindJSON), "bytes": int(KindBytes), "path": int(KindPath),
		}},
		"statuses": {v.Statuses, {
			"ok": int(OK), "not_found": int(NotFound), "conflict": int(Conflict), "denied": int(Denied), "invalid": int(Invalid),
			"limit": int(Limit), "timeout": int(Timeout), "unavailable": int(Unavailable), "unsupported": int(Unsupported), "internal": int(Internal),
		}},
		"results": {v.Results, {"continue": int(Continue), "respond": int(Respond), "deny": int(Deny), "failed": int(Failed)}},
		"levels":  {v.Levels, {"debug": int(Debug), "info": int(Info), "warn": int(Warn), "error": int(Error)}},
	} {
		want, got := pair[0], pair[1]
		for name, n := range want {
			if have, ok := got[name]; !ok || have != n {
				t.Errorf("%s: %s is %d here and %d in the ABI", what, name, have, n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d %s here, %d in the ABI", len(got), what, len(want))
		}
	}
}

func TestUnpack(t *testing.T) {
	for _, v := range []struct {
		high   uint32
		length int
	}{{0, 0}, {4, 17}, {9, 65536}, {6, 1<<31 - 1}} {
		if high, length := unpack(pluginapi.Pack(v.high, v.length)); high != v.high || length != v.length {
			t.Errorf("got %d, %d, want %v", high, length, v)
		}
	}
}

func TestEscapeName(t *testing.T) {
	var v struct {
		Names []struct{ Name, Escaped string }
	}
	vectors(t, "paths.json", &v)
	for _, n := range v.Names {
		if got := EscapeName(n.Name); got != n.Escaped {
			t.Errorf("EscapeName(%q) = %q, want %q", n.Name, got, n.Escaped)
		}
	}
}

func TestValue(t *testing.T) {
	for _, tt := range []struct {
		value           Value
		truthy, nullish bool
		str             string
		n               int64
	}{
		{Value{}, false, true, "", -1},
		{Null, false, true, "", -1},
		{Bool(true), true, false, "", -1},
		{Bool(false), false, false, "", -1},
		{String(""), false, false, "", -1},
		{String("0"), true, false, "0", -1},
		{Int(0), false, false, "", 0},
		{Int(-7), true, false, "", -7},
		{Value{KindNumber, "0.0e7"}, false, false, "", -1},
		{Value{KindNumber, "-0"}, false, false, "", 0},
		{Value{KindNumber, "0.05"}, true, false, "", -1},
		{JSON("[]"), true, false, "", -1},
	} {
		v := tt.value
		if v.Truthy() != tt.truthy || v.IsNullish() != tt.nullish || v.String() != tt.str || v.Int(-1) != tt.n {
			t.Errorf("%d %q: truthy %v, nullish %v, string %q, int %d", v.Kind(), v.Text(), v.Truthy(), v.IsNullish(), v.String(), v.Int(-1))
		}
	}
	if Bool(false).IsTrue() || !Bool(false).IsFalse() || (Value{}).IsFalse() || String("true").IsTrue() {
		t.Error("IsTrue or IsFalse is wrong")
	}
	if (Value{}).StringOr("x") != "x" || String("").StringOr("x") != "" {
		t.Error("StringOr is wrong")
	}
}

func TestMemberNames(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`:                                  nil,
		``:                                    nil,
		`["a"]`:                               nil,
		`{"a":1}`:                             {"a"},
		`{"b":{"c":1,"d":[{"e":2}]},"f":"g"}`: {"b", "f"},
		`{"a,b":"x\"y","\"q\\":[1,2],"z":{}}`: {"a,b", `"q\`, "z"},
		`{"\u0007é\n":null}`:                  {"\aé\n"},
		`{"a":"{","b`:                         {"a"},
	} {
		if got := memberNames(text); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func FuzzMemberNames(f *testing.F) {
	f.Add(`{"b":{"c":1},"a\"":[1,{"x":2}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got := memberNames(text) // must not panic
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &object) != nil || !strings.HasPrefix(text, "{") || strings.Contains(text, `\u`) || !utf8.ValidString(text) {
			return
		}
		for name := range object {
			if !slices.Contains(got, name) {
				t.Errorf("%q: %q is missing in %q", text, name, got)
			}
		}
	})
}

// addresses is zod 4's pattern for an e-mail address.
var addresses = regexp.MustCompile(`^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

func FuzzIsEmail(f *testing.F) {
	for _, seed := range []string{
		"ada@example.com", "a.b+c'd-e_f@x-y.co", ".a@b.co", "a..b@c.de", "a'@b.co", "a@b", "a@b.c", "a@-b.co", "a@b-.co", "a@b.c0m",
		"a@@b.co", "a@b.co\n", "é@b.co", "@b.co", "a@.co", "a@b..co", "a@b.co.", "", "a b@c.de", "-@0.aa", "+@x.yy",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := IsEmail(s), addresses.MatchString(s); got != want {
			t.Errorf("IsEmail(%q) = %v, want %v", s, got, want)
		}
	})
}

func FuzzUTF16Len(f *testing.F) {
	f.Add("aé🔑")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := UTF16Len(s), len(utf16.Encode([]rune(s))); got != want {
			t.Errorf("UTF16Len(%q) = %d, want %d", s, got, want)
		}
	})
}

func TestEncodeURIComponent(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"/":                          "%2F",
		"https://a.example/x?y=1&z#": "https%3A%2F%2Fa.example%2Fx%3Fy%3D1%26z%23",
		"-_.!~*'()aZ9":               "-_.!~*'()aZ9",
		"é 🔑":                        "%C3%A9%20%F0%9F%94%91",
		"a\xffb":                     "a%EF%BF%BDb",
	} {
		if got := EncodeURIComponent(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzURIComponent(f *testing.F) {
	f.Add("a/b é%2F")
	f.Fuzz(func(t *testing.T, s string) {
		if _, ok := DecodeURIComponent(s); !ok && !strings.Contains(s, "%") {
			t.Errorf("%q does not decode", s)
		}
		if !utf8.ValidString(s) {
			return
		}
		if got, ok := DecodeURIComponent(EncodeURIComponent(s)); !ok || got != s {
			t.Errorf("%q became %q, %v", s, got, ok)
		}
	})
}

func TestAbsoluteURL(t *testing.T) {
	const origin = "http://localhost:3000"
	for in, want := range map[string]string{
		"/reset":                         origin + "/reset",
		"/":                              origin + "/",
		"/a/../b?x=/../y#/..":            origin + "/b?x=/../y#/..",
		"/a/./b/..":                      origin + "/a/",
		"/../../x":                       origin + "/x",
		"/.well-known/x":                 origin + "/.well-known/x",
		"https://app.example.com":        "https://app.example.com/",
		"https://app.example.com?x=1":    "https://app.example.com/?x=1",
		"https://app.example.com/a/../b": "https://app.example.com/b",
		"myapp://callback":               "myapp://callback",
	} {
		if got := AbsoluteURL(origin, in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestSetQuery has the results of JavaScript's URL and URLSearchParams.set.
func TestSetQuery(t *testing.T) {
	for _, tt := range []struct{ url, name, value, want string }{
		{"http://a/reset", "token", "abc", "http://a/reset?token=abc"},
		{"http://a/reset?x=1", "token", "abc", "http://a/reset?x=1&token=abc"},
		{"http://a/?token=old&y=2&token=older", "token", "new", "http://a/?token=new&y=2"},
		{"http://a/?x=a%20b&empty&=&y=%zz+c", "t", "é &", "http://a/?x=a+b&empty=&=&y=%25zz+c&t=%C3%A9+%26"},
		{"http://a/#frag", "t", "1", "http://a/?t=1#frag"},
		{"http://a/?x=1#frag?y", "t", "1", "http://a/?x=1&t=1#frag?y"},
		{"http://a/?&&x=1&", "t", "~*-._", "http://a/?x=1&t=%7E*-._"},
	} {
		if got := SetQuery(tt.url, tt.name, tt.value); got != tt.want {
			t.Errorf("SetQuery(%q, %q, %q) = %q, want %q", tt.url, tt.name, tt.value, got, tt.want)
		}
	}
}

func TestRegisterTwice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a number was registered twice without complaint")
		}
	}()
	Register(-1, nil)
	Register(-1, nil)
}
