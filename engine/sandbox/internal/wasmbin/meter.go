package wasmbin

// Metering.
//
// Fuel is an i64 global that the guest cannot name. A function charges what
// it runs outside of loops when it is entered, and each loop charges one
// iteration at its header; on a negative balance they call refill, a function
// that the rewriter adds. A loop that calls no guest code is tight: there a
// global would be loaded and stored in each round, so it counts in a local,
// the debt, and compares that with the fuel. The debt is paid before guest
// code is called and when the function returns.
//
// Fuel comes in slices out of the tank, another global. With each slice the
// guest leaves its machine code for a moment, by growing memory by nothing:
// the embedder's scheduler and garbage collector cannot interrupt machine
// code, and would wait for all the fuel that there is. An empty tank traps.
// It may be emptied while the guest runs, which ends it within a slice.
//
// Stack is a third such global. Functions that call guest code take the size
// of their frame from it, and give it back when they return. For that the
// body becomes a block, which returns leave by branching, and which has the
// same label as the function itself had.

// Slice is the fuel of one slice: less than a tenth of a millisecond, as a
// rule, and some milliseconds where loops are cheaper than their work, see
// cost.
const Slice = 100_000

// Costs in fuel; an instruction costs one.
const (
	maxEdges      = 64 // see cost
	smallPrologue = 64 // see prologue
	smallLeaf     = 32 // the same
	bulkShift     = 4  // 16 bytes or entries cost one
	growShift     = 12 // a page of memory costs 4096
	growMax       = 1 << 16
)

// Frame sizes in words of 8 bytes.
const (
	frameBase    = 8  // return address, saved registers, alignment
	framePerCode = 16 // instructions for one spilled temporary
)

// cost is what one round of a loop costs. A loop with several branches
// back runs, on the average, only the part between two of them; compilers
// that turn jumps into a loop over a switch have hundreds. The divisor is
// bounded so that branches which are never taken cannot make code free.
func (l *loop) cost() int64 {
	return int64(max(1, l.instrs/min(max(l.edges, 1), maxEdges)))
}

// meter is the plan for one function.
type meter struct {
	rw      *rewriter
	fn      *function
	out     []byte
	debt    uint32 // index of the local, if tight
	temp    uint32 // index of the local, if bulk operations are there
	tight   bool   // there are tight loops
	frame   int64  // words, if the function calls guest code
	wrapped bool
}

// code rewrites every function.
func (rw *rewriter) code() ([]byte, error) {
	size := len(rw.m.raw[secCode])
	b := appendU(make([]byte, 0, size+size/2), uint64(len(rw.m.Bodies)+1))
	var body []byte
	sp := rw.m.spaces()
	for i := range rw.m.Bodies {
		if err := rw.fn.analyze(&rw.m.Bodies[i], sp, rw.m.locals(i), &rw.m.lim); err != nil {
			return nil, err
		}
		rw.mutates = rw.mutates || rw.fn.mutatesTables
		rw.drops = append(rw.drops, rw.fn.dropped...)
		body = rw.function(body[:0], i)
		b = appendU(b, uint64(len(body)))
		b = append(b, body...)
	}
	body = rw.refillBody()
	b = appendU(b, uint64(len(body)))
	return append(b, body...), nil
}

// refillBody is the code of refill: it takes slices until the fuel is not
// negative, and traps when the tank is empty.
func (rw *rewriter) refillBody() []byte {
	const taken = 0 // the local
	mt := &meter{rw: rw, out: []byte{1, 1, byte(I64)}}
	mt.out = append(mt.out, opLoop, blockEmpty)
	mt.global(opGlobalGet, rw.tank)
	mt.out = append(mt.out, opI64Const, 0, opI64LeS, opIf, blockEmpty, opUnreachable, opEnd)
	// taken = min(tank, Slice)
	mt.global(opGlobalGet, rw.tank)
	mt.out = appendS(append(mt.out, opI64Const), Slice)
	mt.global(opGlobalGet, rw.tank)
	mt.out = appendS(append(mt.out, opI64Const), Slice)
	mt.out = append(mt.out, opI64LtS, opSelect)
	mt.local(opLocalSet, taken)
	mt.global(opGlobalGet, rw.tank)
	mt.local(opLocalGet, taken)
	mt.out = append(mt.out, opI64Sub)
	mt.global(opGlobalSet, rw.tank)
	mt.global(opGlobalGet, rw.fuel)
	mt.local(opLocalGet, taken)
	mt.out = append(mt.out, opI64Add)
	mt.global(opGlobalSet, rw.fuel)
	mt.global(opGlobalGet, rw.fuel)
	mt.out = append(mt.out, opI64Const, 0, opI64LtS, opBrIf, 0, opEnd)
	if rw.m.imported(KindMemory)+len(rw.m.Memory) > 0 {
		mt.out = append(mt.out, opI32Const, 0, opMemoryGrow, 0, opDrop)
	}
	return append(mt.out, opEnd)
}

