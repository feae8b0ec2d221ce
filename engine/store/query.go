package store

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
)

// Scan is a Query made ready for a driver: a range of keys in one index.
type Scan struct {
	Model *ModelInfo
	// Index is nil for the order of ids; then keys are ids.
	Index *IndexInfo
	// From (inclusive) and To (exclusive) bound the keys; To is nil when
	// nothing bounds them. The cursor is taken into account.
	From, To []byte
	Desc     bool
	// Limit is the page size, from 1 to MaxLimit.
	Limit int
}

// Scan makes a query ready, or returns an *InvalidError.
func (c *Catalog) Scan(q Query) (Scan, error) {
	m, err := c.Model(q.Model)
	if err != nil {
		return Scan{}, err
	}
	ix, err := m.Index(q.Index)
	if err != nil {
		return Scan{}, err
	}
	s := Scan{Model: m, Index: ix, Desc: q.Desc, Limit: min(q.Limit, MaxLimit)}
	if s.Limit <= 0 {
		s.Limit = DefaultLimit
	}
	if err := s.bound(q); err != nil {
		return Scan{}, err
	}
	if q.Cursor == "" {
		return s, nil
	}
	after, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || s.Index == nil && !utf8.Valid(after) {
		return Scan{}, &InvalidError{Model: q.Model, Reason: "not a cursor"}
	}
	if s.Desc {
		if s.To == nil || string(after) < string(s.To) {
			s.To = after
		}
	} else if string(after) >= string(s.From) {
		s.From = append(after, 0)
	}
	return s, nil
}

func (s *Scan) bound(q Query) error {
	fields, part := 1, appendID
	if s.Index != nil {
		fields, part = len(s.Index.Fields), AppendKey
	}
	ranged := !q.From.IsAbsent() || !q.To.IsAbsent()
	if len(q.Key) > fields || ranged && len(q.Key) == fields {
		return &InvalidError{Model: q.Model, Reason: fmt.Sprintf("index %q has %d fields; the query bounds more", q.Index, fields)}
	}
	if s.Index == nil && !validIDs(append(q.Key[:len(q.Key):len(q.Key)], q.From, q.To)) {
		return &InvalidError{Model: q.Model, Field: idField, Reason: "the query bounds ids with something that is no valid text"}
	}
	if s.Index == nil && len(q.Key) == 1 {
		s.From = appendID(nil, q.Key[0])
		s.To = append(appendID(nil, q.Key[0]), 0)
		return nil
	}
	prefix := make([]byte, 0, 96)
	for _, v := range q.Key {
		prefix = part(prefix, v)
	}
	n := len(prefix)
	s.From, s.To = prefix[:n:n], nil
	if !q.From.IsAbsent() {
		s.From = part(s.From, q.From)
	}
	if !q.To.IsAbsent() {
		s.To = part(prefix[:n:n], q.To)
	} else if n > 0 {
		s.To = successor(append(make([]byte, 0, n), prefix...))
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

func appendID(dst []byte, v document.Value) []byte { return append(dst, v.Str()...) }

// Contains reports whether a key is in the range.
func (s Scan) Contains(key []byte) bool {
	return string(key) >= string(s.From) && (s.To == nil || string(key) < string(s.To))
}

// Key returns the key of a record in the scanned index.
func (s Scan) Key(r *Record) []byte {
	if s.Index == nil {
		return []byte(r.ID)
	}
	key, _ := s.Index.EntryKey(r)
	return key
}

// Cursor returns the cursor that continues after a key.
func (s Scan) Cursor(key []byte) string { return base64.RawURLEncoding.EncodeToString(key) }
