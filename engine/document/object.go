package document

import "iter"

// indexFrom is the number of members from which an Object keeps a map beside
// its list, so that hostile bodies with many members stay linear.
const indexFrom = 16

type member struct {
	name  string
	value Value
}

// Object is a JSON object that keeps the order in which members were first
// set. The zero Object is empty and ready to use; a nil *Object reads as
// empty. It is not safe for concurrent writes.
type Object struct {
	members []member
	index   map[string]int
}

// NewObject returns an empty object with room for n members.
func NewObject(n int) *Object { return &Object{members: make([]member, 0, n)} }

func (o *Object) find(name string) int {
	if o == nil {
		return -1
	}
	if o.index != nil {
		if i, ok := o.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].name == name {
			return i
		}
	}
	return -1
}

// Get returns the member's value, or Absent.
func (o *Object) Get(name string) Value {
	if i := o.find(name); i >= 0 {
		return o.members[i].value
	}
	return Value{}
}

// Has reports whether the member is there, null included.
func (o *Object) Has(name string) bool { return o.find(name) >= 0 }

// Len returns the number of members.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.members)
}

// Set stores a member: an existing one keeps its place, a new one comes last.
// Setting Absent deletes the member. It returns the object, for chaining.
func (o *Object) Set(name string, v Value) *Object {
	if v.IsAbsent() {
		o.Delete(name)
		return o
	}
	if i := o.find(name); i >= 0 {
		o.members[i].value = v
		return o
	}
	o.members = append(o.members, member{name, v})
	if o.index != nil {
		o.index[name] = len(o.members) - 1
	} else if len(o.members) >= indexFrom {
		o.reindex()
	}
	return o
}

func (o *Object) reindex() {
	o.index = make(map[string]int, len(o.members))
	for i := range o.members {
		o.index[o.members[i].name] = i
	}
}

// Delete removes a member, if it is there.
func (o *Object) Delete(name string) {
	i := o.find(name)
	if i < 0 {
		return
	}
	o.members = append(o.members[:i], o.members[i+1:]...)
	if o.index != nil {
		o.reindex()
	}
}

// All iterates over the members in order. The object must not be changed
// meanwhile.
func (o *Object) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if o == nil {
			return
		}
		for i := range o.members {
			if !yield(o.members[i].name, o.members[i].value) {
				return
			}
		}
	}
}

// equal reports whether both have the same members, whatever their order.
func (o *Object) equal(other *Object) bool {
	if o.Len() != other.Len() {
		return false
	}
	for name, v := range o.All() {
		if !v.Equal(other.Get(name)) {
			return false
		}
	}
	return true
}

// Clone returns a deep copy; of nil, an empty object.
func (o *Object) Clone() *Object {
	c := NewObject(o.Len())
	for name, v := range o.All() {
		c.Set(name, v.Clone())
	}
	return c
}
