package wasmbin

import "slices"

// Selects of floats and vectors are written as branches.
//
// wazero's compiler for amd64, up to and including 1.12.0, does not tell its
// register allocator that such a select may leave its target as it was
// (wazero's issue 2534). Under pressure the result is then whatever a vector
// register held before: a wrong number, or bytes that the host moved there.
// TestEngineSelectsWrongly has the proof. As select has no type of its own,
// the types of operands are worked out here, by the rules of validation, in
// functions that have one. Where a type is mistaken, the code that comes out
// is not valid, and the compiler refuses it.

// selectable are the types that selects are rewritten for, in the order of
// meter.swaps.
var selectable = [...]ValType{F32, F64, V128}

// swapOf returns the index of a type in selectable, or -1.
func swapOf(t ValType) int {
	for i, s := range selectable {
		if s == t {
			return i
		}
	}
	return -1
}

// typing follows the types on the operand stack through a function. Types are
// known as far as selects need them: references are all alike, and zero is
// what code that cannot be reached has.
type typing struct {
	m      *Module
	funcs  []uint32 // type index of every function, imported ones first
	global []ValType

	params []ValType
	locals []localsUpTo
	stack  []ValType
	frames []typeFrame
}

// localsUpTo are locals of one type. A function may declare many in few bytes,
// so they are not listed one by one.
type localsUpTo struct {
	end uint32 // index of the first local after them
	typ ValType
}

// typeFrame is an open block.
type typeFrame struct {
	height int // of the stack below its parameters
	typ    FuncType
}

func newTyping(m *Module) *typing {
	t := &typing{m: m}
	for i := range m.Imports {
		switch im := &m.Imports[i]; im.Kind {
		case KindFunc:
			t.funcs = append(t.funcs, im.Type)
		case KindGlobal:
			t.global = append(t.global, im.Global.Type)
		}
	}
	t.funcs = append(t.funcs, m.Funcs...)
	for _, g := range m.Globals {
		t.global = append(t.global, g.Type)
	}
	return t
}

// selects tells the edits of f that are about selects their types. The code
// has been analysed: it decodes, and names only what there is.
func (t *typing) selects(f *function, index int) {
	body := &t.m.Bodies[index]
	typ := t.m.Types[t.m.Funcs[index]]
	t.params, t.locals = typ.Params, t.locals[:0]
	end := uint32(len(typ.Params))
	for _, run := range body.Locals {
		end += run.Count
		t.locals = append(t.locals, localsUpTo{end, run.Type})
	}
	t.stack = t.stack[:0]
	t.frames = append(t.frames[:0], typeFrame{typ: FuncType{Results: typ.Results}})
	r := &reader{b: body.Code}
	next := 0
	var in instr
	for len(t.frames) > 0 && r.next(&in, len(body.Code)) == nil && r.err == nil {
		if in.op != opSelect && in.op != opSelectTyped {
			t.step(&in)
			continue
		}
		selected := t.choose(&in)
		for f.edits[next].kind != editSelect {
			next++
		}
		if f.edits[next].arg = swapOf(selected); f.edits[next].arg >= 0 {
			f.selected[f.edits[next].arg] = true
		}
		next++
	}
}

// local returns the type of a local that there is.
func (t *typing) local(index uint32) ValType {
	if uint64(index) < uint64(len(t.params)) {
		return t.params[index]
	}
	i, _ := slices.BinarySearchFunc(t.locals, index, func(l localsUpTo, index uint32) int {
		if l.end <= index {
			return -1
		}
		return 1
	})
	return t.locals[i].typ
}

func (t *typing) push(types ...ValType) { t.stack = append(t.stack, types...) }

// pop takes n operands and returns the type of the last one.
func (t *typing) pop(n int) (last ValType) {
	frame := &t.frames[len(t.frames)-1]
	for range n {
		last = 0
		if len(t.stack) > frame.height {
			last = t.stack[len(t.stack)-1]
			t.stack = t.stack[:len(t.stack)-1]
		}
	}
	return last
}

// leave notes that what follows cannot be reached.
func (t *typing) leave() {
	t.stack = t.stack[:t.frames[len(t.frames)-1].height]
}

