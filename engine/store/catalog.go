package store

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
)

// idField is the column that every model has.
const idField = "id"

// Catalog is a schema made ready for use: what a driver and a unit of work
// look up on every call. It does not change after NewCatalog.
type Catalog struct {
	schema Schema
	models map[string]*ModelInfo
}

// ModelInfo is one model of a Catalog.
type ModelInfo struct {
	Name string
	// Indexes are those of fields and of the model, each name once, in the
	// order of declaration.
	Indexes []*IndexInfo
	// References are the fields that refer to other records.
	References []Reference
	// Dependents are the fields, of any model, that refer to this model.
	Dependents []Reference

	fields  map[string]Field
	indexes map[string]*IndexInfo
}

// IndexInfo is one index of a model.
type IndexInfo struct {
	Name   string
	Fields []string
	Unique bool

	folded []bool // by field: its texts are kept without case
	label  string
}

// Label names the index as it is stored: its fields, with "~" after those that
// are folded, and "!" in the end if it is unique. Indexes that differ in this
// have different entries, so changing one into the other is building another.
func (ix *IndexInfo) Label() string { return ix.label }

// Reference is a field that holds ids of another model.
type Reference struct {
	Model string // that has the field
	Field string // and the index of this name
	To    string // model that it refers to
}

// NewCatalog validates a schema and makes it ready for use.
func NewCatalog(s Schema) (*Catalog, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	c := &Catalog{schema: s.clone(), models: make(map[string]*ModelInfo, len(s.Models))}
	for _, m := range c.schema.Models {
		c.models[m.Name] = newModelInfo(m)
	}
	for _, m := range c.schema.Models {
		for _, ref := range c.models[m.Name].References {
			to := c.models[ref.To]
			to.Dependents = append(to.Dependents, ref)
		}
	}
	return c, nil
}

func newModelInfo(m Model) *ModelInfo {
	info := &ModelInfo{Name: m.Name, fields: map[string]Field{}, indexes: map[string]*IndexInfo{}}
	for _, f := range m.Fields {
		info.fields[f.Name] = f
		if f.References != "" {
			info.References = append(info.References, Reference{Model: m.Name, Field: f.Name, To: f.References})
		}
		if f.Unique || f.Index || f.References != "" {
			info.addIndex(Index{Fields: []string{f.Name}, Unique: f.Unique})
		}
	}
	for _, ix := range m.Indexes {
		info.addIndex(ix)
	}
	for _, ix := range info.Indexes {
		ix.prepare(info.fields)
	}
	return info
}

func (m *ModelInfo) addIndex(ix Index) {
	if have := m.indexes[ix.Name()]; have != nil {
		have.Unique = have.Unique || ix.Unique
		return
	}
	info := &IndexInfo{Name: ix.Name(), Fields: ix.Fields, Unique: ix.Unique}
	m.indexes[info.Name] = info
	m.Indexes = append(m.Indexes, info)
}

// prepare works out what the declarations of its fields mean for an index.
func (ix *IndexInfo) prepare(fields map[string]Field) {
	ix.folded = make([]bool, len(ix.Fields))
	parts := make([]string, len(ix.Fields))
	for i, name := range ix.Fields {
		ix.folded[i], parts[i] = fields[name].Fold, name
		if ix.folded[i] {
			parts[i] += "~"
		}
	}
	ix.label = strings.Join(parts, "+")
	if ix.Unique {
		ix.label += "!"
	}
}

// Schema returns the schema. It must not be changed.
func (c *Catalog) Schema() Schema { return c.schema }

// Model returns a model, or an *InvalidError when it is not declared.
func (c *Catalog) Model(name string) (*ModelInfo, error) {
	if m := c.models[name]; m != nil {
		return m, nil
	}
	return nil, &InvalidError{Reason: fmt.Sprintf("unknown model %q", name)}
}

// Field returns a field's declaration; ok is false when there is none.
func (m *ModelInfo) Field(name string) (f Field, ok bool) {
	f, ok = m.fields[name]
	return f, ok
}

// Index returns an index, nil for "" and "id" (the order of ids), or an
// *InvalidError when it is not declared.
func (m *ModelInfo) Index(name string) (*IndexInfo, error) {
	if name == "" || name == idField {
		return nil, nil
	}
	if ix := m.indexes[name]; ix != nil {
		return ix, nil
	}
	return nil, &InvalidError{Model: m.Name, Reason: fmt.Sprintf(`unknown index %q; a field has one with "unique", "index" or "references"`, name)}
}

// EntryKey returns the key under which an index holds a record, and whether
// that key is to be unique. A key that is not ends with the record's id.
func (ix *IndexInfo) EntryKey(r *Record) (key []byte, unique bool) {
	key = make([]byte, 0, 96)
	unique = ix.Unique
	for i, name := range ix.Fields {
		v := r.Fields.Get(name)
		if v.IsNullish() {
			unique = false
		}
		key = ix.appendPart(key, i, v)
	}
	if !unique {
		key = append(key, r.ID...)
	}
	return key, unique
}

