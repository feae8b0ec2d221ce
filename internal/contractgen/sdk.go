package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// sdkRecords makes the types of records, and what reads them from JSON.
func sdkRecords([]byte) ([]byte, error) {
	s := newSource("", "sdk")
	for _, shape := range pluginapi.Shapes() {
		name := exported(shape.Name)
		s.comment("", fmt.Sprintf("%s is %s. Fields has the whole record.", name, shape.Doc))
		s.line("type %s struct {", name)
		for i := range shape.Members {
			m := &shape.Members[i]
			s.line("\t%s %s%s", exported(m.Name), memberType(m), trailing(memberDoc(m)))
		}
		s.line("\tFields Value")
		s.line("}")
		s.line("")
		s.line("func %sOf(v Value) %s {", unexported(shape.Name), name)
		s.line("\tr := %s{Fields: v}", name)
		s.readMembers("r", shape.Members)
		s.line("\treturn r")
		s.line("}")
		s.line("")
		s.line("func %sOf(v Value) []%s {", unexported(shape.Name)+"List", name)
		s.line("\tvar list []%s", name)
		s.line("\tfor item := range v.Items() {")
		s.line("\t\tlist = append(list, %sOf(item))", unexported(shape.Name))
		s.line("\t}")
		s.line("\treturn list")
		s.line("}")
		s.line("")
	}
	return s.formatted()
}

// readMembers writes the loop that takes members of v into the fields of a
// variable.
func (s *source) readMembers(variable string, members []pluginapi.Param) {
	s.line("\tfor name, m := range v.Members() {")
	s.line("\t\tswitch name {")
	for i := range members {
		m := &members[i]
		s.line("\t\tcase %q:", m.Name)
		s.line("\t\t\t%s.%s = %s", variable, exported(m.Name), readValue(m, "m"))
	}
	s.line("\t\t}")
	s.line("\t}")
}

// memberType is the Go type of a member of a result.
func memberType(m *pluginapi.Param) string {
	switch {
	case m.Record != "" && m.Type == pluginapi.TypeArray:
		return "[]" + exported(m.Record)
	case m.Record != "":
		return exported(m.Record)
	case m.Type == pluginapi.TypeArray && m.Items == pluginapi.TypeText:
		return "[]string"
	case m.Type&^pluginapi.TypeNull == pluginapi.TypeText:
		return "string"
	case m.Type == pluginapi.TypeBool:
		return "bool"
	case m.Type == pluginapi.TypeInt:
		return "int64"
	}
	return "Value"
}

// readValue is the expression that takes a member of a result from a Value.
func readValue(m *pluginapi.Param, v string) string {
	switch t := memberType(m); {
	case m.Record != "" && m.Type == pluginapi.TypeArray:
		return unexported(m.Record) + "ListOf(" + v + ")"
	case m.Record != "":
		return unexported(m.Record) + "Of(" + v + ")"
	case t == "[]string":
		return v + ".Texts()"
	case t == "string":
		return v + ".String()"
	case t == "bool":
		return v + ".IsTrue()"
	case t == "int64":
		return v + ".Int(0)"
	}
	return v
}

// maxEnum is how many values of a member its comment lists. What has more, such as
// the names of events, has a table in ABI.md.
const maxEnum = 11

func memberDoc(m *pluginapi.Param) string {
	parts := []string{}
	if m.Unit != "" {
		parts = append(parts, m.Unit)
	}
	doc := m.Doc
	if m.Default != 0 {
		doc = strings.TrimPrefix(fmt.Sprintf("%s, default %d", doc, m.Default), ", ")
	}
	if doc != "" {
		parts = append(parts, doc)
	}
	if len(m.Enum) > 0 && len(m.Enum) <= maxEnum {
		parts = append(parts, strings.Join(m.Enum, ", "))
	}
	return plain(strings.Join(parts, ": "))
}

func trailing(doc string) string {
	if doc == "" {
		return ""
	}
	return " // " + doc
}

