package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// engineFunctions makes the table that binds each function to the engine's
// method of its name, so that one without a method does not compile.
func engineFunctions([]byte) ([]byte, error) {
	s := newSource("", "capability", "github.com/authhost/authhost/pluginapi")
	s.line("\n// functions has every function of the contract by capability and name, with")
	s.line("// what reads its arguments, what the manifest must ask for, and its method.")
	s.line("var functions = map[string]map[string]function{")
	for _, capability := range pluginapi.CapabilityNames() {
		s.line("%q: {", capability)
		for _, f := range functionsOf(capability) {
			s.line("%q: %s,", f.Name, binding(f))
		}
		s.line("},")
	}
	s.line("}")
	return s.formatted()
}

// binding is the expression for a function in the table.
func binding(f *pluginapi.Function) string {
	decode, method := "decode"+exported(engineType(f)), "(*Functions)."+f.Capability+exported(f.Name)
	access := map[pluginapi.Access]string{pluginapi.AccessRead: "pluginapi.AccessRead", pluginapi.AccessWrite: "pluginapi.AccessWrite"}[f.Access]
	if f.Access == pluginapi.AccessNone {
		return fmt.Sprintf("bind(%s, %s)", decode, method)
	}
	model := fmt.Sprintf("func(%s) string { return %q }", engineType(f), f.Model)
	if f.Model == "" {
		model = fmt.Sprintf("func(a %s) string { return a.Model }", engineType(f))
	}
	return fmt.Sprintf("bindModel(%s, %s, %s, %s)", access, model, decode, method)
}

// engineArguments makes the types of a capability's arguments in the engine,
// and what reads them from a document.
func engineArguments(capability string) ([]byte, error) {
	s := newSource("", "capability", "github.com/authhost/authhost/engine/document")
	s.line("")
	for _, f := range functionsOf(capability) {
		s.line("// %s are the arguments of %s.", engineType(f), f.FullName())
		s.argumentStruct(engineType(f), f.Args)
		s.decoder(f)
		for i := range f.Args {
			if p := &f.Args[i]; p.Members != nil && declares(f, p) {
				s.memberType(p)
			}
		}
	}
	return s.formatted()
}

// memberType writes the type of an object with members, and what reads it.
func (s *source) memberType(p *pluginapi.Param) {
	s.line("// arg%s is the argument %s. Fields is the whole object.", p.Go, p.Name)
	s.argumentStruct("arg"+p.Go, p.Members, "Fields *document.Object")
	s.line("func decodeArg%s(o *document.Object) (*arg%s, error) {", p.Go, p.Go)
	s.line("\ta := &arg%s{Fields: o}\n\tvar err error", p.Go)
	unknown := "argument " + p.Name + " has no member "
	if p.Open {
		unknown = ""
	}
	s.readArguments(reading{params: p.Members, at: p.Name + ".", failed: "nil", unknown: unknown})
	s.line("\treturn a, nil\n}\n")
}

func engineType(f *pluginapi.Function) string {
	return f.Capability + exported(f.Name) + "Args"
}

// engineField is the Go type of an argument in the engine.
func engineField(p *pluginapi.Param) string {
	if p.Members != nil && p.Type == pluginapi.TypeArray {
		return "[]*arg" + p.Go
	}
	if p.Members != nil {
		return "*arg" + p.Go
	}
	switch p.Type {
	case pluginapi.TypeText:
		return "string"
	case pluginapi.TypeBool:
		return "bool"
	case pluginapi.TypeInt:
		return "int64"
	case pluginapi.TypeObject:
		return "*document.Object"
	case pluginapi.TypeArray:
		if p.Items == pluginapi.TypeText {
			return "[]string"
		}
		return "[]document.Value"
	}
	return "document.Value"
}

func (s *source) argumentStruct(name string, params []pluginapi.Param, further ...string) {
	s.line("type %s struct {", name)
	for i := range params {
		s.line("\t%s %s", exported(params[i].Name), engineField(&params[i]))
	}
	for _, field := range further {
		s.line("\t%s", field)
	}
	s.line("}\n")
}

// decoder writes the function that reads the arguments. What the table says of
// an argument is checked here and nowhere else.
func (s *source) decoder(f *pluginapi.Function) {
	s.line("func decode%s(o *document.Object) (a %s, err error) {", exported(engineType(f)), engineType(f))
	if len(f.Args) == 0 {
		s.line("\tfor name := range o.All() {\n\t\treturn a, invalid(%q + name)\n\t}\n\treturn a, nil\n}\n", f.UnknownArgument(""))
		return
	}
	s.readArguments(reading{params: f.Args, failed: "a", unknown: f.UnknownArgument("")})
	for _, names := range f.OneOf {
		s.line("\tif count(%s) != 1 {\n\t\treturn a, invalid(%q)\n\t}", strings.Join(presence(f, names), ", "), pluginapi.OneOfRule(names))
	}
	s.line("\treturn a, nil")
	s.line("}\n")
}

