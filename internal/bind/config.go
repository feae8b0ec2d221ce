package bind

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// config writes the type of the configuration and what reads it, whole, with
// one call of the host.
func (w *writer) config(raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var s schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	if len(s.Properties) == 0 {
		return nil
	}
	w.line("// configOf reads the configuration of the plugin in the tenant. A secret is only")
	w.line("// true, if it is set.")
	w.line("func configOf(c *sdk.Call) config { return readConfig(c.Get(\"config\")) }\n")
	w.defs = s.Defs
	return w.structure(&structure{name: "config", path: "config", doc: "config is the configuration.", schema: &s})
}

// structure is a type for an object of the configuration.
type structure struct {
	name, path, doc string
	schema          *schema
	named           bool // it is the member of an object and knows its name there
}

// field is a member of a structure.
type field struct {
	name, goType, doc string
	read              string     // statement that reads it from m into r
	within            *structure // the type of it or its members, if that is one of its own
}

// structure writes a type, the function that reads it, and the types within it.
func (w *writer) structure(s *structure) error {
	if w.written[s.name] {
		return nil
	}
	w.written[s.name] = true
	fields, err := w.fields(s)
	if err != nil {
		return err
	}
	w.comment("", s.doc)
	w.line("type %s struct {", s.name)
	if s.named {
		w.line("\t%s string // of the member", nameField(s.schema))
	}
	for _, f := range fields {
		w.comment("\t", f.doc)
		w.line("\t%s %s", exported(f.name), f.goType)
	}
	w.line("}\n")
	w.line("func read%s(v sdk.Value) %s {", exported(s.name), s.name)
	w.line("\tvar r %s", s.name)
	if len(fields) <= mostCases {
		w.cases(fields)
	} else {
		w.lookups(fields)
	}
	w.line("\treturn r\n}\n")
	for _, f := range fields {
		if f.within == nil {
			continue
		}
		if err := w.structure(f.within); err != nil {
			return err
		}
	}
	return nil
}

// mostCases is how many fields are read by a switch. Above, linters would call
// the function too complex, and each field is looked up.
const mostCases = 12

func (w *writer) cases(fields []field) {
	w.line("\tfor name, m := range v.Members() {")
	w.line("\t\tswitch name {")
	for _, f := range fields {
		w.line("\t\tcase %q:", f.name)
		w.line("\t\t\t%s", f.read)
	}
	w.line("\t\t}\n\t}")
}

func (w *writer) lookups(fields []field) {
	w.line("\tall := map[string]sdk.Value{}")
	w.line("\tfor name, m := range v.Members() {\n\t\tall[name] = m\n\t}")
	w.line("\tvar m sdk.Value")
	for _, f := range fields {
		w.line("\tm = all[%q]", f.name)
		w.line("\t%s", f.read)
	}
}

func (w *writer) fields(s *structure) ([]field, error) {
	var fields []field
	for _, p := range s.schema.Properties {
		resolved, err := w.resolve(&p.schema)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", s.path, p.name, err)
		}
		f, err := w.field(s, p.name, resolved, slices.Contains(s.schema.Required, p.name))
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// field says how a property is read.
func (w *writer) field(owner *structure, name string, s *schema, required bool) (field, error) {
	f := field{name: name, doc: s.Description, goType: s.goType(required)}
	to, path := "r."+exported(name), owner.path+"."+name
	of, err := w.membersOf(s)
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case of != nil:
		inner := typeName(owner, strings.TrimSuffix(exported(name), "s"), s.Further.Ref)
		f.goType = "[]" + inner
		f.within = &structure{name: inner, path: path, doc: inner + " is a member of " + path + ".", schema: of, named: true}
		f.read = fmt.Sprintf("for name, m := range m.Members() {\nof := read%s(m)\nof.%s = name\n%s = append(%s, of)\n}", exported(inner), nameField(of), to, to)
	case f.goType == "":
		f.goType = typeName(owner, exported(name), s.Ref)
		f.within = &structure{name: f.goType, path: path, doc: f.goType + " is " + path + ".", schema: s}
		f.read = fmt.Sprintf("%s = read%s(m)", to, exported(f.goType))
	case s.WriteOnly:
		f.read = to + " = !m.IsNullish()"
	case f.goType == "[]bool":
		f.read = fmt.Sprintf("for item := range m.Items() {\n%s = append(%s, !item.IsNullish())\n}", to, to)
	default:
		f.read = to + " = " + read(f.goType, "m")
	}
	return f, nil
}

// nameField is where a member keeps its name.
func nameField(s *schema) string {
	if slices.ContainsFunc(s.Properties, func(p member) bool { return exported(p.name) == "Name" }) {
		return "MemberName"
	}
	return "Name"
}

// typeName names the type of an object: after its definition, or after its
// place.
func typeName(owner *structure, property, ref string) string {
	if ref != "" {
		return "config" + exported(strings.TrimPrefix(ref, definitions))
	}
	return owner.name + property
}

// definitions is where references lead.
const definitions = "#/$defs/"

// resolve follows a reference. A description beside it takes the place of the
// definition's; defaults count only beside it, as for the host that fills them.
func (w *writer) resolve(s *schema) (*schema, error) {
	if s.Ref == "" {
		return s, nil
	}
	def, ok := w.defs[strings.TrimPrefix(s.Ref, definitions)]
	if !ok || def.Ref != "" {
		return nil, fmt.Errorf("%q is not a definition of the schema", s.Ref)
	}
	resolved := *def
	resolved.Ref, resolved.Default = s.Ref, s.Default
	if s.Description != "" {
		resolved.Description = s.Description
	}
	return &resolved, nil
}

// membersOf is what the members of an object are, if the operator chooses their
// names and they are all objects of one kind; else nil.
func (w *writer) membersOf(s *schema) (*schema, error) {
	if !s.is("object") || s.Further == nil {
		return nil, nil
	}
	for _, p := range s.Properties {
		if p.Ref == "" || p.Ref != s.Further.Ref {
			return nil, nil
		}
	}
	of, err := w.resolve(&s.Further.schema)
	if err != nil || !of.isObject() {
		return nil, err
	}
	return of, nil
}