// function appends the metered body of one function.
func (rw *rewriter) function(out []byte, index int) []byte {
	src, fn := &rw.m.Bodies[index], &rw.fn
	typ := rw.m.Types[rw.m.Funcs[index]]
	mt := &meter{rw: rw, fn: fn}
	next := int(fn.locals)
	if fn.calls {
		mt.frame = int64(frameBase + next + (fn.instrs+fn.loopInstrs())/framePerCode)
	}
	for i := range fn.loops {
		mt.tight = mt.tight || !fn.loops[i].calls
	}
	runs := len(src.Locals)
	if mt.tight {
		mt.debt, next, runs = uint32(next), next+1, runs+1
	}
	if fn.bulk {
		mt.temp, runs = uint32(next), runs+1
	}
	mt.wrapped = mt.tight || fn.calls

	out = appendU(out, uint64(runs))
	for _, run := range src.Locals {
		out = append(appendU(out, uint64(run.Count)), byte(run.Type))
	}
	if mt.tight {
		out = append(out, 1, byte(I64))
	}
	if fn.bulk {
		out = append(out, 1, byte(I32))
	}
	mt.out = out
	mt.body(src.Code, typ.Results)
	return mt.out
}

// locals counts the parameters and locals of a function that is not imported.
func (m *Module) locals(i int) uint32 {
	n := uint32(len(m.Types[m.Funcs[i]].Params))
	for _, run := range m.Bodies[i].Locals {
		n += run.Count
	}
	return n
}

func (f *function) loopInstrs() (n int) {
	for i := range f.loops {
		n += f.loops[i].instrs
	}
	return n
}

// body appends the instructions.
func (mt *meter) body(code []byte, results []ValType) {
	mt.prologue()
	if mt.wrapped {
		mt.out = mt.rw.appendBlock(mt.out, results)
	}
	done := 0
	for _, e := range mt.fn.edits {
		switch {
		case e.kind == editReturn && !mt.wrapped, e.kind == editCall && !mt.tight:
			continue
		}
		mt.out = append(mt.out, code[done:e.pos]...)
		done = e.pos
		switch e.kind {
		case editLoop:
			mt.loop(&mt.fn.loops[e.arg])
		case editReturn:
			mt.out = appendU(append(mt.out, opBr), uint64(e.arg))
			done++
		case editCall:
			mt.settle()
		case editBulk:
			mt.bulk(bulkShift)
		case editGrow:
			mt.bulk(-growShift)
		}
	}
	mt.out = append(mt.out, code[done:]...)
	if !mt.wrapped {
		return
	}
	if mt.tight {
		mt.pay()
	}
	if mt.frame > 0 {
		mt.add(mt.rw.stack, mt.frame)
	}
	mt.out = append(mt.out, opEnd)
}

// prologue charges for the code outside of loops and takes the frame. A
// function that is little more than a loop, and cannot call before it is in
// one, leaves the charge to the loop. A small function that neither loops nor
// calls leaves the check to its caller.
func (mt *meter) prologue() {
	fn := mt.fn
	switch {
	case !fn.calls && len(fn.loops) == 0 && fn.instrs <= smallLeaf:
		mt.add(mt.rw.fuel, -int64(fn.instrs))
	case len(fn.loops) == 0, fn.outerCalls, fn.instrs > smallPrologue:
		mt.charge(int64(fn.instrs))
	}
	if mt.frame > 0 {
		mt.add(mt.rw.stack, -mt.frame)
		mt.global(opGlobalGet, mt.rw.stack)
		mt.out = append(mt.out, opI64Const, 0, opI64LtS, opIf, blockEmpty, opUnreachable, opEnd)
	}
}

