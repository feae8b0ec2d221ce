package sdk

import (
	"iter"
	"strconv"
)

// Value is a field's value: what Get returns and Set takes. The zero Value is
// absent; setting it deletes a field. An object or array is kept as JSON text,
// and read member by member when it is asked for.
type Value struct {
	kind Kind
	text string
}

// Null is JSON null.
var Null = Value{kind: KindNull}

// String returns a text value.
func String(s string) Value { return Value{KindString, s} }

// Bool returns a boolean value.
func Bool(b bool) Value {
	if b {
		return Value{KindBool, "true"}
	}
	return Value{KindBool, "false"}
}

// Int returns a number value.
func Int(n int64) Value { return Value{KindNumber, strconv.FormatInt(n, 10)} }

// JSON returns the value of a JSON text. What is not JSON is refused when it is
// set.
func JSON(text string) Value {
	if text != "" && text[0] != '{' && text[0] != '[' {
		s := scanner{text: text}
		if v, ok := s.value(); ok && spaces(text, s.at) == len(text) {
			return v
		}
	}
	return Value{KindJSON, text}
}

// Object returns an object with members in the given order. Members made by
// Copy or Secret are left out: the host fills those in only where a call takes
// fields.
func Object(members ...Field) Value {
	out := append(make([]byte, 0, 32*len(members)+2), '{')
	for _, m := range members {
		if m.Value.kind == KindAbsent || m.Value.kind >= kindPath {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(appendQuoted(out, m.Name), ':')
		out = m.Value.appendJSON(out)
	}
	return JSON(string(append(out, '}')))
}

// List returns an array of values.
func List(items ...Value) Value {
	out := append(make([]byte, 0, 16*len(items)+2), '[')
	for i, v := range items {
		if i > 0 {
			out = append(out, ',')
		}
		out = v.appendJSON(out)
	}
	return JSON(string(append(out, ']')))
}

// Strings returns an array of texts.
func Strings(texts ...string) Value { return JSON(string(appendTexts(nil, texts))) }

func appendTexts(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, s := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, s)
	}
	return append(dst, ']')
}

// Copy returns a value that the host takes from another field of the
// document when it is set. A path without a field gives an absent value.
// Passwords that are copied never reach the plugin's memory.
func Copy(path string) Value { return Value{kindPath, path} }

// Secret stands for a text of the plugin's configuration that the plugin
// itself cannot read, such as "clientSecret". It can be used in the headers,
// the form and the credentials of HTTP.Request and nowhere else.
func Secret(path string) Value { return Value{kindSecret, path} }

// Kind returns what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsAbsent reports whether there is no value.
func (v Value) IsAbsent() bool { return v.kind == KindAbsent }

// IsNullish reports whether the value is absent or null.
func (v Value) IsNullish() bool { return v.kind <= KindNull }

// String returns the text of a string, and "" for everything else.
func (v Value) String() string {
	if v.kind == KindString || v.kind == KindBytes {
		return v.text
	}
	return ""
}

// StringOr returns the text of a string, and fallback for everything else.
func (v Value) StringOr(fallback string) string {
	if v.kind == KindString {
		return v.text
	}
	return fallback
}

// Text returns the value's text as it crossed the ABI: JSON for objects and
// arrays, digits for numbers, unquoted text for strings.
func (v Value) Text() string { return v.text }

// JSONText returns the value as JSON text; "null" if it is absent.
func (v Value) JSONText() string { return string(v.appendJSON(nil)) }

// IsTrue reports whether the value is the boolean true.
func (v Value) IsTrue() bool { return v.kind == KindBool && v.text == "true" }

// IsFalse reports whether the value is the boolean false; an absent value is
// not.
func (v Value) IsFalse() bool { return v.kind == KindBool && v.text == "false" }

// Int returns an integer number, and fallback for everything else.
func (v Value) Int(fallback int64) int64 {
	if v.kind == KindNumber {
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			return n
		}
	}
	return fallback
}

// Truthy reports whether JavaScript would treat the value as true, which is
// how several rules of the Better Auth protocol are written.
func (v Value) Truthy() bool {
	switch v.kind {
	case KindBool:
		return v.text == "true"
	case KindString, KindBytes:
		return v.text != ""
	case KindNumber:
		return !isZero(v.text)
	case KindJSON:
		return true
	default:
		return false
	}
}

// isZero reports whether JSON number text means zero: no digit before an
// exponent is other than 0.
func isZero(number string) bool {
	for i := 0; i < len(number) && number[i]|0x20 != 'e'; i++ {
		if number[i] >= '1' && number[i] <= '9' {
			return false
		}
	}
	return true
}

// Get returns the member of an object with a name, the first if there are
// several, absent if there is none.
func (v Value) Get(name string) Value {
	for n, member := range v.Members() {
		if n == name {
			return member
		}
	}
	return Value{}
}

// At follows names into objects and decimal indices into arrays:
// v.At("keys.0.kid"). EscapeName writes a name that has dots.
func (v Value) At(path string) Value {
	for path != "" {
		var name string
		name, path = cutName(path)
		if v.isArray() {
			v = v.item(name)
		} else {
			v = v.Get(name)
		}
	}
	return v
}

// With returns an object with a member set: in its place if it is there, else
// as the last. The name is a path, as of At, and objects are made on the way; an
// absent Value takes the member away. What is no object counts as an empty one.
func (v Value) With(path string, to Value) Value {
	name, rest := cutName(path)
	if rest != "" {
		to = v.Get(name).With(rest, to)
	}
	var members []Field
	found := false
	for n, member := range v.Members() {
		if n == name {
			member, found = to, true
		}
		members = append(members, F(n, member))
	}
	if !found {
		members = append(members, F(name, to))
	}
	return Object(members...)
}

func (v Value) isArray() bool {
	s := scanner{text: v.text}
	return v.kind == KindJSON && s.open('[')
}

// item returns the item of an array at an index, absent if there is none.
func (v Value) item(index string) Value {
	i, err := strconv.Atoi(index)
	if err != nil {
		return Value{}
	}
	for item := range v.Items() {
		if i == 0 {
			return item
		}
		i--
	}
	return Value{}
}

// Members iterates over the members of an object in their order; of anything
// else there are none.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.kind != KindJSON {
			return
		}
		s := scanner{text: v.text}
		if !s.open('{') {
			return
		}
		for s.more('}') {
			name, member, ok := s.member()
			if !ok || !yield(name, member) {
				return
			}
		}
	}
}

// Items iterates over the items of an array; of anything else there are none.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.kind != KindJSON {
			return
		}
		s := scanner{text: v.text}
		if !s.open('[') {
			return
		}
		for s.more(']') {
			item, ok := s.value()
			if !ok || !yield(item) {
				return
			}
		}
	}
}

// Texts returns the items of an array that are strings.
func (v Value) Texts() []string {
	var out []string
	for item := range v.Items() {
		if item.kind == KindString {
			out = append(out, item.text)
		}
	}
	return out
}

// appendJSON appends the value as JSON text.
func (v Value) appendJSON(dst []byte) []byte {
	switch v.kind {
	case KindString, KindBytes:
		return appendQuoted(dst, v.text)
	case KindBool, KindNumber, KindJSON:
		return append(dst, v.text...)
	default:
		return append(dst, "null"...)
	}
}

// Field is a name with a value, for calls that take several.
type Field struct {
	Name  string
	Value Value
}

// F returns a Field.
func F(name string, value Value) Field { return Field{name, value} }
