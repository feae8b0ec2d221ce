package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
)

// Limits of the conditions of one query.
const (
	// MaxConditions is the largest number of conditions.
	MaxConditions = 20
	// MaxIn is the largest number of values of In and NotIn.
	MaxIn = 100
	// MaxSearchText is the longest text of a search, in bytes.
	MaxSearchText = 256
	// MaxSearched is the number of bytes of a field's text that a search
	// looks at; EndsWith finds no longer ones. A NUL counts twice.
	MaxSearched = maxKeyText
)

// Operator says how a Condition compares.
type Operator string

// The operators. Eq, Ne, In and NotIn compare values exactly, numbers as 64-bit
// floats. Lt to Gte compare in the order of the field, which is that of its
// indexes. The last three search strings, without case as Fold has it,
// whether the field is folded or not.
//
// A field that is null or absent meets Eq null, and nothing else; a field that
// is neither meets Ne null. So Ne "x" does not find records without the field,
// as in SQL.
const (
	Eq         Operator = "eq"
	Ne         Operator = "ne"
	Lt         Operator = "lt"
	Lte        Operator = "lte"
	Gt         Operator = "gt"
	Gte        Operator = "gte"
	In         Operator = "in"     // Value is an array; one of them
	NotIn      Operator = "not_in" // Value is an array; none of them
	Contains   Operator = "contains"
	StartsWith Operator = "starts_with"
	EndsWith   Operator = "ends_with"
)

// Condition is something that a field of a record must meet. Fields of type
// JSON cannot have conditions; "id" can.
type Condition struct {
	Field string
	Op    Operator
	Value document.Value
}

// test is a Condition made ready.
type test struct {
	field  Field
	op     Operator
	value  document.Value
	null   bool                // the value of Eq or Ne is null
	key    []byte              // the value, as it is compared
	set    map[string]struct{} // of In and NotIn: keys
	needle []byte              // of a search
}

// tests makes conditions ready, or returns an *InvalidError.
func (m *ModelInfo) tests(where []Condition) ([]test, error) {
	if len(where) == 0 {
		return nil, nil
	}
	if len(where) > MaxConditions {
		return nil, &InvalidError{Model: m.Name, Reason: fmt.Sprintf("%d conditions; the limit is %d", len(where), MaxConditions)}
	}
	tests := make([]test, len(where))
	for i, c := range where {
		f, err := m.comparable(c.Field)
		if err != nil {
			return nil, err
		}
		tests[i] = test{field: f, op: c.Op, value: c.Value}
		if reason := tests[i].prepare(); reason != "" {
			return nil, &InvalidError{Model: m.Name, Field: c.Field, Reason: reason}
		}
	}
	return tests, nil
}

// comparable returns a field that can have conditions and be sorted by.
func (m *ModelInfo) comparable(name string) (Field, error) {
	if name == idField {
		return Field{Name: idField, Type: String}, nil
	}
	f, ok := m.fields[name]
	switch {
	case !ok:
		return f, &InvalidError{Model: m.Name, Field: name, Reason: "unknown field"}
	case f.Type == JSON:
		return f, &InvalidError{Model: m.Name, Field: name, Reason: "a json field has no order and no conditions"}
	}
	return f, nil
}

// prepare returns what is wrong with a condition, or "".
func (t *test) prepare() string {
	switch t.op {
	case Eq, Ne:
		t.null = t.value.Kind() == document.Null
		t.key = AppendKey(nil, t.value)
		if t.null {
			return ""
		}
		return t.checkValue(t.value)
	case Lt, Lte, Gt, Gte:
		t.key = t.orderKey(nil, t.value)
		return t.checkValue(t.value)
	case In, NotIn:
		return t.prepareSet()
	case Contains, StartsWith, EndsWith:
		return t.prepareSearch()
	default:
		return fmt.Sprintf("unknown operator %q", string(t.op))
	}
}

// checkValue returns what is wrong with a value to compare with, or "".
func (t *test) checkValue(v document.Value) string {
	if v.IsNullish() {
		return fmt.Sprintf("%s needs a value that is not null", t.op)
	}
	return t.field.check(v)
}

func (t *test) prepareSet() string {
	if t.value.Kind() != document.Array {
		return fmt.Sprintf("%s needs an array", t.op)
	}
	items := t.value.Items()
	if len(items) > MaxIn {
		return fmt.Sprintf("%s has %d values; the limit is %d", t.op, len(items), MaxIn)
	}
	t.set = make(map[string]struct{}, len(items))
	for _, v := range items {
		if reason := t.checkValue(v); reason != "" {
			return reason
		}
		t.set[string(AppendKey(nil, v))] = struct{}{}
	}
	return ""
}

func (t *test) prepareSearch() string {
	text := t.value.Str()
	switch {
	case t.field.Type != String:
		return fmt.Sprintf("%s is for strings, not for a %s", t.op, t.field.Type)
	case t.value.Kind() != document.String || !utf8.ValidString(text):
		return fmt.Sprintf("%s needs a string", t.op)
	case len(text) > MaxSearchText:
		return fmt.Sprintf("%s has a text of %d bytes; the limit is %d", t.op, len(text), MaxSearchText)
	}
	t.needle = appendNeedle(nil, Fold(text))
	return ""
}

// orderKey appends the form in which the field's order compares a value.
func (t *test) orderKey(dst []byte, v document.Value) []byte {
	if t.field.Fold {
		return appendFolded(dst, v)
	}
	return AppendKey(dst, v)
}

// meets reports whether a value of the field meets the condition.
func (t *test) meets(v document.Value) bool {
	if t.null {
		return v.IsNullish() == (t.op == Eq)
	}
	if v.IsNullish() {
		return false
	}
	var buf [128]byte
	switch t.op {
	case Eq, Ne:
		return bytes.Equal(AppendKey(buf[:0], v), t.key) == (t.op == Eq)
	case In, NotIn:
		_, in := t.set[string(AppendKey(buf[:0], v))]
		return in == (t.op == In)
	case Contains, StartsWith, EndsWith:
		return t.found(appendFolded(buf[:0], v))
	default:
		return t.ordered(bytes.Compare(t.orderKey(buf[:0], v), t.key))
	}
}

// ordered tells what the operator says of a field that compares so.
func (t *test) ordered(order int) bool {
	switch t.op {
	case Lt:
		return order < 0
	case Lte:
		return order <= 0
	case Gt:
		return order > 0
	default:
		return order >= 0
	}
}

// found searches the text at the beginning of a folded key.
func (t *test) found(key []byte) bool {
	text, whole, ok := keyText(key)
	switch {
	case !ok:
		return false
	case t.op == Contains:
		return bytes.Contains(text, t.needle)
	case t.op == StartsWith:
		return bytes.HasPrefix(text, t.needle)
	default:
		return whole && bytes.HasSuffix(text, t.needle)
	}
}

// indexedFields lists the fields that lead an index, for messages.
func (m *ModelInfo) indexedFields() string {
	names := []string{idField}
	for _, ix := range m.Indexes {
		if !slices.Contains(names, ix.Fields[0]) {
			names = append(names, ix.Fields[0])
		}
	}
	return strings.Join(names, ", ")
}