// presence lists expressions that say which of some arguments there are.
func presence(f *pluginapi.Function, names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		p, _ := f.Arg(name)
		none := "nil"
		if engineField(p) == "string" {
			none = `""`
		}
		list[i] = fmt.Sprintf("a.%s != %s", exported(name), none)
	}
	return list
}

// reading says how the members of an object become the fields of a struct.
type reading struct {
	params  []pluginapi.Param
	at      string // what stands before names in messages: "user."
	failed  string // what is returned beside an error
	unknown string // begins the message for other members; "": they may be
}

// readArguments writes what reads the members of o into the fields of a, and
// returns with an error if one is not what the table says.
func (s *source) readArguments(r reading) {
	counts := slices.ContainsFunc(r.params, func(p pluginapi.Param) bool { return p.Required })
	for i := range r.params {
		if p := &r.params[i]; p.Default != 0 {
			s.line("\ta.%s = %d", exported(p.Name), p.Default)
		}
	}
	if counts {
		s.line("\tvar given given")
	}
	s.line("\tfor name, v := range o.All() {")
	s.line("\t\tswitch name {")
	for i := range r.params {
		p := &r.params[i]
		s.line("\t\tcase %q:", p.Name)
		if !p.Required && p.Type&pluginapi.TypeNull == 0 {
			s.line("\t\t\tif v.IsNullish() {\n\t\t\t\tcontinue\n\t\t\t}")
		}
		if counts {
			s.line("\t\t\tgiven |= 1 << %d", i)
		}
		s.line("\t\t\ta.%s, err = %s", exported(p.Name), decodeCall(p, p.Rule(r.at+p.Name)))
	}
	if r.unknown != "" {
		s.line("\t\tdefault:")
		s.line("\t\t\terr = invalid(%q + name)", r.unknown)
	}
	s.line("\t\t}")
	s.line("\t\tif err != nil {\n\t\t\treturn %s, err\n\t\t}", r.failed)
	s.line("\t}")
	for i := range r.params {
		if p := &r.params[i]; p.Required {
			s.line("\tif !given.has(%d) {\n\t\treturn %s, invalid(%q)\n\t}", i, r.failed, p.Rule(r.at+p.Name))
		}
	}
}

// decodeCall is the expression that reads one argument, or refuses it with its
// rule.
func decodeCall(p *pluginapi.Param, message string) string {
	rule := fmt.Sprintf("%q", message)
	if p.Members != nil && p.Type == pluginapi.TypeArray {
		return fmt.Sprintf("objectsArg(v, decodeArg%s, %s)", p.Go, rule)
	}
	if p.Members != nil {
		return fmt.Sprintf("membersArg(v, decodeArg%s, %s)", p.Go, rule)
	}
	switch engineField(p) {
	case "string":
		if len(p.Enum) > 0 {
			return fmt.Sprintf("enumArg(v, %s, %s)", rule, quoted(p.Enum))
		}
		return fmt.Sprintf("textArg(v, %v, %s)", p.Required && !p.Empty, rule)
	case "bool":
		return fmt.Sprintf("boolArg(v, %s)", rule)
	case "int64":
		if least, most, ok := p.Bounds(); ok {
			return fmt.Sprintf("boundedArg(v, %d, %d, %s)", least, most, rule)
		}
		return fmt.Sprintf("intArg(v, %s)", rule)
	case "*document.Object":
		return fmt.Sprintf("objectArg(v, %s)", rule)
	case "[]string":
		return fmt.Sprintf("textsArg(v, %s)", rule)
	case "[]document.Value":
		return fmt.Sprintf("itemsArg(v, %s)", rule)
	}
	if p.Type == pluginapi.TypeAny {
		return "v, nil"
	}
	return fmt.Sprintf("kindArg(v, %s, %s)", kinds(p.Type), rule)
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(out, ", ")
}

// kinds lists the document's kinds of a type.
func kinds(t pluginapi.Type) string {
	var out []string
	for _, k := range []struct {
		t    pluginapi.Type
		name string
	}{
		{pluginapi.TypeText, "String"}, {pluginapi.TypeBool, "Bool"}, {pluginapi.TypeInt | pluginapi.TypeNumber, "Number"},
		{pluginapi.TypeObject, "ObjectKind"}, {pluginapi.TypeArray, "Array"}, {pluginapi.TypeNull, "Null"},
	} {
		if t&k.t != 0 {
			out = append(out, "1<<document."+k.name)
		}
	}
	return strings.Join(out, "|")
}
