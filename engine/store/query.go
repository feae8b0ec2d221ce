package store

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

// Scan is a Query made ready for a driver: a range of keys in one index, and
// what the entries and the records of the range must meet besides.
type Scan struct {
	Model *ModelInfo
	// Index is nil for the order of ids; then keys are ids.
	Index *IndexInfo
	// From (inclusive) and To (exclusive) bound the keys; To is nil when
	// nothing bounds them. The cursor is taken into account.
	From, To []byte
	Desc     bool
	// Offset is the number of matches to pass over, up to MaxOffset.
	Offset int
	// Limit is the page size, from 1 to MaxLimit.
	Limit int
	// Max is where Count stops; 0 means nowhere.
	Max int
	// Budget has no zero in it.
	Budget Budget

	prefix  []byte // of all keys in the range: the values that are fixed
	fixed   int    // fields in prefix
	ranged  bool   // the field after them is bounded
	needles []test // conditions that keys decide
	tests   []test // conditions that records decide
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
	tests, err := m.tests(q.Where)
	if err != nil {
		return Scan{}, err
	}
	if q.Offset < 0 || q.Offset > MaxOffset {
		return Scan{}, &InvalidError{Model: q.Model, Reason: fmt.Sprintf(
			"an offset of %d; it is at least 0 and at most %d: go on with the cursor of a page", q.Offset, MaxOffset)}
	}
	s := Scan{
		Model: m, Index: ix, Desc: q.Desc, Offset: q.Offset, Limit: min(q.Limit, MaxLimit),
		Max: max(q.Limit, 0), Budget: q.Budget.bounded(),
	}
	if s.Limit <= 0 {
		s.Limit = DefaultLimit
	}
	if err := s.bound(q, tests); err != nil {
		return Scan{}, err
	}
	return s, s.follow(q.Cursor)
}

// follow makes the scan begin after a cursor.
func (s *Scan) follow(cursor string) error {
	if cursor == "" {
		return nil
	}
	after, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(after) > s.longestKey() || s.Index == nil && !utf8.Valid(after) {
		return &InvalidError{Model: s.Model.Name, Reason: "not a cursor"}
	}
	*s = s.After(after)
	return nil
}

// After returns the scan of what comes after a key.
func (s Scan) After(key []byte) Scan {
	if s.Desc {
		if s.To == nil || string(key) < string(s.To) {
			s.To = key
		}
	} else if string(key) >= string(s.From) {
		s.From = append(key[:len(key):len(key)], 0)
	}
	return s
}

// longestKey bounds the keys of the index in bytes, and so cursors.
func (s *Scan) longestKey() int {
	if s.Index == nil {
		return MaxID
	}
	return len(s.Index.Fields)*maxKeyPart + MaxID
}

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

// Needle is a condition that the text in a key decides, which is in KeyText:
// that text Contains, or EndsWith, Text.
type Needle struct {
	Op   Operator
	Text []byte
}

// Needles returns the conditions for MatchKey, for drivers that let a database
// look for them.
func (s Scan) Needles() []Needle {
	out := make([]Needle, len(s.needles))
	for i, t := range s.needles {
		out[i] = Needle{t.op, t.needle}
	}
	return out
}

// MatchKey reports whether a key of the range meets what keys decide.
func (s Scan) MatchKey(key []byte) bool {
	for i := range s.needles {
		if !s.needles[i].found(key) {
			return false
		}
	}
	return true
}

// Covered reports whether keys decide everything, so that records need not be
// read to be counted or passed over.
func (s Scan) Covered() bool { return len(s.tests) == 0 }

// Selective reports whether entries of the range may be passed over.
func (s Scan) Selective() bool { return s.Offset > 0 || len(s.needles)+len(s.tests) > 0 }

// Match reports whether a record of the range meets what keys do not decide.
func (s Scan) Match(r *Record) bool {
	for i := range s.tests {
		if !s.tests[i].meets(r.Get(s.tests[i].field.Name)) {
			return false
		}
	}
	return true
}

// Has reports whether a record is one that the scan finds, on whichever page.
func (s Scan) Has(r *Record) bool {
	key := s.Key(r)
	return s.Contains(key) && s.MatchKey(key) && s.Match(r)
}

// UniqueIDs returns ids without those that are there already, for drivers; an
// *InvalidError when they are more than MaxLimit.
func UniqueIDs(model string, ids []string) ([]string, error) {
	if len(ids) > MaxLimit {
		return nil, &InvalidError{Model: model, Field: idField, Reason: fmt.Sprintf("%d ids at once; the limit is %d", len(ids), MaxLimit)}
	}
	seen := make(map[string]bool, len(ids))
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id], out = true, append(out, id)
		}
	}
	return out, nil
}
