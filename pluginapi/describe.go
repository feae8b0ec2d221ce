package pluginapi

import "cmp"

// Description is the contract as data for tools in any language;
// contract.json holds it.
type Description struct {
	ABI          string                  `json:"abi"`
	Kinds        []string                `json:"kinds"`    // by number, as get gives and set takes them
	Statuses     []string                `json:"statuses"` // by number
	Results      []string                `json:"results"`  // of a handler, by number
	Capabilities []CapabilityDescription `json:"capabilities"`
	Permissions  []PermissionDescription `json:"permissions"`
	Records      []ShapeDescription      `json:"records"`
	Document     []PathDescription       `json:"document"`
	Events       []EventDescription      `json:"events"`
}

// PathDescription is a field of the document.
type PathDescription struct {
	Path      string   `json:"path"` // NAME and FIELD stand for any name
	Since     string   `json:"since"`
	Below     bool     `json:"below,omitempty"` // and what is below it
	Kinds     []string `json:"kinds,omitempty"` // none: any
	Doc       string   `json:"doc,omitempty"`
	WriteOnly bool     `json:"writeOnly,omitempty"`
	SetBy     []string `json:"setBy,omitempty"` // "all", or "endpoint", "service" and events
	ButIn     []string `json:"butIn,omitempty"` // events whose hooks may not set it though all others may
}

// EventDescription is an event.
type EventDescription struct {
	Name       string            `json:"name"`
	Since      string            `json:"since"`
	When       string            `json:"when"`
	Sees       []string          `json:"sees,omitempty"`
	Record     string            `json:"record,omitempty"`
	Sets       []string          `json:"sets,omitempty"`
	May        string            `json:"may,omitempty"`
	Permission string            `json:"permission,omitempty"` // that its hooks cannot work without
	Failures   []string          `json:"failures"`
	Durable    bool              `json:"durable,omitempty"`
	Phases     map[string]string `json:"phases,omitempty"`
}

// PermissionDescription is a permission, in words that go on after "it sees" and
// "it changes".
type PermissionDescription struct {
	Name    string   `json:"name"`
	Sees    string   `json:"sees,omitempty"`
	Changes string   `json:"changes,omitempty"`
	Events  []string `json:"events,omitempty"` // whose hooks cannot work without it
}

// CapabilityDescription lists the functions of a capability.
type CapabilityDescription struct {
	Name      string                `json:"name"`
	Functions []FunctionDescription `json:"functions"`
}

// FunctionDescription is one function.
type FunctionDescription struct {
	Name      string             `json:"name"`
	Since     string             `json:"since"`
	Doc       string             `json:"doc"`
	Access    Access             `json:"access,omitempty"` // read or write, to model or to the model that the argument names
	Model     string             `json:"model,omitempty"`
	Arguments []ParamDescription `json:"arguments"`
	OneOf     [][]string         `json:"oneOf,omitempty"`
	Result    []ParamDescription `json:"result,omitempty"`
	Record    string             `json:"record,omitempty"`    // the result is a record
	Object    bool               `json:"anyObject,omitempty"` // the result is any object
	Statuses  map[string]string  `json:"statuses,omitempty"`
	Codes     map[string]string  `json:"codes,omitempty"`
}

// ParamDescription is one argument or member.
type ParamDescription struct {
	Name     string             `json:"name"`
	Types    []string           `json:"types"`
	Required bool               `json:"required,omitempty"`
	Unit     string             `json:"unit,omitempty"`
	Minimum  *int64             `json:"minimum,omitempty"`
	Maximum  *int64             `json:"maximum,omitempty"`
	Default  int64              `json:"default,omitempty"`
	NotEmpty bool               `json:"notEmpty,omitempty"`
	Enum     []string           `json:"enum,omitempty"`
	Items    []string           `json:"items,omitempty"`
	Record   string             `json:"record,omitempty"`
	Members  []ParamDescription `json:"members,omitempty"`
	Open     bool               `json:"open,omitempty"`   // may have further members
	Copied   bool               `json:"copied,omitempty"` // guests usually pass it on without looking at it
	Doc      string             `json:"doc,omitempty"`
}

// ShapeDescription is a record.
type ShapeDescription struct {
	Name    string             `json:"name"`
	Doc     string             `json:"doc"`
	Members []ParamDescription `json:"members"`
}

