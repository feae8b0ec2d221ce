package bind

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// config writes the type of the configuration, with a method for each setting.
// A handler needs few of them: to read one costs a call of the host, to read
// all costs as much as whole handlers do.
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
	w.line("// configOf gives the configuration of the plugin in the tenant. A setting is read")
	w.line("// when it is asked for; a secret is only true, if it is set.")
	w.line("func configOf(c *sdk.Call) config { return config{c.Settings()} }\n")
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
	read              string     // statements of the method that reads it of x
	within            *structure // the type of it or its members, if that is one of its own
}

// structure writes a type with its methods, and the types within it.
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
	w.line("type %s struct{ sdk.Settings }\n", s.name)
	if s.named {
		w.line("// %s is the name of the member.", nameMethod(s.schema))
		w.line("func (x %s) %s() string { return x.Settings.Key() }\n", s.name, nameMethod(s.schema))
	}
	for _, f := range fields {
		w.comment("", strings.TrimSpace(exported(f.name)+" is the setting "+f.name+". "+f.doc))
		w.line("func (x %s) %s() %s {\n%s\n}\n", s.name, exported(f.name), f.goType, f.read)
	}
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
	path, value := owner.path+"."+name, fmt.Sprintf("x.Settings.Value(%q)", name)
	of, err := w.membersOf(s)
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case of != nil:
		inner := typeName(owner, strings.TrimSuffix(exported(name), "s"), s.Further.Ref)
		f.goType = "[]" + inner
		f.within = &structure{name: inner, path: path, doc: inner + " is a member of " + path + ".", schema: of, named: true}
		f.read = fmt.Sprintf("var all []%s\nfor of := range x.Settings.Objects(%q) {\nall = append(all, %s{of})\n}\nreturn all", inner, name, inner)
	case f.goType == "":
		f.goType = typeName(owner, exported(name), s.Ref)
		f.within = &structure{name: f.goType, path: path, doc: f.goType + " is " + path + ".", schema: s}
		f.read = fmt.Sprintf("return %s{x.Settings.Object(%q)}", f.goType, name)
	case s.WriteOnly:
		f.read = "return !" + value + ".IsNullish()"
	case f.goType == "[]bool":
		f.read = "var set []bool\nfor item := range " + value + ".Items() {\nset = append(set, !item.IsNullish())\n}\nreturn set"
	default:
		f.read = "return " + read(f.goType, value)
	}
	return f, nil
}

// nameMethod is the method that gives a member's name.
func nameMethod(s *schema) string {
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