// sdkCapability makes the typed methods of a capability.
func sdkCapability(name string) ([]byte, error) {
	s := newSource("", "sdk")
	n := goNames[name]
	s.capabilityType(name, n)
	for _, f := range functionsOf(name) {
		s.argumentTypes(f, n)
		s.method(f, n)
	}
	return s.formatted()
}

func (s *source) capabilityType(name string, n capabilityNames) {
	s.comment("", fmt.Sprintf("%s is the capability %q: %s.", n.typ, name, n.doc))
	if n.bound == "" {
		s.line("type %s struct{ c *Call }\n", n.typ)
		s.line("// %s returns the capability.", n.typ)
		s.line("func (c *Call) %s() %s { return %s{c} }\n", n.typ, n.typ, n.typ)
		return
	}
	s.line("type %s struct {\n\tc *Call\n\t%s string\n}\n", n.typ, n.bound)
	s.line("// %s returns the capability for a %s.", n.typ, n.bound)
	s.line("func (c *Call) %s(%s string) %s { return %s{c, %s} }\n", n.typ, n.bound, n.typ, n.typ, n.bound)
}

// argumentTypes writes the types of objects with members, of the options and
// of the result of a function.
func (s *source) argumentTypes(f *pluginapi.Function, n capabilityNames) {
	for i := range f.Args {
		if a := &f.Args[i]; a.Go != "" && declares(f, a) {
			s.comment("", fmt.Sprintf("%s is an argument of %s.%s: %s.", a.Go, n.typ, exported(f.Name), strings.TrimSuffix(a.Doc, ".")))
			s.line("type %s struct {", a.Go)
			for j := range a.Members {
				m := &a.Members[j]
				s.line("\t%s %s%s", exported(m.Name), argType(m), trailing(memberDoc(m)))
			}
			if a.Open {
				s.line("\tFields []Field // further members")
			}
			s.line("}\n")
		}
	}
	if options := optional(f); len(options) > 0 {
		s.comment("", fmt.Sprintf("%s are what may be left out of %s.%s.", optionsType(f, n), n.typ, exported(f.Name)))
		s.line("type %s struct {", optionsType(f, n))
		for _, a := range options {
			s.line("\t%s %s%s", exported(a.Name), argType(a), trailing(memberDoc(a)))
		}
		s.line("}\n")
	}
	if resultStruct(f) {
		s.comment("", fmt.Sprintf("%s is the result of %s.%s.", resultType(f, n), n.typ, exported(f.Name)))
		s.line("type %s struct {", resultType(f, n))
		for i := range f.Result {
			m := &f.Result[i]
			s.line("\t%s %s%s", exported(m.Name), memberType(m), trailing(memberDoc(m)))
		}
		s.line("}\n")
	}
}

func optional(f *pluginapi.Function) []*pluginapi.Param {
	var out []*pluginapi.Param
	for i := range f.Args {
		if !f.Args[i].Required {
			out = append(out, &f.Args[i])
		}
	}
	return out
}

func optionsType(f *pluginapi.Function, n capabilityNames) string {
	return n.prefix + exported(f.Name) + "Options"
}

// resultStruct reports whether a result has a type of its own.
func resultStruct(f *pluginapi.Function) bool {
	return len(f.Result) > 1 || len(f.Result) == 1 && !f.Result[0].Required
}

func resultType(f *pluginapi.Function, n capabilityNames) string {
	switch {
	case f.Record != "":
		return exported(f.Record)
	case f.Open:
		return "Value"
	case resultStruct(f):
		return n.prefix + exported(f.Name) + "Result"
	case len(f.Result) == 1:
		return memberType(&f.Result[0])
	}
	return ""
}

