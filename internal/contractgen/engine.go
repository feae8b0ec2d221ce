package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// engineArguments makes the types of a capability's arguments in the engine,
// and what reads them from a document.
func engineArguments(capability string) ([]byte, error) {
	s := newSource("", "capability", "github.com/authhost/authhost/engine/document")
	s.line("")
	for _, f := range functionsOf(capability) {
		s.argumentStruct(f)
		s.decoder(f)
	}
	return s.formatted()
}

func engineType(f *pluginapi.Function) string {
	return f.Capability + exported(f.Name) + "Args"
}

// engineField is the Go type of an argument in the engine.
func engineField(p *pluginapi.Param) string {
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

func (s *source) argumentStruct(f *pluginapi.Function) {
	s.line("// %s are the arguments of %s.", engineType(f), f.FullName())
	s.line("type %s struct {", engineType(f))
	for i := range f.Args {
		s.line("\t%s %s", exported(f.Args[i].Name), engineField(&f.Args[i]))
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
	s.line("\tvar given given")
	s.line("\tfor name, v := range o.All() {")
	s.line("\t\tswitch name {")
	for i := range f.Args {
		p := &f.Args[i]
		s.line("\t\tcase %q:", p.Name)
		if !p.Required && p.Type&pluginapi.TypeNull == 0 {
			s.line("\t\t\tif v.IsNullish() {\n\t\t\t\tcontinue\n\t\t\t}")
		}
		s.line("\t\t\tgiven |= 1 << %d", i)
		s.line("\t\t\ta.%s, err = %s", exported(p.Name), s.decodeCall(p))
		if p.Members != nil {
			s.line("\t\t\tif err == nil {")
			s.line("\t\t\t\terr = check%sMembers(a.%s)", exported(memberChecker(f, p)), exported(p.Name))
			s.line("\t\t\t}")
		}
	}
	s.line("\t\tdefault:")
	s.line("\t\t\terr = invalid(%q + name)", f.UnknownArgument(""))
	s.line("\t\t}")
	s.line("\t\tif err != nil {\n\t\t\treturn a, err\n\t\t}")
	s.line("\t}")
	for i := range f.Args {
		if p := &f.Args[i]; p.Required {
			s.line("\tif !given.has(%d) {\n\t\treturn a, invalid(%q)\n\t}", i, p.Rule(p.Name))
		}
	}
	for _, names := range f.OneOf {
		indices := make([]string, len(names))
		for i, name := range names {
			indices[i] = fmt.Sprint(slices.IndexFunc(f.Args, func(p pluginapi.Param) bool { return p.Name == name }))
		}
		s.line("\tif given.count(%s) != 1 {\n\t\treturn a, invalid(%q)\n\t}", strings.Join(indices, ", "), pluginapi.OneOfRule(names))
	}
	s.line("\treturn a, nil")
	s.line("}\n")
	for i := range f.Args {
		if p := &f.Args[i]; p.Members != nil {
			s.memberCheck(memberChecker(f, p), p)
		}
	}
}

func memberChecker(f *pluginapi.Function, p *pluginapi.Param) string {
	return f.Capability + exported(f.Name) + exported(p.Name)
}

// decodeCall is the expression that reads one argument.
func (s *source) decodeCall(p *pluginapi.Param) string {
	rule := fmt.Sprintf("%q", p.Rule(p.Name))
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

// memberCheck writes the function that checks an object's members.
func (s *source) memberCheck(name string, p *pluginapi.Param) {
	s.line("func check%sMembers(o *document.Object) (err error) {", exported(name))
	for i := range p.Members {
		m := &p.Members[i]
		at := p.Name + "." + m.Name
		described := *m
		described.Name = at
		rule := fmt.Sprintf("%q", m.Rule(at))
		if m.Type == pluginapi.TypeAny {
			continue
		}
		if m.Required {
			s.line("\tif v := o.Get(%q); v.IsAbsent() {\n\t\treturn invalid(%s)\n\t} else if _, err = %s; err != nil {\n\t\treturn err\n\t}", m.Name, rule, s.decodeCall(&described))
			continue
		}
		s.line("\tif v := o.Get(%q); !v.IsNullish() {\n\t\tif _, err = %s; err != nil {\n\t\t\treturn err\n\t\t}\n\t}", m.Name, s.decodeCall(&described))
	}
	if !p.Open {
		names := make([]string, len(p.Members))
		for i, m := range p.Members {
			names[i] = m.Name
		}
		s.line("\treturn onlyMembers(o, %q, %s)", "argument "+p.Name+" has no member ", quoted(names))
	} else {
		s.line("\treturn nil")
	}
	s.line("}\n")
}
