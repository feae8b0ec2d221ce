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
}

// View returns the object for reading.
func (o *Object) View() View { return View{object: o} }

// Without returns the view without some members.
func (v View) Without(names ...string) View {
	if len(names) == 0 {
		return v
	}
	return View{object: v.object, hidden: slices.Concat(v.hidden, names)}
}

// Get returns a copy of the member's value, or Absent.
func (v View) Get(name string) Value {
	if slices.Contains(v.hidden, name) {
		return Value{}
	}
	return v.object.Get(name).Clone()
}

// Has reports whether the member is there, null included.
func (v View) Has(name string) bool { return !slices.Contains(v.hidden, name) && v.object.Has(name) }

// All iterates over the members in order, with copies of their values.
func (v View) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for name, value := range v.object.All() {
			if !slices.Contains(v.hidden, name) && !yield(name, value.Clone()) {
				return
			}
		}
	}
}

// Copy returns the members as an object of the caller's own.
func (v View) Copy() *Object {
	c := NewObject(v.object.Len())
	for name, value := range v.All() {
		c.Set(name, value)
	}
	return c
}

// Value returns the members as a value of the caller's own.
func (v View) Value() Value { return Obj(v.Copy()) }
