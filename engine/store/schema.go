package store

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// FieldType is the type of a field's values; null is allowed in addition
// unless the field is required.
type FieldType string

// The field types.
const (
	String  FieldType = "string"
	Number  FieldType = "number"
	Boolean FieldType = "boolean"
	// Date is a string in document.TimeLayout.
	Date FieldType = "date"
	// JSON is any value; it cannot be indexed.
	JSON FieldType = "json"
)

// Field is a column of a model. Every model has the column "id" besides.
type Field struct {
	Name string    `json:"name"`
	Type FieldType `json:"type"`
	// Required fields are never null. Records stored before the field
	// became required may lack it.
	Required bool `json:"required,omitempty"`
	// Unique makes a unique index of this field's name.
	Unique bool `json:"unique,omitempty"`
	// Index makes an index of this field's name.
	Index bool `json:"index,omitempty"`
	// Fold makes the order of the field, in its indexes too, that of its
	// texts without case: see the function Fold. A unique field then refuses
	// texts that differ in nothing but case. Searches need it to be quick.
	Fold bool `json:"fold,omitempty"`
	// References names the model whose record ids this field holds. The
	// field is indexed, and a record is deleted with the one it refers to.
	References string `json:"references,omitempty"`
	// Owners are the plugins that add the field to a model of the engine's, in the
	// order of their ids; none for a field of the engine's or the tenant's. A plugin
	// that is none of them cannot declare the field, also when they do not any more.
	Owners []string `json:"owners,omitempty"`
}

// Index is an index over several fields.
type Index struct {
	Fields []string `json:"fields"`
	Unique bool     `json:"unique,omitempty"`
}

// Name returns the index's name: its fields joined with "+".
func (ix Index) Name() string { return strings.Join(ix.Fields, "+") }

// Model declares one kind of record.
type Model struct {
	Name string `json:"name"`
	// Owner is the plugin that the records are of, "" for the engine's own.
	// Nobody else can declare the model, also when the owner does not any more.
	Owner   string  `json:"owner,omitempty"`
	Fields  []Field `json:"fields"`
	Indexes []Index `json:"indexes,omitempty"`
}

// Schema declares the models of a tenant. Names of models and fields are 1 to
// 64 letters, digits, "_" and "-", and begin with a letter.
type Schema struct {
	Models []Model `json:"models"`
}

var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// Model returns the declaration of a model, or nil.
func (s Schema) Model(name string) *Model {
	for i := range s.Models {
		if s.Models[i].Name == name {
			return &s.Models[i]
		}
	}
	return nil
}

// field returns the declaration of a field, or nil.
func (m *Model) field(name string) *Field {
	for i := range m.Fields {
		if m.Fields[i].Name == name {
			return &m.Fields[i]
		}
	}
	return nil
}

// Merge returns the schema with the models of other added. A model that both
// declare must have one owner, or none that both name, and gets the fields and
// indexes of both; a field that both declare must
// be of the same type and refer to the same model, and is unique, indexed,
// folded or required when either says so. Neither schema is changed.
func (s Schema) Merge(other Schema) (Schema, error) {
	out := s.clone()
	for _, m := range other.Models {
		have := out.Model(m.Name)
		if have == nil {
			out.Models = append(out.Models, m.clone())
			continue
		}
		if err := have.merge(m); err != nil {
			return Schema{}, err
		}
	}
	return out, nil
}

func (m *Model) merge(other Model) error {
	if m.Owner != "" && other.Owner != "" && m.Owner != other.Owner {
		return &InvalidError{Model: m.Name, Reason: fmt.Sprintf("the model is that of the plugin %q, so the plugin %q cannot have it", m.Owner, other.Owner)}
	}
	m.Owner = cmp.Or(m.Owner, other.Owner)
	for _, f := range other.Fields {
		have := m.field(f.Name)
		if have == nil {
			m.Fields = append(m.Fields, f)
			continue
		}
		if have.Type != f.Type || have.References != f.References {
			return &InvalidError{Model: m.Name, Field: f.Name, Reason: fmt.Sprintf(
				"declared twice: as %s and as %s", have.describe(), f.describe())}
		}
		have.Required = have.Required || f.Required
		have.Unique = have.Unique || f.Unique
		have.Index = have.Index || f.Index
		have.Fold = have.Fold || f.Fold
		have.Owners = slices.Compact(slices.Sorted(slices.Values(slices.Concat(have.Owners, f.Owners))))
	}
	for _, ix := range other.Indexes {
		at := slices.IndexFunc(m.Indexes, func(i Index) bool { return i.Name() == ix.Name() })
		if at < 0 {
			m.Indexes = append(m.Indexes, Index{Fields: slices.Clone(ix.Fields), Unique: ix.Unique})
		} else if ix.Unique {
			m.Indexes[at].Unique = true
		}
	}
	return nil
}

func (f Field) describe() string {
	if f.References != "" {
		return string(f.Type) + " that refers to " + f.References
	}
	return string(f.Type)
}

