package config

// kind tells what a node is.
type kind uint8

const (
	nullKind kind = iota
	boolKind
	intKind
	floatKind
	textKind
	listKind
	mapKind
)

// String names the kind for messages.
func (k kind) String() string {
	return [...]string{"nothing", "true or false", "a whole number", "a number", "text", "a list", "a mapping"}[k]
}

// place is a position without the file.
type place struct{ Line, Column int }

// node is an element of a YAML file, independent of the YAML library. Scalars
// have text (numbers as JSON writes them, where JSON can), lists items, and
// mappings fields in the order of the file.
type node struct {
	kind   kind
	pos    place
	text   string
	items  []*node
	fields []field
}

type field struct {
	name  string
	pos   place
	value *node
}

// get returns the field of a mapping, or nil. A field that is null counts as
// left out; a nil node has none.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for i := range n.fields {
		if n.fields[i].name == name && n.fields[i].value.kind != nullKind {
			return n.fields[i].value
		}
	}
	return nil
}

// child returns the field or item of that name or number, or nil.
func (n *node) child(name string) *node {
	if n.kind == listKind {
		i := 0
		for _, c := range []byte(name) {
			if c < '0' || c > '9' || i > len(n.items) {
				return nil
			}
			i = i*10 + int(c-'0')
		}
		if name == "" || i >= len(n.items) {
			return nil
		}
		return n.items[i]
	}
	return n.get(name)
}
