package store

import (
	"time"

	"github.com/authhost/authhost/engine/document"
)

// Record is one stored object.
type Record struct {
	ID string
	// Version counts the record's writes, from 1.
	Version uint64
	// Fields holds every member, in the order in which they were first
	// stored, and "id" last.
	Fields *document.Object
}

// Get returns a field, or Absent.
func (r *Record) Get(field string) document.Value {
	if r == nil {
		return document.Value{}
	}
	return r.Fields.Get(field)
}

// Str returns a string field, and "" when it is not a string.
func (r *Record) Str(field string) string { return r.Get(field).Str() }

// Bool returns a boolean field, and false when it is not one.
func (r *Record) Bool(field string) bool { return r.Get(field).Bool() }

// Int returns a number field; ok is false when it is not an integer.
func (r *Record) Int(field string) (n int64, ok bool) { return r.Get(field).Int() }

// Time returns a date field; ok is false when it is not a date.
func (r *Record) Time(field string) (t time.Time, ok bool) { return r.Get(field).Time() }

// Clone returns a deep copy; of nil, nil.
func (r *Record) Clone() *Record {
	if r == nil {
		return nil
	}
	return &Record{ID: r.ID, Version: r.Version, Fields: r.Fields.Clone()}
}

// NewRecord returns version 1 of a record with a copy of fields, in the shape
// in which drivers store it: "id" last.
func NewRecord(id string, fields *document.Object) *Record {
	o := document.NewObject(fields.Len() + 1)
	for name, v := range fields.All() {
		if name != idField {
			o.Set(name, v.Clone())
		}
	}
	return &Record{ID: id, Version: 1, Fields: o.Set(idField, document.Text(id))}
}

// Gone returns a record as events tell that it was deleted: with its last
// fields, and a version beyond all that it had.
func Gone(r *Record) *Record {
	gone := r.Clone()
	gone.Version++
	return gone
}

// With returns the next version of the record, with a copy of set's members in
// place of its own. The record itself is not changed.
func (r *Record) With(set *document.Object) *Record {
	next := r.Clone()
	next.Version++
	next.Fields.Delete(idField)
	for name, v := range set.All() {
		if name != idField {
			next.Fields.Set(name, v.Clone())
		}
	}
	next.Fields.Set(idField, document.Text(r.ID))
	return next
}