func (m Model) clone() Model {
	m.Fields = slices.Clone(m.Fields)
	for i := range m.Fields {
		m.Fields[i].Owners = slices.Clone(m.Fields[i].Owners)
	}
	m.Indexes = slices.Clone(m.Indexes)
	for i := range m.Indexes {
		m.Indexes[i].Fields = slices.Clone(m.Indexes[i].Fields)
	}
	return m
}

func (s Schema) clone() Schema {
	s.Models = slices.Clone(s.Models)
	for i := range s.Models {
		s.Models[i] = s.Models[i].clone()
	}
	return s
}

// Grow returns what a tenant with schema s has after it was opened with next:
// next, and what only s declares. Fields that only s declares are no longer
// required, because nobody who writes knows them. A field keeps its owners, and
// an error says which field next gives to plugins that are none of them. Drivers
// call it in Open.
func (s Schema) Grow(next Schema) (Schema, error) {
	old := s.clone()
	for i := range old.Models {
		for j := range old.Models[i].Fields {
			old.Models[i].Fields[j].Required = false
		}
	}
	if err := old.keepsOwners(next); err != nil {
		return Schema{}, err
	}
	grown, err := old.Merge(next)
	if err != nil {
		return Schema{}, err
	}
	return grown, grown.Validate()
}

// keepsOwners refuses fields that next gives to other plugins than their owners:
// those would get the values of plugins that are gone.
func (s Schema) keepsOwners(next Schema) error {
	for _, m := range next.Models {
		have := s.Model(m.Name)
		if have == nil {
			continue
		}
		for _, f := range m.Fields {
			old := have.field(f.Name)
			if old == nil || len(old.Owners) == 0 || len(f.Owners) == 0 || slices.ContainsFunc(f.Owners, func(id string) bool { return slices.Contains(old.Owners, id) }) {
				continue
			}
			return &InvalidError{Model: m.Name, Field: f.Name, Reason: fmt.Sprintf("the field is that of the plugin %q, so the plugin %q cannot have it", old.Owners[0], f.Owners[0])}
		}
	}
	return nil
}

// Equal reports whether both schemas declare the same, in the same order.
func (s Schema) Equal(other Schema) bool { return reflect.DeepEqual(s.normal(), other.normal()) }

// normal makes nil and empty lists the same, for Equal.
func (s Schema) normal() Schema {
	s = s.clone()
	for i := range s.Models {
		if len(s.Models[i].Fields) == 0 {
			s.Models[i].Fields = nil
		}
		if len(s.Models[i].Indexes) == 0 {
			s.Models[i].Indexes = nil
		}
	}
	if len(s.Models) == 0 {
		s.Models = nil
	}
	return s
}

// Validate reports the first mistake in the schema, as an *InvalidError.
func (s Schema) Validate() error {
	seen := make(map[string]bool, len(s.Models))
	for i := range s.Models {
		m := &s.Models[i]
		if !namePattern.MatchString(m.Name) {
			return &InvalidError{Reason: fmt.Sprintf("%q is no name for a model", m.Name)}
		}
		if seen[m.Name] {
			return &InvalidError{Model: m.Name, Reason: "declared twice"}
		}
		seen[m.Name] = true
		if err := s.validateModel(m); err != nil {
			return err
		}
	}
	return nil
}

func (s Schema) validateModel(m *Model) error {
	seen := map[string]bool{}
	for _, f := range m.Fields {
		bad := func(reason string) error {
			return &InvalidError{Model: m.Name, Field: f.Name, Reason: reason}
		}
		switch {
		case !namePattern.MatchString(f.Name):
			return bad("is no name for a field")
		case f.Name == idField:
			return bad("every model has it; it is not declared")
		case seen[f.Name]:
			return bad("declared twice")
		case !slices.Contains([]FieldType{String, Number, Boolean, Date, JSON}, f.Type):
			return bad(fmt.Sprintf("unknown type %q", f.Type))
		case f.Type == JSON && (f.Index || f.Unique):
			return bad("a json field cannot be indexed")
		case f.Fold && f.Type != String:
			return bad("only a string can be folded")
		case f.Fold && f.References != "":
			return bad("a field that refers to a record cannot be folded: ids have case")
		case f.References != "" && f.Type != String:
			return bad("a field that refers to a record is a string")
		case f.References != "" && s.Model(f.References) == nil:
			return bad(fmt.Sprintf("refers to the unknown model %q", f.References))
		}
		seen[f.Name] = true
	}
	for _, ix := range m.Indexes {
		if err := m.validateIndex(ix); err != nil {
			return err
		}
	}
	return nil
}

func (m *Model) validateIndex(ix Index) error {
	if len(ix.Fields) == 0 {
		return &InvalidError{Model: m.Name, Reason: "an index has no fields"}
	}
	for i, name := range ix.Fields {
		f := m.field(name)
		switch {
		case f == nil:
			return &InvalidError{Model: m.Name, Field: name, Reason: "indexed but not declared"}
		case f.Type == JSON:
			return &InvalidError{Model: m.Name, Field: name, Reason: "a json field cannot be indexed"}
		case slices.Contains(ix.Fields[:i], name):
			return &InvalidError{Model: m.Name, Field: name, Reason: "twice in one index"}
		}
	}
	return nil
}
