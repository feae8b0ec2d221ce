package store

import (
	"fmt"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
)

// keyRange is a range of keys that becomes narrower.
type keyRange struct{ from, to []byte }

func (r *keyRange) atLeast(key []byte) {
	if string(key) > string(r.from) {
		r.from = key
	}
}

func (r *keyRange) below(key []byte) {
	if key != nil && (r.to == nil || string(key) < string(r.to)) {
		r.to = key
	}
}

// bound works out the range of keys, and which conditions it decides.
func (s *Scan) bound(q Query, tests []test) error {
	ranged := !q.From.IsAbsent() || !q.To.IsAbsent()
	if err := s.checkBounds(q, ranged); err != nil {
		return err
	}
	if s.Index != nil {
		s.prefix = make([]byte, 0, 96)
	}
	for i, v := range q.Key {
		s.prefix = s.part(s.prefix, i, v)
	}
	s.fixed = len(q.Key)
	for ok := !ranged; ok && s.fixed < s.fields(); {
		tests, ok = s.fix(tests)
	}
	n := len(s.prefix)
	s.prefix = s.prefix[:n:n]
	r := keyRange{from: s.prefix}
	if s.fixed > 0 {
		r.to = s.after(s.prefix)
	}
	if ranged {
		s.between(&r, q)
	}
	if s.fixed < s.fields() {
		tests = s.narrow(&r, tests)
	}
	s.From, s.To, s.tests = r.from, r.to, tests
	return nil
}

// checkBounds reports values that the index has no fields for.
func (s *Scan) checkBounds(q Query, ranged bool) error {
	if len(q.Key) > s.fields() || ranged && len(q.Key) == s.fields() {
		return &InvalidError{Model: q.Model, Reason: fmt.Sprintf("index %q has %d fields; the query bounds more", q.Index, s.fields())}
	}
	if s.Index == nil && !validIDs(append(q.Key[:len(q.Key):len(q.Key)], q.From, q.To)) {
		return &InvalidError{Model: q.Model, Field: idField, Reason: "the query bounds ids with something that is no valid text"}
	}
	return nil
}

// validIDs reports whether values can bound ids.
func validIDs(values []document.Value) bool {
	for _, v := range values {
		if !v.IsAbsent() && (v.Kind() != document.String || !utf8.ValidString(v.Str())) {
			return false
		}
	}
	return true
}

// fields counts the fields of the index.
func (s *Scan) fields() int {
	if s.Index == nil {
		return 1
	}
	return len(s.Index.Fields)
}

// next names the field after those that are fixed.
func (s *Scan) next() string {
	if s.Index == nil {
		return idField
	}
	return s.Index.Fields[s.fixed]
}

// part appends the form in which keys hold a value of field number i.
func (s *Scan) part(dst []byte, i int, v document.Value) []byte {
	if s.Index == nil {
		return append(dst, v.Str()...)
	}
	return s.Index.appendPart(dst, i, v)
}

// value returns the prefix with a value of the next field.
func (s *Scan) value(v document.Value) []byte { return s.part(s.prefix, s.fixed, v) }

// after returns the first key beyond a value that value returned, and beyond
// all keys that continue it.
func (s *Scan) after(key []byte) []byte {
	if s.Index == nil {
		return append(append(make([]byte, 0, len(key)+1), key...), 0)
	}
	return successor(append(make([]byte, 0, len(key)), key...))
}

// fix adds the value of the next field to the prefix if a condition names it,
// and returns the conditions that are left. ok is false when there is none.
func (s *Scan) fix(tests []test) (left []test, ok bool) {
	for i := range tests {
		t := &tests[i]
		if t.op != Eq || t.field.Name != s.next() {
			continue
		}
		s.prefix = s.value(t.value)
		s.fixed++
		if t.field.Fold && !t.null {
			return tests, true // other texts have this key, too
		}
		return append(tests[:i:i], tests[i+1:]...), true
	}
	return tests, false
}

// between bounds the next field by the query's From and To.
func (s *Scan) between(r *keyRange, q Query) {
	s.ranged = true
	switch from := s.value(q.From); {
	case q.From.IsAbsent():
	case q.FromExclusive:
		r.atLeast(s.after(from))
	default:
		r.atLeast(from)
	}
	switch to := s.value(q.To); {
	case q.To.IsAbsent():
	case q.ToInclusive:
		r.below(s.after(to))
	default:
		r.below(to)
	}
}

// narrow bounds the next field by the conditions on it, and returns those that
// are not decided by that.
func (s *Scan) narrow(r *keyRange, tests []test) []test {
	var left []test
	name := s.next()
	for _, t := range tests {
		if t.field.Name != name || !s.decide(r, t) {
			left = append(left, t)
		}
	}
	return left
}

// decide narrows the range by one condition on the next field, and reports
// whether every key that is left in it meets the condition.
func (s *Scan) decide(r *keyRange, t test) bool {
	if s.Index != nil && !(t.null && t.op == Eq) {
		r.atLeast(s.after(s.value(document.NullValue())))
	}
	key := s.value(t.value)
	switch t.op {
	case Lt:
		r.below(key)
	case Lte:
		r.below(s.after(key))
	case Gt:
		r.atLeast(s.after(key))
	case Gte:
		r.atLeast(key)
	case Eq:
		r.atLeast(key)
		r.below(s.after(key))
		return t.null || !t.field.Fold
	case Ne:
		return t.null
	case In, NotIn:
		return false
	default:
		return s.search(r, t)
	}
	s.ranged = true
	return true
}

// search is decide for the operators that look into texts. Only the keys of
// folded fields help with that.
func (s *Scan) search(r *keyRange, t test) bool {
	if s.Index == nil || !t.field.Fold {
		return false
	}
	text := append(s.prefix, tagText)
	if t.op == StartsWith {
		text = append(text, t.needle...)
		s.ranged = true
	}
	r.atLeast(text)
	r.below(s.after(text))
	if t.op == StartsWith {
		return true
	}
	if len(s.Index.Fields) > 1 {
		return false
	}
	s.needles = append(s.needles, t)
	return true
}
