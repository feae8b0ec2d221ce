package wasmbin

import (
	"bytes"
	"errors"
	"fmt"
)

// Section ids of the binary format.
const (
	secCustom = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
)

// sectionNames are used in messages, by id.
var sectionNames = [...]string{"custom section", "type section", "import section", "function section",
	"table section", "memory section", "global section", "export section", "start section",
	"element section", "code section", "data section", "data count section"}

// sectionOrder is the rank of each section id; a module's sections come in
// rising rank. Data count stands before code, so ids alone do not do.
var sectionOrder = [...]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10}

// ValType is a value type as its byte in the binary format.
type ValType byte

// The value types that modules may use.
const (
	I32       ValType = 0x7f
	I64       ValType = 0x7e
	F32       ValType = 0x7d
	F64       ValType = 0x7c
	V128      ValType = 0x7b
	FuncRef   ValType = 0x70
	ExternRef ValType = 0x6f
)

// Kind is what an import or export is.
type Kind byte

// The kinds of imports and exports.
const (
	KindFunc Kind = iota
	KindTable
	KindMemory
	KindGlobal
)

// FuncType is a signature.
type FuncType struct {
	Params, Results []ValType
}

// Equal reports whether f and g are the same signature.
func (f FuncType) Equal(g FuncType) bool {
	return string(valBytes(f.Params)) == string(valBytes(g.Params)) && string(valBytes(f.Results)) == string(valBytes(g.Results))
}

// String writes f as "(i32 i32) -> (i64)".
func (f FuncType) String() string { return typeList(f.Params) + " -> " + typeList(f.Results) }

// Limits are the bounds of a table or memory, in entries or pages.
type Limits struct {
	Min, Max uint32
	HasMax   bool
}

// Table is a table's type.
type Table struct {
	Type ValType
	Limits
}

// Global is a global's type and, unless imported, its initial value as the
// bytes of a constant expression.
type Global struct {
	Type    ValType
	Mutable bool
	Init    []byte
}

// Import is one entry of the import section.
type Import struct {
	Module, Name string
	Kind         Kind
	Type         uint32 // KindFunc: index of the type
	Table        Table
	Memory       Limits
	Global       Global
}

// Export is one entry of the export section.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
}

// Custom is one custom section.
type Custom struct {
	Name string
	Data []byte
}

// Segment is a data segment. Offset is the constant expression of an active
// one, nil for a passive one.
type Segment struct {
	Offset []byte
	Data   []byte
}

// Body is the code of one function.
type Body struct {
	Locals []LocalRun
	Code   []byte // instructions, the final end included
	Offset int    // of Code in the module
}

// LocalRun is Count locals of one type.
type LocalRun struct {
	Count uint32
	Type  ValType
}

// Module is a parsed binary. Byte slices alias it.
type Module struct {
	Size    int
	Types   []FuncType
	Imports []Import
	Funcs   []uint32 // type index of each function that is not imported
	Tables  []Table
	Memory  []Limits
	Globals []Global
	Exports []Export
	Start   *uint32
	Bodies  []Body
	Data    []Segment
	Customs []Custom

	raw       [secDataCount + 1][]byte // the sections as they are, custom ones left out
	lim       Admission
	dataCount bool
}

var (
	errMagic   = errors.New("not a WebAssembly 1 module")
	errOrder   = errors.New("section is out of order or repeated")
	errSection = errors.New("unknown section")
)

// Parse reads a binary and checks it against limits on the way.
func Parse(wasm []byte, lim Admission) (*Module, error) {
	if len(wasm) > lim.Bytes {
		return nil, &LimitError{What: "module bytes", Got: uint64(len(wasm)), Limit: uint64(lim.Bytes)}
	}
	if !bytes.HasPrefix(wasm, []byte("\x00asm\x01\x00\x00\x00")) {
		return nil, &FormatError{Part: "header", Err: errMagic}
	}
	p := &parser{m: &Module{Size: len(wasm), lim: lim}, lim: lim}
	r := &reader{b: wasm, pos: 8}
	last := 0
	for r.rest() > 0 {
		at := r.offset()
		id := int(r.byte())
		body := r.sub(r.u32())
		if err := r.formatError("section header"); err != nil {
			return nil, err
		}
		if id >= len(sectionOrder) {
			return nil, &FormatError{Offset: at, Part: fmt.Sprintf("section %d", id), Err: errSection}
		}
		if id != secCustom {
			if sectionOrder[id] <= last {
				return nil, &FormatError{Offset: at, Part: sectionNames[id], Err: errOrder}
			}
			last = sectionOrder[id]
		}
		if id != secCustom {
			p.m.raw[id] = body.b
		}
		if err := p.section(id, body); err != nil {
			return nil, err
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return p.m, nil
}

// CustomSection returns the contents of the first custom section of a name.
func (m *Module) CustomSection(name string) ([]byte, bool) {
	for _, c := range m.Customs {
		if c.Name == name {
			return c.Data, true
		}
	}
	return nil, false
}

// Export returns the export of a name.
func (m *Module) Export(name string) (Export, bool) {
	for _, e := range m.Exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}

// imported counts the imports of a kind, which come first in that kind's
// index space.
func (m *Module) imported(k Kind) int {
	n := 0
	for i := range m.Imports {
		if m.Imports[i].Kind == k {
			n++
		}
	}
	return n
}

// FuncType returns the signature of a function by its index.
func (m *Module) FuncType(index uint32) (FuncType, bool) {
	i := uint64(index)
	for j := range m.Imports {
		if m.Imports[j].Kind != KindFunc {
			continue
		}
		if i == 0 {
			return m.typeAt(m.Imports[j].Type)
		}
		i--
	}
	if i >= uint64(len(m.Funcs)) {
		return FuncType{}, false
	}
	return m.typeAt(m.Funcs[i])
}

func (m *Module) typeAt(i uint32) (FuncType, bool) {
	if uint64(i) >= uint64(len(m.Types)) {
		return FuncType{}, false
	}
	return m.Types[i], true
}

func valBytes(ts []ValType) []byte {
	b := make([]byte, len(ts))
	for i, t := range ts {
		b[i] = byte(t)
	}
	return b
}

func typeList(ts []ValType) string {
	s := "("
	for i, t := range ts {
		if i > 0 {
			s += " "
		}
		s += t.String()
	}
	return s + ")"
}

// String returns the type's name in the text format.
func (t ValType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return fmt.Sprintf("type(%#x)", byte(t))
}
