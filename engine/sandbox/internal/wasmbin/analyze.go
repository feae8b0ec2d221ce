package wasmbin

import "errors"

var (
	errNesting = errors.New("unbalanced blocks")
	errLabel   = errors.New("branch to a label that does not exist")
	errNaming  = errors.New("instruction names a local, global, function or type that does not exist")
)

// editKind is a place in a function's code where the rewriting pass acts.
type editKind byte

const (
	editLoop   editKind = iota // after a loop's header; arg is the loop
	editReturn                 // instead of a return; arg is the nesting there
	editCall                   // before a call of guest code
	editBulk                   // before a bulk operation on memory or table
	editGrow                   // before memory.grow or table.grow
)

// edit is one such place.
type edit struct {
	kind editKind
	pos  int // in Body.Code
	arg  int
}

// loop is what is known of one loop.
type loop struct {
	parent int // the enclosing loop, or -1
	instrs int // instructions in it, nested loops not counted
	edges  int // branches back to its header
	calls  bool
}

// function is what one pass over a function's code finds out.
type function struct {
	edits  []edit
	loops  []loop
	instrs int  // instructions outside of loops
	calls  bool // calls guest code, directly or not
	bulk   bool
	labels []label // scratch

	outerCalls bool // calls guest code outside of loops
	spaces     spaces
	locals     uint32 // parameters counted

	mutatesTables bool
	dropped       []uint32 // data segments that it drops
}

// spaces are the sizes of a module's index spaces. What the rewriting pass
// adds comes after their ends, so a guest that names something out of range
// must be refused: it would name the counters.
type spaces struct {
	types, funcs, imported, globals uint32
}

func (m *Module) spaces() spaces {
	imported := m.imported(KindFunc)
	return spaces{
		types:    uint32(len(m.Types)),
		funcs:    uint32(imported + len(m.Funcs)),
		imported: uint32(imported),
		globals:  uint32(m.imported(KindGlobal) + len(m.Globals)),
	}
}

// names reports whether an instruction names only what there is.
func (f *function) names(in *instr) bool {
	switch in.op {
	case opLocalGet, opLocalSet, opLocalTee:
		return in.arg < f.locals
	case opGlobalGet, opGlobalSet:
		return in.arg < f.spaces.globals
	case opCall, opRefFunc:
		return in.arg < f.spaces.funcs
	case opCallIndirect:
		return in.arg < f.spaces.types
	case opBlock, opLoop, opIf:
		return !in.typed || in.arg < f.spaces.types
	}
	return true
}

// label is an open block; loop is -1 unless it is a loop's.
type label struct{ loop int }

func (f *function) reset() {
	*f = function{edits: f.edits[:0], loops: f.loops[:0], labels: f.labels[:0], dropped: f.dropped[:0]}
}

// analyze walks over a function's code once. locals counts its parameters
// too. Calls of imported functions run no guest code.
func (f *function) analyze(b *Body, sp spaces, locals uint32, lim *Admission) error {
	f.reset()
	f.spaces, f.locals = sp, locals
	r := &reader{b: b.Code, base: b.Offset}
	current := -1 // innermost loop
	f.labels = append(f.labels, label{loop: -1})
	var in instr
	for len(f.labels) > 0 {
		pos := r.pos
		if err := r.next(&in, lim.BranchTable); err != nil {
			return err
		}
		if r.err != nil {
			return r.formatError("function body")
		}
		if !f.names(&in) {
			r.fail(errNaming)
			return r.formatError("function body")
		}
		f.count(current)
		switch in.op {
		case opBlock, opIf:
			f.labels = append(f.labels, label{loop: -1})
		case opLoop:
			f.loops = append(f.loops, loop{parent: current})
			current = len(f.loops) - 1
			f.labels = append(f.labels, label{loop: current})
			f.edits = append(f.edits, edit{editLoop, r.pos, current})
		case opEnd:
			if l := f.labels[len(f.labels)-1]; l.loop >= 0 {
				current = f.loops[l.loop].parent
			}
			f.labels = f.labels[:len(f.labels)-1]
		default:
			if !f.visit(&in, pos, current) {
				r.fail(errLabel)
				return r.formatError("function body")
			}
		}
		if err := check("blocks within blocks", uint64(len(f.labels)), uint64(lim.Nesting)); err != nil {
			return err
		}
	}
	if r.rest() > 0 {
		r.fail(errNesting)
	}
	for i := range f.loops {
		if err := check("branches back to a loop", uint64(f.loops[i].edges), uint64(lim.Edges)); err != nil {
			return err
		}
	}
	return r.formatError("function body")
}

// count attributes an instruction to the innermost loop.
func (f *function) count(current int) {
	if current < 0 {
		f.instrs++
	} else {
		f.loops[current].instrs++
	}
}

// visit notes branches, calls and bulk operations. It reports whether labels
// exist.
func (f *function) visit(in *instr, pos, current int) bool {
	switch in.op {
	case opBr, opBrIf:
		return f.branch(in.arg)
	case opBrTable:
		for _, l := range in.tbl {
			if !f.branch(l) {
				return false
			}
		}
	case opReturn:
		f.edits = append(f.edits, edit{editReturn, pos, len(f.labels) - 1})
	case opCall:
		if in.arg >= f.spaces.imported {
			f.call(pos, current)
		}
	case opCallIndirect:
		f.call(pos, current)
	case opTableSet:
		f.mutatesTables = true
	case opMemoryGrow:
		f.bulkAt(editGrow, pos)
	case opMisc:
		f.visitMisc(in, pos)
	}
	return true
}

func (f *function) visitMisc(in *instr, pos int) {
	switch in.sub {
	case miscMemoryCopy, miscMemoryFill, miscMemoryInit:
		f.bulkAt(editBulk, pos)
	case miscTableCopy, miscTableFill, miscTableInit:
		f.mutatesTables = true
		f.bulkAt(editBulk, pos)
	case miscTableGrow:
		f.mutatesTables = true
		f.bulkAt(editGrow, pos)
	case miscElemDrop:
		f.mutatesTables = true
	case miscDataDrop:
		f.dropped = append(f.dropped, in.arg)
	}
}

func (f *function) bulkAt(kind editKind, pos int) {
	f.bulk = true
	f.edits = append(f.edits, edit{kind, pos, 0})
}

// branch counts a branch that goes back to a loop's header.
func (f *function) branch(l uint32) bool {
	if uint64(l) >= uint64(len(f.labels)) {
		return false
	}
	if i := f.labels[len(f.labels)-1-int(l)].loop; i >= 0 {
		f.loops[i].edges++
	}
	return true
}

// call marks the loops around a call.
func (f *function) call(pos, current int) {
	f.calls = true
	f.outerCalls = f.outerCalls || current < 0
	f.edits = append(f.edits, edit{editCall, pos, 0})
	for i := current; i >= 0 && !f.loops[i].calls; i = f.loops[i].parent {
		f.loops[i].calls = true
	}
}
