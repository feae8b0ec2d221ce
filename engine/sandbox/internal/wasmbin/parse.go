package wasmbin

import (
	"errors"
)

// Errors of sections.
var (
	errType      = errors.New("value type is not supported")
	errFuncForm  = errors.New("not a function type")
	errKind      = errors.New("unknown kind of import or export")
	errLimits    = errors.New("malformed limits")
	errShared    = errors.New("shared memory is not supported")
	errMemory64  = errors.New("64-bit memory is not supported")
	errMutable   = errors.New("malformed mutability")
	errConst     = errors.New("constant expression has an instruction that is not supported")
	errIndex     = errors.New("index out of range")
	errBodies    = errors.New("as many bodies as functions are needed")
	errDataCount = errors.New("data count and data section differ")
	errSegment   = errors.New("unknown segment flag")
	errDuplicate = errors.New("export name is repeated")
	errMinMax    = errors.New("minimum is larger than maximum")
	errMemories  = errors.New("more than one memory")
)

// parser fills a Module section by section.
type parser struct {
	m         *Module
	lim       Admission
	dataCount uint32
	sp        spaces // as far as the sections before say
}

func (p *parser) section(id int, r *reader) error {
	var err error
	p.sp = p.m.spaces()
	switch id {
	case secCustom:
		err = p.custom(r)
	case secType:
		err = p.types(r)
	case secImport:
		err = p.imports(r)
	case secFunction:
		err = p.funcs(r)
	case secTable:
		err = p.tables(r)
	case secMemory:
		err = p.memories(r)
	case secGlobal:
		err = p.globals(r)
	case secExport:
		err = p.exports(r)
	case secStart:
		start := r.u32()
		p.m.Start = &start
	case secElement:
		err = p.elements(r)
	case secCode:
		err = p.code(r)
	case secData:
		err = p.data(r)
	case secDataCount:
		p.m.dataCount, p.dataCount = true, r.u32()
	}
	if err != nil {
		return err
	}
	if r.err == nil && r.rest() > 0 {
		r.fail(errTrailer)
	}
	return r.formatError(sectionNames[id])
}

// finish checks what no single section can tell.
func (p *parser) finish() error {
	m := p.m
	if len(m.Bodies) != len(m.Funcs) {
		return &FormatError{Offset: m.Size, Part: sectionNames[secCode], Err: errBodies}
	}
	if m.dataCount && int(p.dataCount) != len(m.Data) {
		return &FormatError{Offset: m.Size, Part: sectionNames[secData], Err: errDataCount}
	}
	if m.imported(KindMemory)+len(m.Memory) > 1 {
		return &FormatError{Offset: m.Size, Part: sectionNames[secMemory], Err: errMemories}
	}
	if err := check("globals", uint64(m.imported(KindGlobal)+len(m.Globals)), uint64(p.lim.Globals)); err != nil {
		return err
	}
	return p.indices()
}

// indices checks the indices that the rewriting pass and the embedder follow;
// the compiler validates the others.
func (p *parser) indices() error {
	m := p.m
	funcs := uint64(m.imported(KindFunc) + len(m.Funcs))
	space := [...]uint64{
		KindFunc:   funcs,
		KindTable:  uint64(m.imported(KindTable) + len(m.Tables)),
		KindMemory: uint64(m.imported(KindMemory) + len(m.Memory)),
		KindGlobal: uint64(m.imported(KindGlobal) + len(m.Globals)),
	}
	bad := func(part int) error { return &FormatError{Offset: m.Size, Part: sectionNames[part], Err: errIndex} }
	for i := range m.Imports {
		if im := &m.Imports[i]; im.Kind == KindFunc && uint64(im.Type) >= uint64(len(m.Types)) {
			return bad(secImport)
		}
	}
	for _, t := range m.Funcs {
		if uint64(t) >= uint64(len(m.Types)) {
			return bad(secFunction)
		}
	}
	names := make(map[string]bool, len(m.Exports))
	for _, e := range m.Exports {
		if uint64(e.Index) >= space[e.Kind] {
			return bad(secExport)
		}
		if names[e.Name] {
			return &FormatError{Offset: m.Size, Part: sectionNames[secExport], Err: errDuplicate}
		}
		names[e.Name] = true
	}
	if m.Start != nil && uint64(*m.Start) >= funcs {
		return bad(secStart)
	}
	return nil
}

func (p *parser) custom(r *reader) error {
	name := r.name()
	data := r.bytes(uint32(r.rest()))
	p.m.Customs = append(p.m.Customs, Custom{Name: name, Data: data})
	return check("custom sections", uint64(len(p.m.Customs)), uint64(p.lim.Customs))
}

