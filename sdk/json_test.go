//go:build !wasip1

package sdk

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// decoded is a value as encoding/json decodes it, objects as arrays of names
// and values, so that order and repeated names count.
func decoded(v Value) any {
	switch {
	case v.kind == KindNull:
		return nil
	case v.kind == KindBool:
		return v.IsTrue()
	case v.kind == KindNumber:
		return json.Number(v.text)
	case v.kind == KindString:
		return v.text
	case v.isArray():
		out := []any{}
		for item := range v.Items() {
			out = append(out, decoded(item))
		}
		return out
	}
	out := object{}
	for name, member := range v.Members() {
		out = append(out, name, decoded(member))
	}
	return out
}

type object []any

// reference decodes with encoding/json what decoded decodes with this package.
func reference(dec *json.Decoder) any {
	token, err := dec.Token()
	if err != nil {
		panic(err) // the text was valid
	}
	switch token {
	case json.Delim('{'):
		out := object{}
		for dec.More() {
			name, _ := dec.Token()
			out = append(out, name, reference(dec))
		}
		_, _ = dec.Token()
		return out
	case json.Delim('['):
		out := []any{}
		for dec.More() {
			out = append(out, reference(dec))
		}
		_, _ = dec.Token()
		return out
	}
	return token
}

// FuzzScanner compares the scanner with encoding/json. Of text that is not
// JSON, it reads what it can and ends.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `{"b":{"c":1},"a\"":[1,{"x":2}]}`, `[1,-2.5e+7,true,false,null,"x"]`, " { \"a\" : [ ] ,\n\t\"b\" : { } } ",
		`["\u0041\ud83d\ude00\ud83d\ud83dx\ude00\/\b\f\n\r\t\\"]`, `{"a":1,"a":2}`, `[[[[]]],"]"]`, `{"":{"":""}}`, `["é🔑"]`,
		`[`, `{"a"`, `{"a":`, `{"a":}`, `[,]`, `[1,]`, `[1 2]`, `["a`, `["\u12`, `["\`, `[tru]`, `[{]`, `{"a":[}`, `{a:1}`, `[+1]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := JSON(text)
		got := decoded(v)
		if !json.Valid([]byte(text)) || !utf8.ValidString(text) {
			return
		}
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		want := reference(dec)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", text, got, want)
		}
		if again := v.appendJSON(nil); !json.Valid(again) {
			t.Errorf("%s was written as %s", text, again)
		}
	})
}

// TestBroken: of text that is not JSON, what stands before the fault is read.
func TestBroken(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"b":tru}`:   `["a"]`,
		`{"a":1,"b"`:        `["a"]`,
		`{"a":1 "b":2}`:     `["a"]`,
		`{"a":1,b:2}`:       `["a"]`,
		`{"a":1,"b":[2`:     `["a"]`,
		`{"a":1,"b":"x`:     `["a"]`,
		`{"a":1,"b":"x\"}`:  `["a"]`,
		`{"a":1,}`:          `["a"]`,
		`{"a":1,"b":2,`:     `["a","b"]`,
		`{"a":{"b":1},"c":`: `["a"]`,
		`{,"a":1}`:          `[]`,
		`{`:                 `[]`,
	} {
		names := []string{}
		for name := range JSON(text).Members() {
			names = append(names, name)
		}
		if got := Strings(names...).Text(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "a", "\"\\/", "\x00\x1f\x7f\u2028é🔑", "a\nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := appendQuoted(nil, s)
		if back := JSON(string(quoted)); back.kind != KindString || back.text != s {
			t.Errorf("%q: %s became %q", s, quoted, back.text)
		}
		var want string
		if err := json.Unmarshal(quoted, &want); utf8.ValidString(s) && (err != nil || want != s) {
			t.Errorf("%q: %s is %q to encoding/json: %v", s, quoted, want, err)
		}
	})
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

func FuzzEscapeName(f *testing.F) {
	f.Add(`a.b\c`, "d")
	f.Fuzz(func(t *testing.T, a, b string) {
		if name, rest := cutName(EscapeName(a) + "." + EscapeName(b)); name != a || rest != EscapeName(b) {
			t.Errorf("%q and %q became %q and %q", a, b, name, rest)
		}
	})
}