// enter opens a block.
func (t *typing) enter(in *instr) {
	var typ FuncType
	switch {
	case in.typed:
		typ = t.m.Types[in.arg]
	case !in.empty:
		typ.Results = []ValType{in.result}
	}
	t.pop(len(typ.Params))
	t.frames = append(t.frames, typeFrame{height: len(t.stack), typ: typ})
	t.push(typ.Params...)
}

// choose is the step of a select; it returns the type of what it selects.
func (t *typing) choose(in *instr) ValType {
	t.pop(1)
	selected := t.pop(1)
	if first := t.pop(1); selected == 0 {
		selected = first
	}
	if in.op == opSelectTyped {
		selected = in.result
	}
	t.push(selected)
	return selected
}

// step follows one instruction that is not a select.
func (t *typing) step(in *instr) {
	switch in.op {
	case opBlock, opLoop:
		t.enter(in)
	case opIf:
		t.pop(1)
		t.enter(in)
	case opElse:
		frame := &t.frames[len(t.frames)-1]
		t.stack = append(t.stack[:frame.height], frame.typ.Params...)
	case opEnd:
		frame := t.frames[len(t.frames)-1]
		t.stack = t.stack[:frame.height]
		t.frames = t.frames[:len(t.frames)-1]
		t.push(frame.typ.Results...)
	case opUnreachable, opBr, opBrTable, opReturn:
		t.leave()
	case opCall:
		t.call(t.m.Types[t.funcs[in.arg]])
	case opCallIndirect:
		t.pop(1)
		t.call(t.m.Types[in.arg])
	case opLocalGet:
		t.push(t.local(in.arg))
	case opLocalTee:
		t.pop(1)
		t.push(t.local(in.arg))
	case opGlobalGet:
		t.push(t.global[in.arg])
	default:
		e := effectOf(in)
		t.pop(int(e.pops))
		if e.push != 0 {
			t.push(e.push)
		}
	}
}

func (t *typing) call(typ FuncType) {
	t.pop(len(typ.Params))
	t.push(typ.Results...)
}

// effect is what an instruction of fixed types does to the stack.
type effect struct {
	pops byte
	push ValType // 0: nothing
}

func effectOf(in *instr) effect {
	switch in.op {
	case opMisc:
		return miscEffects[in.sub]
	case opVector:
		return vectorEffects[in.sub]
	}
	return effects[in.op]
}

// effectRange is a run of opcodes with the same effect.
type effectRange struct {
	from, to int
	pops     byte
	push     ValType
}

// effectTable expands ranges; later ones win.
func effectTable(ranges ...effectRange) (t [256]effect) {
	for _, r := range ranges {
		for op := r.from; op <= r.to; op++ {
			t[op] = effect{r.pops, r.push}
		}
	}
	return t
}

var effects = effectTable(
	effectRange{opBrIf, opBrIf, 1, 0},
	effectRange{opDrop, opDrop, 1, 0},
	effectRange{opLocalSet, opLocalSet, 1, 0},
	effectRange{opGlobalSet, opGlobalSet, 1, 0},
	effectRange{0x25, 0x25, 1, FuncRef}, // table.get
	effectRange{opTableSet, opTableSet, 2, 0},
	effectRange{0x28, 0x35, 1, I32}, // loads
	effectRange{0x29, 0x29, 1, I64},
	effectRange{0x2a, 0x2a, 1, F32},
	effectRange{0x2b, 0x2b, 1, F64},
	effectRange{0x30, 0x35, 1, I64},
	effectRange{0x36, 0x3e, 2, 0}, // stores
	effectRange{0x3f, 0x3f, 0, I32},
	effectRange{opMemoryGrow, opMemoryGrow, 1, I32},
	effectRange{opI32Const, opI32Const, 0, I32},
	effectRange{opI64Const, opI64Const, 0, I64},
	effectRange{opF32Const, opF32Const, 0, F32},
	effectRange{opF64Const, opF64Const, 0, F64},
	effectRange{0x45, 0x66, 2, I32}, // tests and comparisons
	effectRange{0x45, 0x45, 1, I32},
	effectRange{0x50, 0x50, 1, I32},
	effectRange{0x67, 0x69, 1, I32}, // arithmetic
	effectRange{0x6a, 0x78, 2, I32},
	effectRange{0x79, 0x7b, 1, I64},
	effectRange{0x7c, 0x8a, 2, I64},
	effectRange{0x8b, 0x91, 1, F32},
	effectRange{0x92, 0x98, 2, F32},
	effectRange{0x99, 0x9f, 1, F64},
	effectRange{0xa0, 0xa6, 2, F64},
	effectRange{0xa7, 0xab, 1, I32}, // conversions
	effectRange{0xac, 0xb1, 1, I64},
	effectRange{0xb2, 0xb6, 1, F32},
	effectRange{0xb7, 0xbb, 1, F64},
	effectRange{0xbc, 0xbc, 1, I32},
	effectRange{0xbd, 0xbd, 1, I64},
	effectRange{0xbe, 0xbe, 1, F32},
	effectRange{0xbf, 0xbf, 1, F64},
	effectRange{0xc0, 0xc1, 1, I32},
	effectRange{0xc2, 0xc4, 1, I64},
	effectRange{opRefNull, opRefNull, 0, FuncRef},
	effectRange{0xd1, 0xd1, 1, I32}, // ref.is_null
	effectRange{opRefFunc, opRefFunc, 0, FuncRef},
)

