package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func mustParse(t testing.TB, text string) Value {
	t.Helper()
	v, err := Parse([]byte(text), 0)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestParseAndWrite(t *testing.T) {
	for in, want := range map[string]string{
		`null`: `null`, ` true `: `true`, `false`: `false`, `0`: `0`, `-0`: `-0`, `1.50`: `1.50`, `1e400`: `1e400`, `-12.5E-3`: `-12.5E-3`,
		`""`: `""`, `"\u0041\n\/"`: `"A\n/"`, `"\ud83d\ude00"`: `"😀"`, `"\ud83d"`: `"` + "\uFFFD" + `"`, `"\ude00\ud83d"`: `"` + "\uFFFD\uFFFD" + `"`, `"\ud83dx"`: `"` + "\uFFFD" + `x"`,
		"\"\u2028\x7f\"": "\"\u2028\x7f\"", `"\u0000\u001f\b\f"`: `"\u0000\u001f\b\f"`,
		`[]`: `[]`, `[ 1 , [ ] ]`: `[1,[]]`, `{}`: `{}`, "{\t\"b\" : 1,\r\n\"a\":{}}": `{"b":1,"a":{}}`,
		`{"a":1,"b":2,"a":3}`: `{"a":3,"b":2}`, `{"__proto__":1,"":2}`: `{"__proto__":1,"":2}`,
	} {
		if got := string(mustParse(t, in).JSON()); got != want {
			t.Errorf("%s gave %s, want %s", in, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "nul", "nulll", "tru e", "+1", "01", "-", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "'a'", `"`, `"\`, `"\x"`, `"\u12"`, `"\u12G4"`, `"\u+123"`,
		"\"\n\"", "\"\x00\"", "\"\xff\"", "\"\xed\xa0\x80\"", `"\ud83d\u12"`, "[", "[1", "[1,", "[1,]", "[,1]", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `{1:1}`, "1 2", "[] []", "\ufeff1", "/**/1", "\v1", "\u00a01",
	} {
		v, err := Parse([]byte(text), 0)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(text) {
			t.Errorf("%q gave %s, %v", text, v.JSON(), err)
		}
		if json.Valid([]byte(text)) && utf8.ValidString(text) {
			t.Errorf("%q is JSON", text)
		}
	}
}

func TestDepth(t *testing.T) {
	nested := func(n int) []byte { return []byte(strings.Repeat(`{"a":[`, n) + strings.Repeat("]}", n)) }
	if _, err := Parse(nested(MaxDepth/2), 0); err != nil {
		t.Errorf("default depth: %v", err)
	}
	if _, err := Parse(nested(MaxDepth/2+1), 0); !errors.Is(err, ErrDepth) {
		t.Errorf("deeper: %v", err)
	}
	if _, err := Parse([]byte("[[]]"), 1); !errors.Is(err, ErrDepth) {
		t.Errorf("depth 1: %v", err)
	}
	if _, err := Parse([]byte("[[],[],{},[]]"), 2); err != nil {
		t.Errorf("siblings: %v", err)
	}
	if _, err := Parse(bytes.Repeat([]byte("["), 10_000_000), 0); !errors.Is(err, ErrDepth) {
		t.Errorf("bomb: %v", err)
	}
}

// A small body must not become a large heap.
func TestParseMemory(t *testing.T) {
	const items = 100_000
	const most = 56 // bytes that each element may keep
	for name, shape := range map[string]struct {
		text     string
		elements int
	}{
		"objects": {"{},", 1}, "arrays": {"[],", 1}, "numbers": {"1,", 1}, "booleans": {"true,", 1}, "texts": {`"ab",`, 1}, "members": {`{"":0},`, 2}, "nested": {"[[[]]],", 3},
	} {
		text := []byte("[" + strings.TrimSuffix(strings.Repeat(shape.text, items), ",") + "]")
		before := heap()
		v := mustParse(t, string(text))
		size := heap() - before
		if len(v.Items()) != items {
			t.Fatalf("%s: %d items", name, len(v.Items()))
		}
		if each := size / (items * shape.elements); each >= most {
			t.Errorf("%s: %d bytes an element, want less than %d", name, each, most)
		}
	}
}

// heap returns the bytes that are in use.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestParseWithin(t *testing.T) {
	for text, elements := range map[string]int{
		`1`: 1, `""`: 1, `[]`: 1, `{}`: 1, `[1]`: 2, `[[],[]]`: 3, `{"a":1,"a":2}`: 3, `{"a":[true,null,"x"]}`: 5, ` [ 1 , [ ] ] `: 3,
	} {
		if _, err := ParseWithin([]byte(text), Limits{Elements: elements}); err != nil {
			t.Errorf("%s with %d elements: %v", text, elements, err)
		}
		if _, err := ParseWithin([]byte(text), Limits{Elements: elements - 1}); elements > 1 && !errors.Is(err, ErrElements) {
			t.Errorf("%s with %d elements: %v", text, elements-1, err)
		}
	}
	bomb := append([]byte("["), bytes.Repeat([]byte("[],"), 1_000_000)...)
	before := heap()
	if _, err := ParseWithin(bomb, Limits{Elements: 1000}); !errors.Is(err, ErrElements) {
		t.Errorf("a bomb: %v", err)
	}
	if size := heap() - before; size > 1<<20 {
		t.Errorf("a refused text kept %d bytes", size)
	}
}

func TestObject(t *testing.T) {
	var zero Object
	if zero.Len() != 0 || zero.Has("a") || !zero.Get("a").IsAbsent() {
		t.Error("the zero object is not empty")
	}
	var missing *Object
	if missing.Len() != 0 || missing.Has("a") || !missing.Get("a").IsAbsent() || missing.Clone().Len() != 0 {
		t.Error("a nil object is not empty")
	}
	for range missing.All() {
		t.Error("a nil object has members")
	}
	// Below and above the size from which there is an index.
	for _, n := range []int{3, indexFrom - 1, indexFrom, indexFrom + 1, 100} {
		o := NewObject(0)
		for i := range n {
			o.Set(fmt.Sprint(i), Int(int64(i)))
		}
		o.Set("1", Text("changed"))
		o.Delete("0")
		o.Delete("nobody")
		o.Set("2", Value{}) // deletes
		o.Set("new", NullValue())
		var names []string
		for name, v := range o.All() {
			names = append(names, name)
			if !o.Has(name) || !o.Get(name).Equal(v) {
				t.Errorf("%d members: %s is not found", n, name)
			}
		}
		if o.Len() != n-1 || len(names) != n-1 || names[0] != "1" || names[len(names)-1] != "new" || o.Has("0") || o.Has("2") || o.Get("1").Str() != "changed" {
			t.Errorf("%d members: got %v", n, names)
		}
	}
	for range NewObject(1).Set("a", Int(1)).Set("b", Int(2)).All() {
		break // must not go on
	}
}

// Many members must not take quadratic time.
func TestManyMembers(t *testing.T) {
	var b strings.Builder
	b.WriteString("{")
	for i := range 100_000 {
		fmt.Fprintf(&b, `"%d":%d,`, i, i)
	}
	b.WriteString(`"x":0}`)
	if o := mustParse(t, b.String()).Object(); o.Len() != 100_001 {
		t.Errorf("%d members", o.Len())
	}
}

func TestClone(t *testing.T) {
	v := mustParse(t, `{"a":[{"b":1}],"c":{}}`)
	c := v.Clone()
	c.Object().Set("c", Int(1))
	c.Get("a").Items()[0].Object().Set("b", Int(2))
	if got := string(v.JSON()); got != `{"a":[{"b":1}],"c":{}}` {
		t.Errorf("the original changed: %s", got)
	}
	if got := string(c.JSON()); got != `{"a":[{"b":2}],"c":1}` {
		t.Errorf("the copy: %s", got)
	}
}

func TestEqual(t *testing.T) {
	values := []string{`null`, `true`, `false`, `0`, `1`, `"1"`, `"a"`, `[]`, `[1]`, `[1,2]`, `[2,1]`, `{}`, `{"a":1}`, `{"a":2}`, `{"b":1}`, `{"a":1,"b":1}`}
	for i, a := range values {
		for j, b := range values {
			if got := mustParse(t, a).Equal(mustParse(t, b)); got != (i == j) {
				t.Errorf("%s equals %s: %v", a, b, got)
			}
		}
	}
	for a, b := range map[string]string{`1.0`: `1`, `1e2`: `100`, `{"a":1,"b":2}`: `{"b":2,"a":1}`} {
		if !mustParse(t, a).Equal(mustParse(t, b)) {
			t.Errorf("%s does not equal %s", a, b)
		}
	}
	if (Value{}).Equal(NullValue()) || !(Value{}).Equal(Value{}) {
		t.Error("absent must equal itself alone")
	}
	// Where floats cannot tell numbers apart, their text does not either.
	if mustParse(t, `1e400`).Equal(mustParse(t, `2e400`)) {
		t.Error("numbers out of range are equal")
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]struct {
		n  int64
		ok bool
	}{
		`0`: {0, true}, `-0`: {0, true}, `42`: {42, true}, `42.0`: {42, true}, `4.2e1`: {42, true}, `9223372036854775807`: {math.MaxInt64, true},
		`9223372036854775808`: {0, false}, `1.5`: {0, false}, `1e300`: {0, false}, `1e400`: {0, false}, `"42"`: {0, false}, `null`: {0, false},
	} {
		if n, ok := mustParse(t, text).Int(); n != want.n || ok != want.ok {
			t.Errorf("%s: %d, %v", text, n, ok)
		}
	}
	for f, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1: "1", -1.5: "-1.5", 1e6: "1000000", 1e20: "100000000000000000000", 1e21: "1e+21", 1.5e300: "1.5e+300", 1e-6: "0.000001", 1e-7: "1e-7", -2.5e-9: "-2.5e-9", 1e-10: "1e-10",
		math.MaxFloat64: "1.7976931348623157e+308", 5e-324: "5e-324", math.NaN(): "null", math.Inf(1): "null",
	} {
		if got := string(Float(f).JSON()); got != want {
			t.Errorf("%v is written %s, want %s", f, got, want)
		}
	}
	if _, ok := mustParse(t, `1e400`).Float(); ok {
		t.Error("a number out of range is a float")
	}
	if _, ok := Text("1").Float(); ok || Text("1").NumberText() != "" || Int(1).NumberText() != "1" {
		t.Error("text and numbers are confused")
	}
}

func TestTime(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.FixedZone("", 3600))
	v := Time(at)
	if v.Str() != "2026-01-02T02:04:05.678Z" {
		t.Errorf("written %s", v.Str())
	}
	for _, text := range []string{v.Str(), "2026-01-02T03:04:05.678+01:00", "2026-01-02T02:04:05.678000Z"} {
		if got, ok := Text(text).Time(); !ok || !got.Equal(at) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, bad := range []Value{Text("yesterday"), Text(""), Int(1), {}} {
		if _, ok := bad.Time(); ok {
			t.Errorf("%s is a time", bad.JSON())
		}
	}
}

// Reading a value as another kind gives the zero of that kind, never a panic.
func TestKinds(t *testing.T) {
	for kind, v := range map[string]Value{
		"undefined": {}, "null": NullValue(), "boolean": Boolean(true), "number": Int(1), "string": Text("x"), "array": List(Int(1)), "object": Obj(NewObject(0)),
	} {
		if v.Kind().String() != kind {
			t.Errorf("%s is called %s", kind, v.Kind())
		}
		if v.IsAbsent() != (kind == "undefined") || v.IsNullish() != (kind == "undefined" || kind == "null") {
			t.Errorf("%s: absent %v, nullish %v", kind, v.IsAbsent(), v.IsNullish())
		}
		if v.Bool() != (kind == "boolean") || (v.Str() == "x") != (kind == "string") || (v.Items() != nil) != (kind == "array") || (v.Object() != nil) != (kind == "object") {
			t.Errorf("%s is read as something else", kind)
		}
		if !v.Get("a").IsAbsent() {
			t.Errorf("%s has a member", kind)
		}
	}
	if Obj(nil).Kind() != Absent || (Value{}).JSON() != nil || string(List(Value{}).JSON()) != "[null]" {
		t.Error("absent values are written wrongly")
	}
}

func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{
		"": `""`, "a\"\\/": `"a\"\\/"`, "\x00\b\t\n\v\f\r\x1f\x7f": "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\"", "<>&\u2028": "\"<>&\u2028\"", "a\xffb": "\"a\uFFFDb\"", "\xed\xa0\x80": "\"\uFFFD\uFFFD\uFFFD\"", "\uFFFD": "\"\uFFFD\"",
	} {
		if got := string(AppendString(nil, in)); got != want {
			t.Errorf("%q gave %s, want %s", in, got, want)
		}
	}
}

// FuzzParse compares with encoding/json, which differs only in that it mends
// invalid UTF-8 and allows more nesting.
func FuzzParse(f *testing.F) {
	for _, text := range []string{`{"a":[1,"\ud83d\ude00",null]}`, `-1.5e3`, `"\u0000"`, `{"a":1,"a":2}`, "[[[[]]]]", `"\ud800"`, " 1 "} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, 0)
		valid := json.Valid(data) && utf8.Valid(data)
		if err != nil {
			if valid && !errors.Is(err, ErrDepth) {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		if !valid {
			t.Fatalf("%q was accepted", data)
		}
		if got, want := decodeAny(t, v.JSON()), decodeAny(t, data); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q gave %v, want %v", data, got, want)
		}
		again, err := Parse(v.JSON(), 0)
		if err != nil || !again.Equal(v) || !bytes.Equal(again.JSON(), v.JSON()) || !v.Clone().Equal(v) {
			t.Fatalf("%q: written %s, read %s, %v", data, v.JSON(), again.JSON(), err)
		}
	})
}

// FuzzParseWithin compares the count of elements with that of encoding/json's
// tokens: a text is refused exactly if it has more of them than allowed.
func FuzzParseWithin(f *testing.F) {
	for _, text := range []string{`{"a":[1,"x",null]}`, `[[],[],{}]`, `[1,2,3`, `1`} {
		f.Add([]byte(text), 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		if limit <= 0 {
			return
		}
		_, err := ParseWithin(data, Limits{Elements: limit})
		_, plain := Parse(data, 0)
		if plain != nil {
			if err == nil {
				t.Fatalf("%q was accepted", data)
			}
			return
		}
		if n := elements(t, data); (n > limit) != errors.Is(err, ErrElements) {
			t.Fatalf("%q has %d elements, the limit is %d: %v", data, n, limit, err)
		}
	})
}

// elements counts the values of a JSON text.
func elements(t *testing.T, data []byte) int {
	t.Helper()
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	n := 1
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, _ := d.Token(); open != json.Delim('[') && open != json.Delim('{') {
		return n
	} else if open == json.Delim('{') {
		for d.More() {
			_, _ = d.Token() // the name
			n += nextElements(t, d)
		}
		return n
	}
	for d.More() {
		n += nextElements(t, d)
	}
	return n
}

func nextElements(t *testing.T, d *json.Decoder) int {
	t.Helper()
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		t.Fatal(err)
	}
	return elements(t, raw)
}

func decodeAny(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	return out
}

func FuzzFloat(f *testing.F) {
	for _, n := range []float64{0, 1, -1.5, 1e21, 1e-7, math.MaxFloat64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n float64) {
		v := Float(n)
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return
		}
		want, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			want = []byte("0")
		}
		if !bytes.Equal(v.JSON(), want) {
			t.Errorf("%v is written %s, want %s", n, v.JSON(), want)
		}
	})
}

const benchmarkText = `{"session":{"expiresAt":"2026-11-27T22:22:15.840Z","token":"pTMBaCrHQL3iCxZzFPyDZ2vLnDpuB0lv","createdAt":"2026-11-20T22:22:15.840Z","userId":"vjO4hCtotD5eNkqQUZnj1PCM2mvCMJSB"},"user":{"name":"Alice","email":"alice@example.com","emailVerified":false}}`

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse([]byte(benchmarkText), 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	v := mustParse(b, benchmarkText)
	b.ReportAllocs()
	buf := make([]byte, 0, 1024)
	for b.Loop() {
		buf = v.AppendJSON(buf[:0])
	}
}