func (p *parser) valType(r *reader) ValType {
	t := ValType(r.byte())
	switch t {
	case I32, I64, F32, F64, V128, FuncRef, ExternRef:
	default:
		r.fail(errType)
	}
	return t
}

func (p *parser) valTypes(r *reader, what string) ([]ValType, error) {
	n := r.count(1)
	if err := check(what, uint64(n), uint64(p.lim.Params)); err != nil {
		return nil, err
	}
	ts := make([]ValType, n)
	for i := range ts {
		ts[i] = p.valType(r)
	}
	return ts, nil
}

func (p *parser) types(r *reader) error {
	n := r.count(3)
	if err := check("types", uint64(n), uint64(p.lim.Types)); err != nil {
		return err
	}
	p.m.Types = make([]FuncType, n)
	for i := range p.m.Types {
		if r.byte() != 0x60 {
			r.fail(errFuncForm)
		}
		var err error
		if p.m.Types[i].Params, err = p.valTypes(r, "parameters"); err != nil {
			return err
		}
		if p.m.Types[i].Results, err = p.valTypes(r, "results"); err != nil {
			return err
		}
	}
	return nil
}

// shortName reads a name of bounded length.
func (p *parser) shortName(r *reader) (string, error) {
	s := r.name()
	return s, check("bytes in a name", uint64(len(s)), uint64(p.lim.NameBytes))
}

func (p *parser) imports(r *reader) error {
	n := r.count(4)
	if err := check("imports", uint64(n), uint64(p.lim.Imports)); err != nil {
		return err
	}
	p.m.Imports = make([]Import, n)
	for i := range p.m.Imports {
		im := &p.m.Imports[i]
		var err error
		if im.Module, err = p.shortName(r); err != nil {
			return err
		}
		if im.Name, err = p.shortName(r); err != nil {
			return err
		}
		im.Kind = Kind(r.byte())
		switch im.Kind {
		case KindFunc:
			im.Type = r.u32()
		case KindTable:
			im.Table, err = p.table(r)
		case KindMemory:
			im.Memory, err = p.memory(r)
		case KindGlobal:
			im.Global = p.globalType(r)
		default:
			r.fail(errKind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) funcs(r *reader) error {
	n := r.count(1)
	if err := check("functions", uint64(n), uint64(p.lim.Funcs)); err != nil {
		return err
	}
	p.m.Funcs = make([]uint32, n)
	for i := range p.m.Funcs {
		p.m.Funcs[i] = r.u32()
	}
	return nil
}

// limits reads the flag and bounds of a table or memory.
func (p *parser) limits(r *reader) (l Limits) {
	switch flag := r.byte(); flag {
	case 0, 1:
		l.HasMax = flag == 1
	case 2, 3:
		r.fail(errShared)
	case 4, 5, 6, 7:
		r.fail(errMemory64)
	default:
		r.fail(errLimits)
	}
	l.Min = r.u32()
	if l.HasMax {
		if l.Max = r.u32(); l.Max < l.Min {
			r.fail(errMinMax)
		}
	}
	return l
}

func (p *parser) table(r *reader) (Table, error) {
	t := Table{Type: p.valType(r)}
	if t.Type != FuncRef && t.Type != ExternRef {
		r.fail(errType)
	}
	t.Limits = p.limits(r)
	return t, check("table entries", uint64(t.Min), uint64(p.lim.TableEntries))
}

func (p *parser) tables(r *reader) error {
	n := r.count(3)
	if err := check("tables", uint64(n), uint64(p.lim.Tables)); err != nil {
		return err
	}
	p.m.Tables = make([]Table, n)
	for i := range p.m.Tables {
		var err error
		if p.m.Tables[i], err = p.table(r); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) memory(r *reader) (Limits, error) {
	l := p.limits(r)
	return l, check("pages of memory", uint64(l.Min), uint64(p.lim.MemoryPages))
}

func (p *parser) memories(r *reader) error {
	n := r.count(2)
	if n > 1 {
		r.fail(errMemories)
		return nil
	}
	p.m.Memory = make([]Limits, n)
	for i := range p.m.Memory {
		var err error
		if p.m.Memory[i], err = p.memory(r); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) exports(r *reader) error {
	n := r.count(3)
	if err := check("exports", uint64(n), uint64(p.lim.Exports)); err != nil {
		return err
	}
	p.m.Exports = make([]Export, n)
	for i := range p.m.Exports {
		e := &p.m.Exports[i]
		var err error
		if e.Name, err = p.shortName(r); err != nil {
			return err
		}
		if e.Kind = Kind(r.byte()); e.Kind > KindGlobal {
			r.fail(errKind)
		}
		e.Index = r.u32()
		if r.err != nil {
			return nil
		}
	}
	return nil
}
