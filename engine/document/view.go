package document

import (
	"iter"
	"slices"
)

// View is an object that can be read and not changed: what is made of it is a
// copy. The zero View is empty.
type View struct {
	object *Object
	hidden []string
	filled []string // members that are null if the object does not have them
}

// View returns the object for reading.
func (o *Object) View() View { return View{object: o} }

// Without returns the view without some members.
func (v View) Without(names ...string) View {
	if len(names) == 0 {
		return v
	}
	v.hidden = slices.Concat(v.hidden, names)
	return v
}

// Filled returns the view with members of some names that are null where the
// object has none, behind the others.
func (v View) Filled(names ...string) View {
	if len(names) == 0 {
		return v
	}
	v.filled = slices.Concat(v.filled, names)
	return v
}

// fills reports whether the member is null because the object has none.
func (v View) fills(name string) bool {
	return slices.Contains(v.filled, name) && !v.object.Has(name)
}

// Get returns a copy of the member's value, or Absent.
func (v View) Get(name string) Value {
	if slices.Contains(v.hidden, name) {
		return Value{}
	}
	if v.fills(name) {
		return NullValue()
	}
	return v.object.Get(name).Clone()
}

// Has reports whether the member is there, null included.
func (v View) Has(name string) bool {
	return !slices.Contains(v.hidden, name) && (v.object.Has(name) || v.fills(name))
}

// All iterates over the members in order, with copies of their values.
func (v View) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for name, value := range v.object.All() {
			if !slices.Contains(v.hidden, name) && !yield(name, value.Clone()) {
				return
			}
		}
		for _, name := range v.filled {
			if !slices.Contains(v.hidden, name) && v.fills(name) && !yield(name, NullValue()) {
				return
			}
		}
	}
}

// Copy returns the members as an object of the caller's own.
func (v View) Copy() *Object {
	c := NewObject(v.object.Len() + len(v.filled))
	for name, value := range v.All() {
		c.Set(name, value)
	}
	return c
}

// Value returns the members as a value of the caller's own.
func (v View) Value() Value { return Obj(v.Copy()) }