// argType is the Go type of an argument.
func argType(p *pluginapi.Param) string {
	switch {
	case p.Go != "" && p.Type == pluginapi.TypeArray:
		return "[]" + p.Go
	case p.Go != "":
		return p.Go
	case p.Copied:
		return "Value"
	case p.Type == pluginapi.TypeText:
		return "string"
	case p.Type == pluginapi.TypeBool:
		return "bool"
	case p.Type == pluginapi.TypeInt:
		return "int64"
	case p.Type == pluginapi.TypeObject:
		return "[]Field"
	case p.Type == pluginapi.TypeArray && p.Items == pluginapi.TypeText:
		return "[]string"
	}
	return "Value"
}

// method writes the method of a function.
func (s *source) method(f *pluginapi.Function, n capabilityNames) {
	s.methodDoc(f)
	receiver := strings.ToLower(n.typ[:1])
	if strings.Contains("amorv", receiver) { // names of what the body has
		receiver = "x"
	}
	result := resultType(f, n)
	returns := "error"
	if result != "" {
		returns = "(" + result + ", error)"
	}
	s.line("func (%s %s) %s(%s) %s {", receiver, n.typ, exported(f.Name), parameters(f, n), returns)
	s.line("\ta := %s.c.begin()", receiver)
	for i := range f.Args {
		a := &f.Args[i]
		from := unexported(a.Name)
		switch {
		case a.Name == n.bound:
			from = receiver + "." + n.bound
		case !a.Required:
			from = "o." + exported(a.Name)
		}
		s.writeArg(a, from, "\t")
	}
	call := fmt.Sprintf("a.call(%s, %q, %q)", importName(f.Capability), f.Capability, f.Name)
	s.finish(f, call, result)
	s.line("}\n")
}

// parameters lists the parameters of a method: the arguments that must be given,
// and the options.
func parameters(f *pluginapi.Function, n capabilityNames) string {
	var names, types []string
	for i := range f.Args {
		if a := &f.Args[i]; a.Required && a.Name != n.bound {
			names, types = append(names, unexported(a.Name)), append(types, argType(a))
		}
	}
	if len(optional(f)) > 0 {
		names, types = append(names, "o"), append(types, optionsType(f, n))
	}
	for i := range names {
		if i == len(names)-1 || types[i] != types[i+1] { // else the next one's type is its own
			names[i] += " " + types[i]
		}
	}
	return strings.Join(names, ", ")
}

func (s *source) methodDoc(f *pluginapi.Function) {
	doc := exported(f.Name) + " " + strings.TrimSuffix(f.Doc, ".") + "."
	for _, names := range f.OneOf {
		goNamed := make([]string, len(names))
		for i, name := range names {
			goNamed[i] = exported(name)
		}
		doc += " Exactly one of " + strings.Join(goNamed, " and ") + " is given."
	}
	for _, o := range f.Statuses {
		doc += fmt.Sprintf(" The error is %s: %s.", exported(camel(o.Status.String())), o.Doc)
	}
	if len(f.Codes) > 0 {
		var codes []string
		for _, c := range f.Codes {
			codes = append(codes, fmt.Sprintf("%q (%s)", c.Code, c.Doc))
		}
		doc += " CodeOf the error may be " + strings.Join(codes, ", ") + "."
	}
	s.comment("", doc)
}

// camel turns not_found into notFound.
func camel(name string) string {
	first, rest, cut := strings.Cut(name, "_")
	if !cut {
		return first
	}
	return first + exported(rest)
}

// writeArg writes the statement that adds an argument.
func (s *source) writeArg(p *pluginapi.Param, from, indent string) {
	switch t := argType(p); {
	case p.Go != "" && p.Type == pluginapi.TypeArray:
		s.writeStructs(p, from, indent)
	case p.Go != "":
		s.writeStruct(p, from, indent)
	case t == "Value":
		s.line("%sa.member(%q, %s)", indent, p.Name, from)
	case t == "string" && p.Required:
		s.line("%sa.text(%q, %s)", indent, p.Name, from)
	case t == "string":
		s.line("%sa.optional(%q, %s)", indent, p.Name, from)
	case t == "bool":
		s.line("%sa.flag(%q, %s)", indent, p.Name, from)
	case t == "int64":
		s.line("%sa.number(%q, %s, %v)", indent, p.Name, from, p.Required)
	case t == "[]string":
		s.line("%sa.texts(%q, %s)", indent, p.Name, from)
	default:
		s.line("%sa.fields(%q, %s, %v)", indent, p.Name, from, p.Required)
	}
}