// loop charges one round.
func (mt *meter) loop(l *loop) {
	if l.calls {
		mt.charge(l.cost())
		return
	}
	// debt += cost; if debt > fuel { fuel -= debt; debt = 0; refill() }
	mt.local(opLocalGet, mt.debt)
	mt.out = appendS(append(mt.out, opI64Const), l.cost())
	mt.out = append(mt.out, opI64Add)
	mt.local(opLocalTee, mt.debt)
	mt.global(opGlobalGet, mt.rw.fuel)
	mt.out = append(mt.out, opI64GtS, opIf, blockEmpty)
	mt.settle()
	mt.out = append(appendU(append(mt.out, opCall), uint64(mt.rw.refill)), opEnd)
}

// charge takes a constant from the fuel.
func (mt *meter) charge(cost int64) {
	mt.add(mt.rw.fuel, -cost)
	mt.check()
}

// add adds a constant to a counter.
func (mt *meter) add(counter uint32, n int64) {
	mt.global(opGlobalGet, counter)
	mt.out = appendS(append(mt.out, opI64Const), n)
	mt.out = append(mt.out, opI64Add)
	mt.global(opGlobalSet, counter)
}

// check refills the fuel if it is below zero.
func (mt *meter) check() {
	mt.global(opGlobalGet, mt.rw.fuel)
	mt.out = append(mt.out, opI64Const, 0, opI64LtS, opIf, blockEmpty, opCall)
	mt.out = append(appendU(mt.out, uint64(mt.rw.refill)), opEnd)
}

// settle pays the debt and begins a new one.
func (mt *meter) settle() {
	mt.pay()
	mt.out = append(mt.out, opI64Const, 0)
	mt.local(opLocalSet, mt.debt)
}

// pay takes the debt from the fuel.
func (mt *meter) pay() {
	mt.global(opGlobalGet, mt.rw.fuel)
	mt.local(opLocalGet, mt.debt)
	mt.out = append(mt.out, opI64Sub)
	mt.global(opGlobalSet, mt.rw.fuel)
}

// bulk charges for the length on top of the stack, shifted right, or left if
// shift is negative. Growing by more than could ever succeed is free, because
// programs ask for it to learn where the limit is.
func (mt *meter) bulk(shift int) {
	fuel := mt.rw.fuel
	mt.local(opLocalTee, mt.temp)
	if shift < 0 {
		mt.local(opLocalGet, mt.temp)
		mt.out = appendS(append(mt.out, opI32Const), growMax)
		mt.out = append(mt.out, opI32GtU, opIf, blockEmpty, opElse)
	}
	mt.global(opGlobalGet, fuel)
	mt.local(opLocalGet, mt.temp)
	mt.out = append(mt.out, opI64ExtendU)
	if shift < 0 {
		mt.out = append(mt.out, opI64Const, byte(-shift), opI64Shl)
	} else {
		mt.out = append(mt.out, opI64Const, byte(shift), opI64ShrU)
	}
	mt.out = append(mt.out, opI64Sub)
	mt.global(opGlobalSet, fuel)
	mt.check()
	if shift < 0 {
		mt.out = append(mt.out, opEnd)
	}
}

func (mt *meter) local(op byte, i uint32)  { mt.out = appendU(append(mt.out, op), uint64(i)) }
func (mt *meter) global(op byte, i uint32) { mt.out = appendU(append(mt.out, op), uint64(i)) }

// appendBlock opens a block with the results of a function.
func (rw *rewriter) appendBlock(b []byte, results []ValType) []byte {
	b = append(b, opBlock)
	switch len(results) {
	case 0:
		return append(b, blockEmpty)
	case 1:
		return append(b, byte(results[0]))
	}
	return appendS(b, int64(rw.typeIndex(FuncType{Results: results})))
}