var miscEffects = effectTable(
	effectRange{0, 3, 1, I32}, // saturating conversions
	effectRange{4, 7, 1, I64},
	effectRange{miscMemoryInit, miscMemoryInit, 3, 0},
	effectRange{miscMemoryCopy, miscTableInit, 3, 0},
	effectRange{miscTableCopy, miscTableCopy, 3, 0},
	effectRange{miscTableGrow, miscTableGrow, 2, I32},
	effectRange{miscTableSize, miscTableSize, 0, I32},
	effectRange{miscTableFill, miscTableFill, 3, 0},
)

var vectorEffects = effectTable(
	effectRange{0, 255, 2, V128}, // what takes two vectors, or a vector and a number
	effectRange{0, 10, 1, V128},  // loads
	effectRange{11, 11, 2, 0},
	effectRange{opV128Const, opV128Const, 0, V128},
	effectRange{15, 20, 1, V128}, // splats
	effectRange{21, 22, 1, I32},  // lanes
	effectRange{24, 25, 1, I32},
	effectRange{27, 27, 1, I32},
	effectRange{29, 29, 1, I64},
	effectRange{31, 31, 1, F32},
	effectRange{33, 33, 1, F64},
	effectRange{77, 77, 1, V128}, // not
	effectRange{82, 82, 3, V128}, // bitselect
	effectRange{83, 83, 1, I32},  // any_true
	effectRange{88, 91, 2, 0},    // stores of lanes
	effectRange{92, 98, 1, V128},
	effectRange{99, 100, 1, I32}, // all_true, bitmask
	effectRange{103, 106, 1, V128},
	effectRange{116, 117, 1, V128},
	effectRange{122, 122, 1, V128},
	effectRange{124, 129, 1, V128},
	effectRange{131, 132, 1, I32},
	effectRange{135, 138, 1, V128},
	effectRange{148, 148, 1, V128},
	effectRange{160, 161, 1, V128},
	effectRange{163, 164, 1, I32},
	effectRange{167, 170, 1, V128},
	effectRange{192, 193, 1, V128},
	effectRange{195, 196, 1, I32},
	effectRange{199, 202, 1, V128},
	effectRange{224, 227, 1, V128},
	effectRange{236, 239, 1, V128},
	effectRange{248, 255, 1, V128},
)

// choose replaces a select of a type by a branch. On the stack are both
// operands and the condition.
func (mt *meter) choose(swap int) {
	condition, first, second := mt.condition, mt.swaps[swap], mt.swaps[swap]+1
	mt.local(opLocalSet, condition)
	mt.local(opLocalSet, second)
	mt.local(opLocalSet, first)
	mt.local(opLocalGet, condition)
	mt.out = append(mt.out, opIf, byte(selectable[swap]))
	mt.local(opLocalGet, first)
	mt.out = append(mt.out, opElse)
	mt.local(opLocalGet, second)
	mt.out = append(mt.out, opEnd)
}