// writeStruct adds an object with members; one that may be left out is there
// if its first required member is, or else any.
func (s *source) writeStruct(p *pluginapi.Param, from, indent string) {
	inner := indent
	if !p.Required {
		condition := fmt.Sprintf("%s != (%s{})", from, p.Go)
		if i := slices.IndexFunc(p.Members, func(m pluginapi.Param) bool { return m.Required }); i >= 0 {
			condition = fmt.Sprintf("%s.%s != \"\"", from, exported(p.Members[i].Name))
		}
		s.line("%sif %s {", indent, condition)
		inner += "\t"
	}
	s.line("%sa.object(%q)", inner, p.Name)
	s.writeMembers(p, from, inner)
	if !p.Required {
		s.line("%s}", indent)
	}
}

// writeMembers adds the members of the object that is open, and closes it.
func (s *source) writeMembers(p *pluginapi.Param, from, indent string) {
	for i := range p.Members {
		s.writeArg(&p.Members[i], from+"."+exported(p.Members[i].Name), indent)
	}
	if p.Open {
		s.line("%sa.members(%s.Fields)", indent, from)
	}
	s.line("%sa.end()", indent)
}

// writeStructs adds an array of objects with members; one that may be left out
// is there if it has any.
func (s *source) writeStructs(p *pluginapi.Param, from, indent string) {
	inner := indent
	if !p.Required {
		s.line("%sif len(%s) > 0 {", indent, from)
		inner += "\t"
	}
	s.line("%sa.list(%q)", inner, p.Name)
	s.line("%sfor i, item := range %s {", inner, from)
	s.line("%s\ta.item(i)", inner)
	s.writeMembers(p, "item", inner+"\t")
	s.line("%s}", inner)
	s.line("%sa.endList()", inner)
	if !p.Required {
		s.line("%s}", indent)
	}
}

// finish writes the call and what is made of its result.
func (s *source) finish(f *pluginapi.Function, call, result string) {
	switch {
	case result == "":
		s.line("\t_, err := %s", call)
		s.line("\treturn err")
	case f.Open:
		s.line("\treturn %s", call)
	case f.Record != "":
		s.line("\tv, err := %s", call)
		s.line("\treturn %sOf(v), err", unexported(f.Record))
	case resultStruct(f):
		s.line("\tv, err := %s", call)
		s.line("\tvar r %s", result)
		s.readMembers("r", f.Result)
		s.line("\treturn r, err")
	default:
		s.line("\tv, err := %s", call)
		s.line("\treturn %s, err", readValue(&f.Result[0], fmt.Sprintf("v.Get(%q)", f.Result[0].Name)))
	}
}

func importName(capability string) string { return "import" + goNames[capability].typ }

// sdkImports declares the import module of each capability.
func sdkImports([]byte) ([]byte, error) {
	s := newSource("//go:build wasip1", "sdk", "unsafe")
	s.line("")
	s.line("// Each capability is an import module of its own. The linker leaves out those")
	s.line("// that no code of the plugin reaches.\n")
	for _, name := range pluginapi.CapabilityNames() {
		s.line("//go:wasmimport %s%s call", pluginapi.CapabilityPrefix, name)
		s.line("//go:noescape")
		s.line("func %s(fn, in string, out unsafe.Pointer, capacity uint32) uint64\n", importName(name))
	}
	return s.formatted()
}

// sdkNativeImports names the capabilities for hosts of native code.
func sdkNativeImports([]byte) ([]byte, error) {
	s := newSource("//go:build !wasip1", "sdk")
	s.line("const (")
	for _, name := range pluginapi.CapabilityNames() {
		s.line("\t%s hostFunction = %q", importName(name), name)
	}
	s.line(")")
	return s.formatted()
}
