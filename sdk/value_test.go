//go:build !wasip1

package sdk

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"
)

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
		{Value{KindBytes, "raw"}, true, false, "raw", -1},
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
	if (Value{}).StringOr("x") != "x" || String("").StringOr("x") != "" || Int(1).StringOr("x") != "x" {
		t.Error("StringOr is wrong")
	}
}

// TestJSON reads every value of the ABI's vectors.
func TestJSON(t *testing.T) {
	var list []struct {
		JSON        json.RawMessage
		Kind, Bytes string
	}
	vectors(t, "values.json", &list)
	kinds := map[string]Kind{"null": KindNull, "bool": KindBool, "number": KindNumber, "string": KindString, "json": KindJSON}
	for _, want := range list {
		v := JSON(string(want.JSON))
		if want.Kind == "json" { // of the text as it is in the file
			continue
		}
		if v.Kind() != kinds[want.Kind] || hex.EncodeToString([]byte(v.Text())) != want.Bytes {
			t.Errorf("%s: got kind %d and %x, want %s and %s", want.JSON, v.Kind(), v.Text(), want.Kind, want.Bytes)
		}
	}
	for _, text := range []string{"{}", `[1, "a"]`, "", "tru", `"a`, "1 2", "nullx"} {
		if v := JSON(text); v.Kind() != KindJSON || v.Text() != text {
			t.Errorf("%q: got kind %d and %q", text, v.Kind(), v.Text())
		}
	}
}

func TestConstructors(t *testing.T) {
	for want, v := range map[string]Value{
		`{}`: Object(),
		`{"a":"x","b\"":[1,null,true],"c":{},"d":null}`: Object(
			F("a", String("x")), F("absent", Value{}), F(`b"`, List(Int(1), Value{}, Bool(true))), F("c", Object()),
			F("copied", Copy("request.body")), F("secret", Secret("key")), F("d", Null),
		),
		`[]`:             List(),
		`["a","\u000a"]`: Strings("a", "\n"),
	} {
		if v.Text() != want || v.Kind() != KindJSON || !json.Valid([]byte(v.Text())) {
			t.Errorf("got %s, want %s", v.Text(), want)
		}
	}
}

func TestAt(t *testing.T) {
	v := JSON(`{"a":{"b.c":[{"d":1},"x",[2]],"0":3},"\"q\\":4,"e":"text","":5, "n":null}`)
	for path, want := range map[string]string{
		``:             v.Text(),
		`a.b\.c.0.d`:   `1`,
		`a.b\.c.1`:     `x`,
		`a.b\.c.2.0`:   `2`,
		`a.0`:          `3`,
		`"q\\`:         `4`,
		`a.b`:          ``,
		`a.b\.c.3`:     ``,
		`a.b\.c.-1`:    ``,
		`a.b\.c.-`:     ``,
		`a.b\.c.1.0`:   ``,
		`e.0`:          ``,
		`n.x`:          ``,
		`nothing.at.0`: ``,
	} {
		if got := v.At(path); got.Text() != want || want == "" && !got.IsAbsent() {
			t.Errorf("%s: got kind %d and %q, want %q", path, got.Kind(), got.Text(), want)
		}
	}
	if got := JSON(" [1, 2]").At("1"); got.Int(0) != 2 {
		t.Errorf("got %q", got.Text())
	}
}

// TestIteration: iterators end when the loop does, and what is not an object
// or array has no members or items.
func TestWith(t *testing.T) {
	const text = `{"a": 1, "b": {"c": [true], "d.e": null}}`
	for _, tt := range []struct {
		path string
		to   Value
		want string
	}{
		{"a", String("x"), `{"a":"x","b":{"c": [true], "d.e": null}}`},
		{"z", Int(2), `{"a":1,"b":{"c": [true], "d.e": null},"z":2}`},
		{`b.d\.e`, Bool(true), `{"a":1,"b":{"c":[true],"d.e":true}}`},
		{"b.x.y", Null, `{"a":1,"b":{"c":[true],"d.e":null,"x":{"y":null}}}`},
		{"a.n", Int(3), `{"a":{"n":3},"b":{"c": [true], "d.e": null}}`},
		{"b.c", Value{}, `{"a":1,"b":{"d.e":null}}`},
		{"a", Value{}, `{"b":{"c": [true], "d.e": null}}`},
		{"none", Value{}, `{"a":1,"b":{"c": [true], "d.e": null}}`},
	} {
		if got := JSON(text).With(tt.path, tt.to).Text(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.path, got, tt.want)
		}
	}
	if got := (Value{}).With("a.b", Int(1)).Text(); got != `{"a":{"b":1}}` {
		t.Errorf("of nothing: %s", got)
	}
}

func TestIteration(t *testing.T) {
	var names []string
	for name := range JSON(`{"a":1,"b":2,"c":3}`).Members() {
		if names = append(names, name); name == "b" {
			break
		}
	}
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("got %q", names)
	}
	for _, v := range []Value{{}, Null, Int(1), String(`{"a":1}`), String("[1]")} {
		for name := range v.Members() {
			t.Errorf("%q has a member %q", v.Text(), name)
		}
		for item := range v.Items() {
			t.Errorf("%q has an item %q", v.Text(), item.Text())
		}
	}
	if got := JSON(`["a",1,"",null,"b"]`).Texts(); !slices.Equal(got, []string{"a", "", "b"}) {
		t.Errorf("got %q", got)
	}
	if got := JSON(`{"a":1}`).Texts(); got != nil {
		t.Errorf("got %q", got)
	}
}
