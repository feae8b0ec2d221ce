package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// Markers around the generated parts of ABI.md.
const (
	beginMark = "<!-- generated: %s -->\n"
	endMark   = "<!-- end -->\n"
)

// abiPage puts the tables into ABI.md; the text around them stays.
func abiPage(old []byte) ([]byte, error) {
	page := string(old)
	for _, name := range pluginapi.CapabilityNames() {
		var err error
		if page, err = replacePart(page, "capability "+name, capabilityTable(functionsOf(name))); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct{ name, text string }{
		{"records", recordsTable()}, {"document", documentTable()}, {"events", eventsTable()}, {"phases", phasesList()},
		{"permissions", permissionsTable()}, {"guarded", guardedTable()},
	} {
		var err error
		if page, err = replacePart(page, part.name, part.text); err != nil {
			return nil, err
		}
	}
	return []byte(page), nil
}

// replacePart replaces what stands between the markers of a part.
func replacePart(page, part, text string) (string, error) {
	begin := fmt.Sprintf(beginMark, part)
	head, rest, ok := strings.Cut(page, begin)
	if !ok {
		return "", fmt.Errorf("there is no line %q", strings.TrimSpace(begin))
	}
	_, tail, ok := strings.Cut(rest, endMark)
	if !ok {
		return "", fmt.Errorf("%q has no end", strings.TrimSpace(begin))
	}
	return head + begin + text + endMark + tail, nil
}

// capabilityTable lists the functions of a capability.
func capabilityTable(functions []*pluginapi.Function) string {
	var b strings.Builder
	b.WriteString("\n| function | arguments | result | |\n|---|---|---|---|\n")
	for _, f := range functions {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, argumentsCell(f), resultCell(f), notesCell(f))
	}
	b.WriteString("\n")
	return b.String()
}

func argumentsCell(f *pluginapi.Function) string {
	return "`{" + strings.Join(paramNames(f.Args), ", ") + "}`"
}

// paramNames writes arguments and members as the page does: name, name?, and
// the members of objects.
func paramNames(params []pluginapi.Param) []string {
	var out []string
	for i := range params {
		p := &params[i]
		name := p.Name
		if !p.Required {
			name += "?"
		}
		switch {
		case p.Members != nil:
			members := paramNames(p.Members)
			if p.Open {
				members = append(members, "…")
			}
			object := "{" + strings.Join(members, ", ") + "}"
			if p.Type == pluginapi.TypeArray {
				object = "[" + object + "]"
			}
			name += ": " + object
		case p.Record != "" && p.Type == pluginapi.TypeArray:
			name += ": [" + p.Record + "]"
		case p.Record != "" && p.Record != p.Name:
			name += ": " + p.Record
		case p.Open:
			name += ": {…}"
		case p.Type == pluginapi.TypeArray:
			name += ": […]"
		}
		out = append(out, name)
	}
	return out
}

func resultCell(f *pluginapi.Function) string {
	switch {
	case f.Record != "":
		return f.Record
	case f.Open:
		return "object"
	}
	return "`{" + strings.Join(paramNames(f.Result), ", ") + "}`"
}

// notesCell says what a function does, what its arguments mean and how it may
// end.
func notesCell(f *pluginapi.Function) string {
	notes := []string{sentence(f.Doc)}
	if f.Access != pluginapi.AccessNone && f.Model != "" {
		notes = append(notes, "Needs `"+string(f.Access)+"` of `"+f.Model+"`.")
	} else if f.Access != pluginapi.AccessNone {
		notes = append(notes, "Needs `"+string(f.Access)+"` of the model.")
	}
	for _, names := range f.OneOf {
		notes = append(notes, "Exactly one of `"+strings.Join(names, "`, `")+"` is given.")
	}
	for i := range f.Args {
		notes = append(notes, paramNotes(&f.Args[i], f.Args[i].Name)...)
	}
	for i := range f.Result {
		if m := &f.Result[i]; m.Doc != "" || m.Unit != "" {
			notes = append(notes, "`result."+m.Name+"`: "+paramDoc(m)+".")
		}
	}
	for _, o := range f.Statuses {
		notes = append(notes, "*"+o.Status.String()+"*: "+o.Doc+".")
	}
	for _, c := range f.Codes {
		notes = append(notes, "Code `"+c.Code+"`: "+c.Doc+".")
	}
	if f.Since != "" {
		notes = append(notes, "Since "+f.Since+".")
	}
	return strings.ReplaceAll(strings.Join(notes, " "), "|", `\|`)
}

func paramNotes(p *pluginapi.Param, at string) []string {
	var notes []string
	if doc := paramDoc(p); doc != "" {
		notes = append(notes, "`"+at+"`: "+doc+".")
	}
	for i := range p.Members {
		notes = append(notes, paramNotes(&p.Members[i], at+"."+p.Members[i].Name)...)
	}
	return notes
}

// paramDoc is what the page says of an argument beside its name; texts need no
// type.
func paramDoc(p *pluginapi.Param) string {
	var parts []string
	switch {
	case p.Unit != "":
		parts = append(parts, p.Unit)
	case p.Max > 0:
		parts = append(parts, fmt.Sprintf("%d to %d", p.Min, p.Max))
	case p.Type == pluginapi.TypeBool:
		parts = append(parts, "bool")
	case len(p.Enum) > 0:
		parts = append(parts, "`"+strings.Join(p.Enum, "`, `")+"`")
	}
	if p.Doc != "" {
		parts = append(parts, strings.TrimSuffix(p.Doc, "."))
	}
	if p.Default != 0 {
		parts = append(parts, fmt.Sprintf("default %d", p.Default))
	}
	return strings.Join(parts, ", ")
}

// recordsTable lists the members of records.
func recordsTable() string {
	var b strings.Builder
	b.WriteString("\n| record | | members |\n|---|---|---|\n")
	for _, shape := range pluginapi.Shapes() {
		fmt.Fprintf(&b, "| %s | %s | `%s` |\n", shape.Name, shape.Doc, strings.Join(paramNames(shape.Members), "`, `"))
	}
	b.WriteString("\n")
	return b.String()
}

// contractJSON makes the contract readable for tools in any language.
func contractJSON([]byte) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(pluginapi.Describe()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
