package sdk

import "strconv"

// Value is a field's value: what Get returns and Set takes. The zero Value is
// absent; setting it deletes a field.
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

// JSON returns a value given as JSON text.
func JSON(text string) Value { return Value{KindJSON, text} }

// Copy returns a value that the host takes from another field of the
// document when it is set. A path without a field gives an absent value.
func Copy(path string) Value { return Value{kindPath, path} }

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

// Field is a name with a value, for calls that take several.
type Field struct {
	Name  string // a path below the argument that the call documents
	Value Value
}

// F returns a Field.
func F(name string, value Value) Field { return Field{name, value} }
