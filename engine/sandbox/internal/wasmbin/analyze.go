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
	editLoop   editKind = iota // after a loop's header
	editReturn                 // instead of a return; arg is the nesting there
	editThread                 // instead of a branch; arg is the label to branch to
	editBack                   // before a branch back to a dispatching loop; arg is its cost
	editCall                   // before a call of guest code
	editBulk                   // before a bulk operation on memory or table
	editGrow                   // before memory.grow or table.grow
	editSelect                 // instead of a select; arg is the index in selectable, or -1
)

// edit is one such place.
type edit struct {
	kind editKind
	pos  int // in Body.Code
	end  int // of what is replaced
	loop int // the loop that it is about, or -1
	arg  int
}

// loop is what is known of one loop.
type loop struct {
	parent   int  // the enclosing loop, or -1
	instrs   int  // instructions in it, those of nested loops that run not counted
	edges    int  // branches back to its header
	floats   bool // computes with floats or vectors
	calls    bool // calls guest code, directly or not
	typed    bool // its block type is an index: it may have parameters
	dispatch int  // index in function.dispatches, or -1
	certain  bool // it is entered whenever the function is
}

// runs reports whether the code may run more than once.
func (l *loop) runs() bool { return l.edges > 0 }

// function is what one pass over a function's code finds out.
type function struct {
	edits      []edit
	loops      []loop
	dispatches []dispatch
	instrs     int  // instructions outside of loops that run
	calls      bool // calls guest code, directly or not
	bulk       bool
	selects    bool
	selected   [len(selectable)]bool // types of selects, once typing has seen them
	labels     []label               // scratch
	seen       int                   // instructions so far
	last       [2]instr
	opening    opening
	branched   bool // what follows is not certain to run

	outerCalls bool // calls guest code outside of loops that run
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

// label is an open block.
type label struct {
	loop     int // the loop that it is, or -1
	dispatch int // the dispatching loop whose target it is, or -1
	target   int // which one
}

var plainLabel = label{loop: -1, dispatch: -1}

func (f *function) reset() {
	*f = function{edits: f.edits[:0], loops: f.loops[:0], dispatches: f.dispatches[:0],
		labels: f.labels[:0], dropped: f.dropped[:0]}
}

// analyze walks over a function's code once. locals counts its parameters
// too. Calls of imported functions run no guest code.
func (f *function) analyze(b *Body, sp spaces, locals uint32, lim *Admission) error {
	f.reset()
	f.spaces, f.locals = sp, locals
	r := &reader{b: b.Code, base: b.Offset}
	current := -1 // innermost loop
	f.labels = append(f.labels, plainLabel)
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
		f.count(&in, current)
		f.opening.see(f, &in)
		f.branched = f.branched || in.branches()
		switch in.op {
		case opBlock, opIf:
			f.labels = append(f.labels, plainLabel)
		case opLoop:
			f.loops = append(f.loops, loop{parent: current, typed: in.typed, dispatch: -1, certain: !f.branched})
			current = len(f.loops) - 1
			f.labels = append(f.labels, label{loop: current, dispatch: -1})
			f.edits = append(f.edits, edit{editLoop, r.pos, r.pos, current, 0})
		case opEnd:
			current = f.close(current)
		default:
			if !f.visit(&in, pos, r.pos, current) {
				r.fail(errLabel)
				return r.formatError("function body")
			}
		}
		f.last[0], f.last[1] = f.last[1], in
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
	f.finish()
	return r.formatError("function body")
}

// close ends the innermost block and returns the loop around it.
func (f *function) close(current int) int {
	l := f.labels[len(f.labels)-1]
	f.labels = f.labels[:len(f.labels)-1]
	if l.dispatch >= 0 {
		f.dispatches[f.loops[l.dispatch].dispatch].targets[l.target] = f.seen
	}
	if l.loop >= 0 {
		return f.loops[l.loop].parent
	}
	return current
}

// count attributes an instruction to the innermost loop.
func (f *function) count(in *instr, current int) {
	f.seen++
	if current < 0 {
		f.instrs++
		return
	}
	l := &f.loops[current]
	l.instrs++
	l.floats = l.floats || in.op == opVector || in.op >= opF32Abs && in.op <= opF64Copysign
}

// finish adds up what nested loops mean for those around them: a loop that
// never branches back is none.
func (f *function) finish() {
	for i := len(f.loops) - 1; i >= 0; i-- { // nested ones come after those around them
		l := &f.loops[i]
		if l.dispatch < 0 && l.runs() {
			if l.calls && l.parent >= 0 {
				f.loops[l.parent].calls = true
			}
			continue
		}
		once := l.instrs
		if l.dispatch >= 0 {
			once = max(1, once/min(max(f.dispatches[l.dispatch].ahead, 1), maxAhead))
		}
		if l.parent < 0 {
			f.instrs += once
			f.outerCalls = f.outerCalls || l.calls && !l.runs()
			continue
		}
		p := &f.loops[l.parent]
		p.instrs += once
		p.calls, p.floats = p.calls || l.calls, p.floats || l.floats
	}
}

// visit notes branches, calls and bulk operations. It reports whether labels
// exist.
func (f *function) visit(in *instr, pos, end, current int) bool {
	switch in.op {
	case opBr:
		return f.thread(in, pos, end) || f.branch(in.arg)
	case opBrIf:
		return f.branch(in.arg)
	case opBrTable:
		for _, l := range in.tbl {
			if !f.branch(l) {
				return false
			}
		}
	case opReturn:
		f.edits = append(f.edits, edit{editReturn, pos, end, -1, len(f.labels) - 1})
	case opCall:
		if in.arg >= f.spaces.imported {
			f.call(pos, current)
		}
	case opCallIndirect:
		f.call(pos, current)
	case opSelect, opSelectTyped:
		f.selects = true
		f.edits = append(f.edits, edit{editSelect, pos, end, -1, -1})
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
	f.edits = append(f.edits, edit{kind, pos, pos, -1, 0})
}

// branch counts a branch that goes back to a loop's header.
func (f *function) branch(l uint32) bool {
	if uint64(l) >= uint64(len(f.labels)) {
		return false
	}
	if i := f.labels[len(f.labels)-1-int(l)].loop; i >= 0 {
		f.loops[i].edges++
		if d := f.loops[i].dispatch; d >= 0 {
			f.dispatches[d].others++
		}
	}
	return true
}

// call notes a call of guest code.
func (f *function) call(pos, current int) {
	f.calls = true
	f.edits = append(f.edits, edit{editCall, pos, pos, -1, 0})
	if current < 0 {
		f.outerCalls = true
	} else {
		f.loops[current].calls = true
	}
}
