package document

import (
	"math"
	"slices"
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
//
// It holds one thing only, because documents of clients and plugins may have
// very many values: with a member for each kind every one of them would take 56
// bytes, of which this one takes 16.
type Value struct {
	of any // nil, nullValue, bool, number, string, []Value or *Object
}

type (
	nullValue struct{}
	number    string // JSON text
)

// Text wraps a string.
func Text(s string) Value { return Value{s} }

// NullValue is JSON null.
func NullValue() Value { return Value{nullValue{}} }

// Boolean wraps a bool.
func Boolean(b bool) Value { return Value{b} }

// Int wraps an integer.
func Int(n int64) Value { return Value{number(strconv.FormatInt(n, 10))} }

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
	return Value{number(text)}
}

// Time wraps a time in TimeLayout.
func Time(t time.Time) Value { return Text(t.UTC().Format(TimeLayout)) }

// List wraps an array. The slice is not copied.
func List(items ...Value) Value {
	if len(items) == 0 {
		return emptyList
	}
	return Value{items}
}

var emptyList = Value{[]Value{}}

// Obj wraps an object. A nil object gives Absent.
func Obj(o *Object) Value {
	if o == nil {
		return Value{}
	}
	return Value{o}
}

// Kind returns what the value is.
func (v Value) Kind() Kind {
	switch v.of.(type) {
	case nullValue:
		return Null
	case bool:
		return Bool
	case number:
		return Number
	case string:
		return String
	case []Value:
		return Array
	case *Object:
		return ObjectKind
	default:
		return Absent
	}
}

// IsAbsent reports whether there is no value.
func (v Value) IsAbsent() bool { return v.of == nil }

// IsNullish reports whether the value is absent or null.
func (v Value) IsNullish() bool { return v.Kind() <= Null }

// Str returns the text of a string, and "" for every other kind.
func (v Value) Str() string {
	s, _ := v.of.(string)
	return s
}

// Bool returns the value of a boolean, and false for every other kind.
func (v Value) Bool() bool {
	b, _ := v.of.(bool)
	return b
}

// NumberText returns the JSON text of a number, and "" for every other kind.
func (v Value) NumberText() string {
	n, _ := v.of.(number)
	return string(n)
}

// Int returns a number as an integer; ok is false if the value is not a
// number or not an integer that fits.
func (v Value) Int() (n int64, ok bool) {
	text, ok := v.of.(number)
	if !ok {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Float returns a number; ok is false if the value is not a number.
func (v Value) Float() (f float64, ok bool) {
	text, ok := v.of.(number)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}

// Time parses a string in TimeLayout or RFC 3339.
func (v Value) Time() (time.Time, bool) {
	text, ok := v.of.(string)
	if !ok {
		return time.Time{}, false
	}
	if t, err := time.Parse(TimeLayout, text); err == nil {
		return t, true
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil
}

// Items returns the elements of an array, and nil for every other kind.
func (v Value) Items() []Value {
	items, _ := v.of.([]Value)
	return items
}

// Object returns the object, and nil for every other kind. A nil *Object
// reads as empty.
func (v Value) Object() *Object {
	o, _ := v.of.(*Object)
	return o
}

// Get returns a member of an object; Absent if the value is no object or has
// no such member.
func (v Value) Get(name string) Value { return v.Object().Get(name) }

// Clone returns a deep copy.
func (v Value) Clone() Value {
	switch of := v.of.(type) {
	case []Value:
		items := make([]Value, len(of))
		for i, item := range of {
			items[i] = item.Clone()
		}
		return List(items...)
	case *Object:
		return Obj(of.Clone())
	}
	return v
}

// Equal reports whether both values have the same kind and content. Numbers
// compare by value, objects regardless of member order.
func (v Value) Equal(w Value) bool {
	if v.Kind() != w.Kind() {
		return false
	}
	switch of := v.of.(type) {
	case bool:
		return of == w.Bool()
	case string:
		return of == w.Str()
	case number:
		a, inRange := v.Float()
		b, alsoInRange := w.Float()
		return v.NumberText() == w.NumberText() || inRange && alsoInRange && a == b
	case []Value:
		return slices.EqualFunc(of, w.Items(), Value.Equal)
	case *Object:
		return of.equal(w.Object())
	}
	return true
}
