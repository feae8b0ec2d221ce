package document

import (
	"math"
	"strconv"
	"time"
)

// Kind tells what a Value is.
type Kind uint8

// The kinds of a Value. Absent is the zero value: the result of reading a
// member that is not there.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	ObjectKind
)

// String names the kind as JavaScript's validators do, so that messages can
// use it: "undefined" for Absent, "array" for Array.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "boolean"
	case Number:
		return "number"
	case String:
		return "string"
	case Array:
		return "array"
	case ObjectKind:
		return "object"
	default:
		return "undefined"
	}
}

// TimeLayout is the only form in which dates are stored and sent: UTC with
// millisecond precision, as ECMAScript's Date.prototype.toISOString gives it.
// Equal-length text in this form sorts as time does.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// Value is one JSON value, or Absent. The zero Value is Absent.
type Value struct {
	kind Kind
	b    bool
	text string // String: the text; Number: its JSON text
	arr  []Value
	obj  *Object
}

// Text wraps a string.
func Text(s string) Value { return Value{kind: String, text: s} }

// NullValue is JSON null.
func NullValue() Value { return Value{kind: Null} }

// Boolean wraps a bool.
func Boolean(b bool) Value { return Value{kind: Bool, b: b} }

// Int wraps an integer.
func Int(n int64) Value { return Value{kind: Number, text: strconv.FormatInt(n, 10)} }

// Float wraps a finite number, written as JSON.stringify does: exponents only
// below 1e-6 and from 1e21, and no negative zero. NaN and infinities become
// null.
func Float(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return NullValue()
	}
	if f == 0 {
		return Int(0)
	}
	format := byte('f')
	if abs := math.Abs(f); abs < 1e-6 || abs >= 1e21 {
		format = 'e'
	}
	text := strconv.FormatFloat(f, format, -1, 64)
	if n := len(text); format == 'e' && text[n-4] == 'e' && text[n-2] == '0' {
		text = text[:n-2] + text[n-1:] // 1e-09 is 1e-9 in JavaScript
	}
	return Value{kind: Number, text: text}
}

// Time wraps a time in TimeLayout.
func Time(t time.Time) Value { return Text(t.UTC().Format(TimeLayout)) }

// List wraps an array. The slice is not copied.
func List(items ...Value) Value { return Value{kind: Array, arr: items} }

// Obj wraps an object. A nil object gives Absent.
func Obj(o *Object) Value {
	if o == nil {
		return Value{}
	}
	return Value{kind: ObjectKind, obj: o}
}

// Kind returns what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsAbsent reports whether there is no value.
func (v Value) IsAbsent() bool { return v.kind == Absent }

// IsNullish reports whether the value is absent or null.
func (v Value) IsNullish() bool { return v.kind <= Null }

// Str returns the text of a string, and "" for every other kind.
func (v Value) Str() string {
	if v.kind == String {
		return v.text
	}
	return ""
}

// Bool returns the value of a boolean, and false for every other kind.
func (v Value) Bool() bool { return v.kind == Bool && v.b }

// NumberText returns the JSON text of a number, and "" for every other kind.
func (v Value) NumberText() string {
	if v.kind == Number {
		return v.text
	}
	return ""
}

// Int returns a number as an integer; ok is false if the value is not a
// number or not an integer that fits.
func (v Value) Int() (n int64, ok bool) {
	if v.kind != Number {
		return 0, false
	}
	if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Float returns a number; ok is false if the value is not a number.
func (v Value) Float() (f float64, ok bool) {
	if v.kind != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.text, 64)
	return f, err == nil
}

// Time parses a string in TimeLayout or RFC 3339.
func (v Value) Time() (time.Time, bool) {
	if v.kind != String {
		return time.Time{}, false
	}
	if t, err := time.Parse(TimeLayout, v.text); err == nil {
		return t, true
	}
	t, err := time.Parse(time.RFC3339Nano, v.text)
	return t, err == nil
}

// Items returns the elements of an array, and nil for every other kind.
func (v Value) Items() []Value {
	if v.kind == Array {
		return v.arr
	}
	return nil
}

// Object returns the object, and nil for every other kind. A nil *Object
// reads as empty.
func (v Value) Object() *Object {
	if v.kind == ObjectKind {
		return v.obj
	}
	return nil
}

// Get returns a member of an object; Absent if the value is no object or has
// no such member.
func (v Value) Get(name string) Value { return v.Object().Get(name) }

// Clone returns a deep copy.
func (v Value) Clone() Value {
	switch v.kind {
	case Array:
		items := make([]Value, len(v.arr))
		for i, item := range v.arr {
			items[i] = item.Clone()
		}
		v.arr = items
	case ObjectKind:
		v.obj = v.obj.Clone()
	}
	return v
}

// Equal reports whether both values have the same kind and content. Numbers
// compare by value, objects regardless of member order.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case Bool:
		return v.b == w.b
	case String:
		return v.text == w.text
	case Number:
		a, inRange := v.Float()
		b, alsoInRange := w.Float()
		return v.text == w.text || inRange && alsoInRange && a == b
	case Array:
		if len(v.arr) != len(w.arr) {
			return false
		}
		for i := range v.arr {
			if !v.arr[i].Equal(w.arr[i]) {
				return false
			}
		}
	case ObjectKind:
		if v.obj.Len() != w.obj.Len() {
			return false
		}
		for name, item := range v.obj.All() {
			if !item.Equal(w.obj.Get(name)) {
				return false
			}
		}
	}
	return true
}