// Describe returns the contract of this ABI version.
func Describe() Description {
	d := Description{
		ABI: Version(), Kinds: kindNames[:],
		Statuses: statusNames[:], Results: []string{"continue", "respond", "deny", "failed"},
	}
	for _, name := range CapabilityNames() {
		c := CapabilityDescription{Name: name}
		for f := range Functions() {
			if f.Capability == name {
				c.Functions = append(c.Functions, describeFunction(f))
			}
		}
		d.Capabilities = append(d.Capabilities, c)
	}
	for _, p := range permissions {
		d.Permissions = append(d.Permissions, PermissionDescription{Name: p.Name, Sees: p.Sees, Changes: p.Changes, Events: p.Events})
	}
	for _, s := range Shapes() {
		d.Records = append(d.Records, ShapeDescription{Name: s.Name, Doc: s.Doc, Members: describeParams(s.Members)})
	}
	for i := range documentPaths {
		d.Document = append(d.Document, describePath(&documentPaths[i]))
	}
	for i := range contractEvents {
		d.Events = append(d.Events, describeEvent(&contractEvents[i]))
	}
	return d
}

// since is the version in which something is there first.
func since(version string) string { return cmp.Or(version, "1.0") }

func describePath(p *DocumentPath) PathDescription {
	d := PathDescription{Path: p.Path, Since: since(p.Since), Below: p.Below, Doc: p.Doc, WriteOnly: p.WriteOnly, ButIn: p.ButIn}
	for _, k := range p.Kinds {
		d.Kinds = append(d.Kinds, k.String())
	}
	switch {
	case p.Always:
		d.SetBy = []string{"all"}
	default:
		if p.Endpoints {
			d.SetBy = append(d.SetBy, "endpoint")
		}
		if p.Services {
			d.SetBy = append(d.SetBy, "service")
		}
		d.SetBy = append(d.SetBy, p.SetBy()...)
	}
	return d
}

func describeEvent(e *Event) EventDescription {
	d := EventDescription{
		Name: e.Name, Since: since(e.Since), When: e.When, Sees: e.Sees, Record: e.Record, Sets: e.Sets, May: e.May, Failures: e.Failures, Durable: e.Durable,
	}
	if need, ok := EventPermission(e.Name); ok {
		d.Permission = need.Name
	}
	for _, phase := range e.Phases {
		if d.Phases == nil {
			d.Phases = map[string]string{}
		}
		d.Phases[phase.Name] = phase.Doc
	}
	return d
}

func describeFunction(f *Function) FunctionDescription {
	d := FunctionDescription{
		Name: f.Name, Since: since(f.Since), Doc: f.Doc, Access: f.Access, Model: f.Model, Arguments: describeParams(f.Args), OneOf: f.OneOf,
		Result: describeParams(f.Result), Record: f.Record, Object: f.Open,
	}
	if d.Arguments == nil {
		d.Arguments = []ParamDescription{}
	}
	for _, o := range f.Statuses {
		if d.Statuses == nil {
			d.Statuses = map[string]string{}
		}
		d.Statuses[o.Status.String()] = o.Doc
	}
	for _, c := range f.Codes {
		if d.Codes == nil {
			d.Codes = map[string]string{}
		}
		d.Codes[c.Code] = c.Doc
	}
	return d
}

func describeParams(params []Param) []ParamDescription {
	var out []ParamDescription
	for i := range params {
		p := &params[i]
		d := ParamDescription{
			Name: p.Name, Types: typeList(p.Type), Required: p.Required, Unit: p.Unit, Default: p.Default, Enum: p.Enum,
			NotEmpty: p.Type == TypeText && p.Required && !p.Empty && len(p.Enum) == 0,
			Record:   p.Record, Members: describeParams(p.Members), Open: p.Open, Copied: p.Copied, Doc: p.Doc,
		}
		if p.Items != 0 {
			d.Items = typeList(p.Items)
		}
		if least, most, ok := p.Bounds(); ok {
			d.Minimum, d.Maximum = &least, &most
		}
		out = append(out, d)
	}
	return out
}

func typeList(t Type) []string {
	out := []string{}
	for _, n := range typeNames {
		if t&n.t != 0 {
			out = append(out, n.name)
		}
	}
	return out
}
