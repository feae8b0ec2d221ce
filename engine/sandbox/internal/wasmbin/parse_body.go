package wasmbin

func (p *parser) globalType(r *reader) Global {
	g := Global{Type: p.valType(r)}
	switch r.byte() {
	case 0:
	case 1:
		g.Mutable = true
	default:
		r.fail(errMutable)
	}
	return g
}

func (p *parser) globals(r *reader) error {
	n := r.count(4)
	if err := check("globals", uint64(n), uint64(p.lim.Globals)); err != nil {
		return err
	}
	p.m.Globals = make([]Global, n)
	p.sp = p.m.spaces()
	for i := range p.m.Globals {
		p.m.Globals[i] = p.globalType(r)
		p.m.Globals[i].Init = p.constExpr(r)
	}
	return nil
}

// Opcodes of constant expressions.
const (
	opEnd       = 0x0b
	opGlobalGet = 0x23
	opI32Const  = 0x41
	opI64Const  = 0x42
	opF32Const  = 0x43
	opF64Const  = 0x44
	opRefNull   = 0xd0
	opRefFunc   = 0xd2
	opVector    = 0xfd
	opV128Const = 12
)

// constExpr reads a constant expression: one instruction and an end. What it
// names must exist in the module as it is, see spaces.
func (p *parser) constExpr(r *reader) []byte {
	start := r.pos
	switch r.byte() {
	case opGlobalGet:
		if r.u32() >= p.sp.globals {
			r.fail(errNaming)
		}
	case opRefFunc:
		p.funcIndex(r)
	case opI32Const:
		r.i32()
	case opI64Const:
		r.i64()
	case opF32Const:
		r.f32()
	case opF64Const:
		r.f64()
	case opRefNull:
		r.byte()
	case opVector:
		if r.u32() != opV128Const {
			r.fail(errConst)
		}
		r.bytes(16)
	default:
		r.fail(errConst)
	}
	if r.byte() != opEnd {
		r.fail(errConst)
	}
	if r.err != nil {
		return nil
	}
	return r.b[start:r.pos:r.pos]
}

// elements walks over the element section to bound what it claims; the bytes
// are kept as they are.
func (p *parser) elements(r *reader) error {
	n := r.count(3)
	if err := check("element segments", uint64(n), uint64(p.lim.Elements)); err != nil {
		return err
	}
	for range n {
		if err := p.element(r); err != nil || r.err != nil {
			return err
		}
	}
	return nil
}

// element reads one segment. The flag's bits: 0 passive or declared, 1 table
// index given (active) or declared (not active), 2 expressions, not indices.
func (p *parser) element(r *reader) error {
	flag := r.u32()
	if flag > 7 {
		r.fail(errSegment)
		return nil
	}
	if flag&1 == 0 { // active
		if flag&2 != 0 {
			r.u32()
		}
		p.constExpr(r)
	}
	if flag&3 != 0 { // element kind or reference type
		if k := r.byte(); flag&4 == 0 && k != 0 || flag&4 != 0 && ValType(k) != FuncRef && ValType(k) != ExternRef {
			r.fail(errKind)
		}
	}
	n := r.count(1)
	if err := check("entries in an element segment", uint64(n), uint64(p.lim.TableEntries)); err != nil {
		return err
	}
	for range n {
		if flag&4 != 0 {
			p.constExpr(r)
		} else {
			p.funcIndex(r)
		}
		if r.err != nil {
			break
		}
	}
	return nil
}

func (p *parser) funcIndex(r *reader) {
	if r.u32() >= p.sp.funcs {
		r.fail(errNaming)
	}
}

func (p *parser) data(r *reader) error {
	n := r.count(2)
	if err := check("data segments", uint64(n), uint64(p.lim.Data)); err != nil {
		return err
	}
	p.m.Data = make([]Segment, n)
	for i := range p.m.Data {
		s := &p.m.Data[i]
		switch flag := r.u32(); flag {
		case 0:
			s.Offset = p.constExpr(r)
		case 1:
		case 2:
			if r.u32() != 0 {
				r.fail(errIndex)
			}
			s.Offset = p.constExpr(r)
		default:
			r.fail(errSegment)
		}
		s.Data = r.bytes(r.u32())
		if r.err != nil {
			return nil
		}
	}
	return nil
}

func (p *parser) code(r *reader) error {
	n := r.count(2)
	if n != len(p.m.Funcs) {
		r.fail(errBodies)
		return nil
	}
	p.m.Bodies = make([]Body, n)
	for i := range p.m.Bodies {
		body := r.sub(r.u32())
		if r.err != nil {
			return nil
		}
		if err := check("bytes in a function", uint64(len(body.b)), uint64(p.lim.BodyBytes)); err != nil {
			return err
		}
		if err := p.body(body, &p.m.Bodies[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) body(r *reader, b *Body) error {
	runs := r.count(2)
	var locals uint64
	b.Locals = make([]LocalRun, runs)
	for i := range b.Locals {
		run := LocalRun{Count: r.u32(), Type: p.valType(r)}
		locals += uint64(run.Count)
		if err := check("locals in a function", locals, uint64(p.lim.Locals)); err != nil {
			return err
		}
		b.Locals[i] = run
	}
	b.Offset = r.offset()
	b.Code = r.bytes(uint32(r.rest()))
	return r.formatError("function body")
}
