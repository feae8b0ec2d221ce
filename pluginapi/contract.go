package pluginapi

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// The contract between host and guests is data: the capability functions with
// their arguments and results, the events, and the paths of the document. The
// tables of ABI.md, contract.json, the typed methods of the Go SDK and the
// host's decoding of arguments are generated from it (go generate ./pluginapi).

// Type is a set of JSON types, for what an argument may be.
type Type uint8

// The JSON types. Seconds are integers, too.
const (
	TypeText Type = 1 << iota
	TypeBool
	TypeInt // a number without a fraction that fits 64 bits
	TypeNumber
	TypeObject
	TypeArray
	TypeNull
	TypeAny = TypeText | TypeBool | TypeInt | TypeNumber | TypeObject | TypeArray | TypeNull
)

var typeNames = []struct {
	t    Type
	name string
}{
	{TypeText, "text"}, {TypeBool, "bool"}, {TypeInt, "integer"}, {TypeNumber, "number"},
	{TypeObject, "object"}, {TypeArray, "array"}, {TypeNull, "null"},
}

// String lists the types: "text or bool".
func (t Type) String() string {
	if t == TypeAny {
		return "any"
	}
	var names []string
	for _, n := range typeNames {
		if t&n.t != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, " or ")
}

// Units of numbers.
const (
	UnitSeconds      = "seconds"
	UnitMilliseconds = "milliseconds"
)

// MaxSeconds bounds every number of seconds in the arguments of a call: a leap
// year.
const MaxSeconds = 366 * 24 * 60 * 60

// MaxSafeInt is the greatest integer that every reader of JSON keeps as it is
// (RFC 8259 section 6).
const MaxSafeInt = 1<<53 - 1

// Param is one argument of a capability function, or one member of its result.
type Param struct {
	Name     string
	Type     Type
	Required bool     // of an argument; a member of a result that is always there
	Unit     string   // of a number
	Min, Max int64    // of an integer, if Max is not 0
	Default  int64    // of an integer that is left out
	Enum     []string // what a text may be; none: any
	Empty    bool     // a required text may be ""
	Items    Type     // of an array; 0: any
	Record   string   // the member is a record of this shape, or an array of them
	Members  []Param  // of an object, or of each object in an array
	Open     bool     // the object may have further members
	Go       string   // name of the type that a Go SDK gives an object with members
	// Copied marks what guests usually pass on without looking at it, such as a
	// password: SDKs take a value there that the host copies.
	Copied bool
	Doc    string
}

// Function is one function of a capability.
type Function struct {
	Capability, Name string
	Since            string // the ABI version that has it first; "" is 1.0
	Doc              string // a sentence that begins with a verb: "finds a user"
	// Access is what the manifest must ask for besides the capability: to read
	// or to write Model or, if that is "", the model that the argument model
	// names.
	Access Access
	Model  string
	Args   []Param
	// OneOf names arguments of which exactly one is given; an empty text is not.
	OneOf [][]string
	// Result are the members of the result; Record says instead that the
	// result is a record of that shape, Open that it is any object.
	Result []Param
	Record string
	Open   bool
	// Statuses are those that the function gives besides ok and the common
	// ones, with what they mean here.
	Statuses []Outcome
	Codes    []Code // result.code, where the status is not ok
}

// Access is what a function does to a model.
type Access string

// The sorts of access. What may be written may be read.
const (
	AccessNone  Access = ""
	AccessRead  Access = "read"
	AccessWrite Access = "write"
)

// Outcome says what a status of a function means.
type Outcome struct {
	Status Status
	Doc    string
}

// Code is a value of result.code.
type Code struct {
	Code string
	Doc  string
}

// Shape is a record as guests get it.
type Shape struct {
	Name    string
	Doc     string
	Members []Param
}

// FullName is the name with its capability: "identity.findUser".
func (f *Function) FullName() string { return f.Capability + "." + f.Name }

// Arg returns the argument with a name.
func (f *Function) Arg(name string) (*Param, bool) {
	for i := range f.Args {
		if f.Args[i].Name == name {
			return &f.Args[i], true
		}
	}
	return nil, false
}

