package wasmbin

// Compilers that have jumps instead of structured control flow, such as Go's,
// make a loop over a table of all basic blocks of a function:
//
//	loop                           ;; the dispatching loop
//	  block … block                ;; one for each target, innermost first
//	    local.get $next
//	    br_table 0 1 2 …           ;; to the end of a block
//	  end …                        ;; code of the first basic block
//	  end …                        ;; code of the second
//	    i32.const 7  local.set $next  br $loop     ;; a jump to the eighth
//
// Most jumps go ahead, and are not rounds of a loop. They are replaced by a
// branch to where the table would lead, which is the same to the program, and
// quicker, as it saves an indirect jump. Those that go back are charged for
// the code between their target and themselves.

// maxAhead bounds the divisor for code of which a part is skipped, so that
// jumps which never run cannot make code free.
const maxAhead = 4

// dispatch is a dispatching loop.
type dispatch struct {
	local   uint32   // holds the number of the next target
	table   []uint32 // labels by number, the default last
	base    int      // height of the loop's label among the open ones
	targets []int    // by label: count of instructions where its code begins, 0 if that is ahead
	ahead   int      // jumps that were replaced
	others  int      // branches back to the header of which the target is not known
}

// opening follows the instructions at the beginning of a loop, as long as it
// may be a dispatching one.
type opening struct {
	stage  byte // 0: elsewhere, 1: in a row of blocks, 2: after local.get
	blocks int
	local  uint32
}

// see takes one instruction, before the labels change with it.
func (o *opening) see(f *function, in *instr) {
	switch {
	case in.op == opLoop && !in.typed:
		*o = opening{stage: 1}
	case o.stage == 1 && in.op == opBlock && in.empty:
		o.blocks++
	case o.stage == 1 && in.op == opLocalGet && o.blocks > 0:
		o.stage, o.local = 2, in.arg
	case o.stage == 2 && in.op == opBrTable:
		f.open(in.tbl, o)
		o.stage = 0
	default:
		o.stage = 0
	}
}

// open notes a dispatching loop: the innermost one, with a row of blocks in
// it that are open.
func (f *function) open(table []uint32, o *opening) {
	base := len(f.labels) - 1 - o.blocks
	i := f.labels[base].loop
	f.loops[i].dispatch = len(f.dispatches)
	f.dispatches = append(f.dispatches, dispatch{local: o.local, table: append([]uint32(nil), table...),
		base: base, targets: make([]int, o.blocks)})
	for t := range o.blocks {
		at := &f.labels[base+o.blocks-t]
		at.dispatch, at.target = i, t
	}
}

// thread replaces a branch to a dispatching loop by one to where the table
// leads, or notes what it costs if it goes back. It reports false if the
// branch is another one.
func (f *function) thread(in *instr, pos, end int) bool {
	if uint64(in.arg) >= uint64(len(f.labels)) {
		return false
	}
	i := f.labels[len(f.labels)-1-int(in.arg)].loop
	if i < 0 || f.loops[i].dispatch < 0 {
		return false
	}
	d := &f.dispatches[f.loops[i].dispatch]
	number, set := &f.last[0], &f.last[1]
	if number.op != opI32Const || set.op != opLocalSet || set.arg != d.local {
		return false
	}
	target := int(d.table[min(uint64(uint32(number.value)), uint64(len(d.table)-1))])
	if target >= len(d.targets) {
		return false
	}
	if begin := d.targets[target]; begin > 0 {
		f.loops[i].edges++
		f.edits = append(f.edits, edit{editBack, pos, pos, i, f.seen - begin + 1})
		return true
	}
	// The block has not ended: it is open where it was.
	d.ahead++
	label := len(f.labels) - 1 - (d.base + len(d.targets) - target)
	f.edits = append(f.edits, edit{editThread, pos, end, i, label})
	return true
}
