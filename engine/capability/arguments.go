package capability

import (
	"slices"

	"github.com/authhost/authhost/engine/document"
)

// What the generated decoders read arguments with. Each returns an error with the
// rule of the argument where the value is not what the contract says.

// given notes which arguments of a call there are, by their place in the
// contract.
type given uint64

func (g given) has(i int) bool { return g&(1<<i) != 0 }

// count returns how many of some conditions hold.
func count(conditions ...bool) int {
	n := 0
	for _, holds := range conditions {
		if holds {
			n++
		}
	}
	return n
}

func textArg(v document.Value, notEmpty bool, rule string) (string, error) {
	if v.Kind() != document.String || notEmpty && v.Str() == "" {
		return "", invalid(rule)
	}
	return v.Str(), nil
}

func enumArg(v document.Value, rule string, names ...string) (string, error) {
	if v.Kind() != document.String || !slices.Contains(names, v.Str()) {
		return "", invalid(rule)
	}
	return v.Str(), nil
}

func boolArg(v document.Value, rule string) (bool, error) {
	if v.Kind() != document.Bool {
		return false, invalid(rule)
	}
	return v.Bool(), nil
}

func intArg(v document.Value, rule string) (int64, error) {
	n, ok := v.Int()
	if !ok || v.Kind() != document.Number {
		return 0, invalid(rule)
	}
	return n, nil
}

func boundedArg(v document.Value, least, most int64, rule string) (int64, error) {
	n, err := intArg(v, rule)
	if err == nil && (n < least || n > most) {
		err = invalid(rule)
	}
	return n, err
}

func objectArg(v document.Value, rule string) (*document.Object, error) {
	if v.Kind() != document.ObjectKind {
		return nil, invalid(rule)
	}
	return v.Object(), nil
}

func itemsArg(v document.Value, rule string) ([]document.Value, error) {
	if v.Kind() != document.Array {
		return nil, invalid(rule)
	}
	return v.Items(), nil
}

func textsArg(v document.Value, rule string) ([]string, error) {
	items, err := itemsArg(v, rule)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if item.Kind() != document.String {
			return nil, invalid(rule)
		}
		texts[i] = item.Str()
	}
	return texts, nil
}

// kindArg takes a value of one of several kinds, given as a set of bits.
func kindArg(v document.Value, kinds uint, rule string) (document.Value, error) {
	if kinds&(1<<v.Kind()) == 0 {
		return document.Value{}, invalid(rule)
	}
	return v, nil
}

// objectsArg takes an array of objects whose members the contract has.
func objectsArg[A any](v document.Value, decode func(*document.Object) (*A, error), rule string) ([]*A, error) {
	items, err := itemsArg(v, rule)
	if err != nil {
		return nil, err
	}
	list := make([]*A, len(items))
	for i, item := range items {
		if list[i], err = membersArg(item, decode, rule); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// membersArg takes an object whose members the contract has.
func membersArg[A any](v document.Value, decode func(*document.Object) (*A, error), rule string) (*A, error) {
	o, err := objectArg(v, rule)
	if err != nil {
		return nil, err
	}
	return decode(o)
}