// appendPart appends the form in which the index keeps a value of its field
// number i.
func (ix *IndexInfo) appendPart(dst []byte, i int, v document.Value) []byte {
	if ix.folded[i] {
		return appendFolded(dst, v)
	}
	return AppendKey(dst, v)
}

// CheckOp reports what does not fit in an operation, as an *InvalidError.
func (c *Catalog) CheckOp(op Op) error {
	m, err := c.Model(op.Model)
	if err != nil {
		return err
	}
	if reason := checkName(op.ID, MaxID); reason != "" {
		return &InvalidError{Model: op.Model, Field: idField, Reason: "the id " + reason}
	}
	if err := m.checkIf(op); err != nil {
		return err
	}
	switch op.Kind {
	case Insert, Update:
		return m.checkFields(op.Kind, op.Fields)
	case Delete, Guard:
		return nil
	default:
		return &InvalidError{Model: op.Model, Reason: "operation of an unknown kind"}
	}
}

// checkIf reports expectations that no record can meet.
func (m *ModelInfo) checkIf(op Op) error {
	if op.Kind == Insert && op.If.Len() > 0 {
		return &InvalidError{Model: m.Name, Reason: "an insert expects no fields: the record is not there yet"}
	}
	for name, v := range op.If.All() {
		f, ok := m.fields[name]
		if !ok {
			return &InvalidError{Model: m.Name, Field: name, Reason: "unknown field"}
		}
		f.Required = false // a record stored before that may lack it
		if reason := f.check(v); reason != "" {
			return &InvalidError{Model: m.Name, Field: name, Reason: reason}
		}
	}
	return nil
}

// CheckIf reports the first field of a record that has another value than
// expected has, as a *ConflictError.
func (m *ModelInfo) CheckIf(r *Record, expected *document.Object) error {
	for name, want := range expected.All() {
		if have := r.Get(name); !have.Equal(want) && !(have.IsNullish() && want.IsNullish()) {
			return &ConflictError{Model: m.Name, Index: name, ID: r.ID}
		}
	}
	return nil
}

func (m *ModelInfo) checkFields(kind OpKind, fields *document.Object) error {
	size := 0
	for name, v := range fields.All() {
		if name == idField {
			continue
		}
		f, ok := m.fields[name]
		if !ok {
			return &InvalidError{Model: m.Name, Field: name, Reason: "unknown field"}
		}
		if reason := f.check(v); reason != "" {
			return &InvalidError{Model: m.Name, Field: name, Reason: reason}
		}
		size += len(name) + sizeOf(v)
	}
	if err := m.checkSize(size); err != nil {
		return err
	}
	if kind == Insert {
		for name, f := range m.fields {
			if f.Required && !fields.Has(name) {
				return &InvalidError{Model: m.Name, Field: name, Reason: "required"}
			}
		}
	}
	return nil
}

// CheckSize reports a record over MaxRecordBytes, as an *InvalidError.
func (m *ModelInfo) CheckSize(r *Record) error {
	size := 0
	for name, v := range r.Fields.All() {
		size += len(name) + sizeOf(v)
	}
	return m.checkSize(size)
}

func (m *ModelInfo) checkSize(size int) error {
	if size > MaxRecordBytes {
		return &InvalidError{Model: m.Name, Reason: fmt.Sprintf("a record of %d bytes; the limit is %d", size, MaxRecordBytes)}
	}
	return nil
}

// check returns what is wrong with a value, or "".
func (f Field) check(v document.Value) string {
	if v.IsNullish() {
		if f.Required {
			return "required"
		}
		return ""
	}
	ok := true
	switch f.Type {
	case String:
		ok = v.Kind() == document.String && utf8.ValidString(v.Str())
	case Number:
		n, isNumber := v.Float()
		ok = isNumber && !math.IsInf(n, 0)
	case Boolean:
		ok = v.Kind() == document.Bool
	case Date:
		t, isDate := v.Time()
		ok = isDate && t.UTC().Format(document.TimeLayout) == v.Str()
	}
	switch {
	case ok:
		return ""
	case f.Type == Date:
		return "not a date such as 2026-01-02T03:04:05.678Z"
	}
	return fmt.Sprintf("not a %s: %s", f.Type, v.Kind())
}

// sizeOf estimates the stored size of a value in bytes.
func sizeOf(v document.Value) int {
	switch v.Kind() {
	case document.String:
		return len(v.Str())
	case document.Number:
		return len(v.NumberText())
	case document.Array:
		n := 2
		for _, item := range v.Items() {
			n += 1 + sizeOf(item)
		}
		return n
	case document.ObjectKind:
		n := 2
		for name, item := range v.Object().All() {
			n += len(name) + 1 + sizeOf(item)
		}
		return n
	default:
		return 1
	}
}