// Functions gives every capability function of this ABI version, by capability
// in the order of CapabilityNames.
func Functions() iter.Seq[*Function] {
	return func(yield func(*Function) bool) {
		for _, list := range contractFunctions {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// contractFunctions are the functions by capability.
var contractFunctions = [][]Function{
	identityFunctions, userQueries, sessionFunctions, verificationFunctions, storageFunctions, storageQueries, cryptoFunctions, keysFunctions,
	httpFunctions, emailFunctions, smsFunctions, randomFunctions, rateLimitFunctions, auditFunctions, cookiesFunctions, openapiFunctions, pluginsFunctions, scheduleFunctions, xmlFunctions,
}

// FindFunction returns a capability function by its names.
func FindFunction(capability, name string) (*Function, bool) {
	for f := range Functions() {
		if f.Capability == capability && f.Name == name {
			return f, true
		}
	}
	return nil, false
}

// Rule says in words what an argument must be; hosts answer with it where it
// is not. at is the path of the argument: "user.email".
func (p *Param) Rule(at string) string {
	rule := p.Type.String()
	switch {
	case len(p.Enum) > 0 && p.Type == TypeText:
		rule = "one of " + strings.Join(p.Enum, ", ")
	case p.Unit == UnitSeconds:
		rule = fmt.Sprintf("a number of seconds from %d to %d", p.least(), p.most())
	case p.Max > 0:
		rule = fmt.Sprintf("an integer from %d to %d", p.Min, p.Max)
	case p.Type == TypeText && p.Required && !p.Empty:
		rule = "a text that is not empty"
	case p.Type == TypeText || p.Type == TypeBool || p.Type == TypeNumber:
		rule = "a " + rule
	case p.Type == TypeInt || p.Type == TypeObject || p.Type == TypeArray && p.Items == 0:
		rule = "an " + rule
	case p.Type == TypeArray:
		rule = "an array of " + p.Items.String()
	}
	return "argument " + at + " must be " + rule
}

func (p *Param) least() int64 {
	if p.Min > 0 {
		return p.Min
	}
	return 1
}

func (p *Param) most() int64 {
	if p.Max > 0 {
		return p.Max
	}
	return MaxSeconds
}

// Bounds returns the least and the greatest value of an integer argument; ok
// is false if it has none.
func (p *Param) Bounds() (least, most int64, ok bool) {
	if p.Unit == UnitSeconds {
		return p.least(), p.most(), true
	}
	return p.Min, p.Max, p.Max > 0
}

// UnknownArgument is the message for an argument that a function does not have.
func (f *Function) UnknownArgument(name string) string {
	return f.FullName() + " has no argument " + name
}

// OneOfRule is the message where not exactly one of some arguments is given.
func OneOfRule(names []string) string {
	return "exactly one of the arguments " + strings.Join(names, ", ") + " must be given"
}

// Check reports what is wrong with arguments, given as decoded by
// encoding/json with UseNumber. It is for hosts that keep arguments so; the
// engine has generated code that gives the same answers.
func (f *Function) Check(args map[string]any) error {
	for _, name := range sortedNames(args) {
		p, ok := f.Arg(name)
		if !ok {
			return fmt.Errorf("%s", f.UnknownArgument(name))
		}
		if args[name] == nil && !p.Required && p.Type&TypeNull == 0 {
			continue // null is as good as absent
		}
		if err := p.check(args[name], name); err != nil {
			return err
		}
	}
	for i := range f.Args {
		if _, given := args[f.Args[i].Name]; !given && f.Args[i].Required {
			return fmt.Errorf("%s", f.Args[i].Rule(f.Args[i].Name))
		}
	}
	for _, names := range f.OneOf {
		given := 0
		for _, name := range names {
			if args[name] != nil && args[name] != "" {
				given++
			}
		}
		if given != 1 {
			return fmt.Errorf("%s", OneOfRule(names))
		}
	}
	return nil
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// check reports a value that is not what the argument must be.
func (p *Param) check(v any, at string) error {
	wrong := fmt.Errorf("%s", p.Rule(at))
	if typeOf(v)&p.Type == 0 {
		return wrong
	}
	switch v := v.(type) {
	case string:
		if v == "" && p.Required && !p.Empty && p.Type == TypeText || len(p.Enum) > 0 && !slices.Contains(p.Enum, v) {
			return wrong
		}
	case interface{ Int64() (int64, error) }:
		n, err := v.Int64()
		if least, most, ok := p.Bounds(); ok && (err != nil || n < least || n > most) {
			return wrong
		}
	case []any:
		for _, item := range v {
			if p.Items != 0 && typeOf(item)&p.Items == 0 {
				return wrong
			}
			if o, ok := item.(map[string]any); ok && p.Members != nil {
				if err := p.checkMembers(o, at); err != nil {
					return err
				}
			}
		}
	case map[string]any:
		return p.checkMembers(v, at)
	}
	return nil
}

// checkMembers checks the members of an object that the table describes.
func (p *Param) checkMembers(object map[string]any, at string) error {
	for i := range p.Members {
		m := &p.Members[i]
		v, given := object[m.Name]
		if !given && m.Required {
			return fmt.Errorf("%s", m.Rule(at+"."+m.Name))
		}
		if !given || v == nil && !m.Required {
			continue
		}
		if err := m.check(v, at+"."+m.Name); err != nil {
			return err
		}
	}
	if p.Open || p.Members == nil {
		return nil
	}
	for _, name := range sortedNames(object) {
		if !slices.ContainsFunc(p.Members, func(m Param) bool { return m.Name == name }) {
			return fmt.Errorf("argument %s has no member %s", at, name)
		}
	}
	return nil
}

// typeOf returns the type of a value as encoding/json decodes it.
func typeOf(v any) Type {
	switch v := v.(type) {
	case nil:
		return TypeNull
	case string:
		return TypeText
	case bool:
		return TypeBool
	case []any:
		return TypeArray
	case map[string]any:
		return TypeObject
	case interface{ Int64() (int64, error) }:
		if _, err := v.Int64(); err == nil {
			return TypeInt | TypeNumber
		}
		return TypeNumber
	}
	return 0
}
