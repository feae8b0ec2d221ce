package wasmbin

// Metering.
//
// One i64 global that the guest cannot name, the meter, holds two counters:
// the stack that is left, in its upper half, and the fuel, in its lower half.
// Both are signed, and one test of two bits finds either below zero; then
// refill is called, a function that the rewriter adds.
//
// A function charges what it runs outside of loops when it is entered, and
// each loop charges one round at its header. A loop that calls no guest code
// is tight: there it counts in a local, the debt, which is paid now and then,
// before guest code is called, and when the function returns. After a refill a
// loop, unless it is tight and of integers, begins its round anew, which leaves
// the code of the round a straight line for the compiler. Dispatching loops are
// told about in dispatch.go.
//
// Fuel comes in slices out of the tank, another global. With each slice the
// guest leaves its machine code for a moment, by growing memory by nothing:
// the embedder's scheduler and garbage collector cannot interrupt machine
// code, and would wait for all the fuel that there is. An empty tank traps.
// It may be emptied while the guest runs, which ends it within a slice.
//
// Functions that call guest code take the size of their frame from the stack,
// and give it back when they return. For that the body becomes a block, which
// returns leave by branching, and which has the same label as the function
// itself had.

// Slice is the fuel of one slice: less than a tenth of a millisecond, as a
// rule, and some milliseconds where loops are cheaper than their work, see
// cost.
const Slice = 100_000

// The meter's parts.
const (
	stackShift = 32
	below      = -1<<63 | 1<<31 // the signs of both
	// MaxStack is the largest stack that the meter holds.
	MaxStack = 1<<31 - 1
)

// Meter returns the value of a meter.
func Meter(stack, fuel int64) uint64 { return uint64(stack<<stackShift + fuel) }

// Metered returns the counters of a meter. Both may be below zero.
func Metered(meter uint64) (stack, fuel int64) {
	fuel = int64(int32(meter))
	return (int64(meter) - fuel) >> stackShift, fuel
}

// Costs in fuel; an instruction costs one.
const (
	maxEdges  = 64        // see cost
	maxDebt   = Slice / 4 // of tight loops, until it is paid
	smallLeaf = 32        // see prologue
	bulkShift = 4         // 16 bytes or entries cost one
	growShift = 12        // a page of memory costs 4096
	growMax   = 1 << 16   // pages or entries that could ever be had
	growAsk   = 512       // asking for more than growMax: a call of the runtime that fails
)

// Frame sizes in words of 8 bytes.
const (
	frameBase    = 8  // return address, saved registers, alignment
	framePerCode = 16 // instructions for one spilled temporary
)

// cost is what one round of a loop costs at its header. A loop with several
// branches back runs, on the average, only the part between two of them. The
// divisor is bounded so that branches which are never taken cannot make code
// free.
func (f *function) cost(l *loop) int64 {
	if l.dispatch >= 0 && f.dispatches[l.dispatch].others == 0 {
		return 0
	}
	return int64(max(1, l.instrs/min(max(l.edges, 1), maxEdges)))
}

// meter is the plan for one function.
type meter struct {
	rw        *rewriter
	fn        *function
	out       []byte
	debt      uint32                  // index of the local, if tight
	temp      uint32                  // index of the local, if bulk operations are there
	swaps     [len(selectable)]uint32 // index of the first of two locals for operands of selects
	condition uint32                  // index of the local for that of selects
	tight     bool                    // there are tight loops
	frame     int64                   // words, if the function calls guest code
	wrapped   bool
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
		if rw.fn.selects {
			rw.typing.selects(&rw.fn, i)
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
// negative, and traps when the tank is empty, or the stack is used up.
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
	mt.global(opGlobalGet, rw.meter)
	mt.local(opLocalGet, taken)
	mt.out = append(mt.out, opI64Add)
	mt.global(opGlobalSet, rw.meter)
	mt.global(opGlobalGet, rw.meter)
	mt.out = append(appendS(append(mt.out, opI64Const), 1<<31), opI64And, opI64Const, 0, opI64Ne, opBrIf, 0, opEnd)
	mt.global(opGlobalGet, rw.meter)
	mt.out = append(mt.out, opI64Const, 0, opI64LtS, opIf, blockEmpty, opUnreachable, opEnd)
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
		mt.tight = mt.tight || fn.loops[i].tight()
	}
	extra := make([]ValType, 0, 3+2*len(selectable)) // locals that are added
	local := func(t ValType) uint32 {
		extra = append(extra, t)
		return uint32(next + len(extra) - 1)
	}
	if mt.tight {
		mt.debt = local(I32)
	}
	if fn.bulk {
		mt.temp = local(I32)
	}
	for i, t := range selectable {
		if fn.selected[i] {
			mt.swaps[i] = local(t)
			local(t)
		}
	}
	if fn.selected != [len(selectable)]bool{} {
		mt.condition = local(I32)
	}
	mt.wrapped = mt.tight || fn.calls

	out = appendU(out, uint64(len(src.Locals)+len(extra)))
	for _, run := range src.Locals {
		out = append(appendU(out, uint64(run.Count)), byte(run.Type))
	}
	for _, t := range extra {
		out = append(out, 1, byte(t))
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

// tight reports whether the loop's rounds are counted in the debt.
func (l *loop) tight() bool { return l.runs() && !l.calls }

// anew reports whether a tight loop begins its round anew after its debt was
// paid. That keeps its values in registers, which matters for floats: from
// memory, where they are for the call of refill, they come late. The compiler
// does better with integers if it has them all in memory.
func (l *loop) anew() bool { return l.floats && !l.typed }

// body appends the instructions.
func (mt *meter) body(code []byte, results []ValType) {
	mt.prologue()
	if mt.wrapped {
		mt.out = mt.rw.appendBlock(mt.out, results)
	}
	done := 0
	for _, e := range mt.fn.edits {
		switch {
		case e.kind == editReturn && !mt.wrapped, e.kind == editCall && !mt.tight, e.kind == editSelect && e.arg < 0:
			continue
		}
		mt.out = append(mt.out, code[done:e.pos]...)
		done = e.end
		switch e.kind {
		case editLoop:
			mt.loop(&mt.fn.loops[e.loop])
		case editReturn, editThread:
			mt.out = appendU(append(mt.out, opBr), uint64(e.arg))
		case editBack:
			mt.owe(&mt.fn.loops[e.loop], int64(e.arg))
		case editCall:
			mt.renewDebt(0)
		case editBulk:
			mt.bulk(bulkShift)
		case editGrow:
			mt.bulk(-growShift)
		case editSelect:
			mt.choose(e.arg)
		}
	}
	mt.out = append(mt.out, code[done:]...)
	if !mt.wrapped {
		return
	}
	switch {
	case mt.tight:
		mt.pay(mt.frame)
	case mt.frame > 0:
		mt.add(mt.frame << stackShift)
	}
	mt.out = append(mt.out, opEnd)
}

// prologue charges for the code outside of loops and takes the frame. A
// function that calls in loops only leaves the test to them, if one is entered
// for certain. A small function leaves it to its caller, unless it may call
// before a loop has tested.
func (mt *meter) prologue() {
	fn := mt.fn
	cost := int64(fn.instrs) + mt.frame<<stackShift
	tested := fn.instrs <= smallLeaf
	for i := range fn.loops {
		tested = tested || fn.loops[i].certain && fn.loops[i].runs()
	}
	if mt.tight && !fn.calls {
		mt.out = appendS(append(mt.out, opI32Const), cost)
		mt.local(opLocalSet, mt.debt)
		cost = 0
	}
	if mt.tight || fn.outerCalls || !tested {
		mt.check(cost, false)
	} else {
		mt.add(-cost)
	}
}

// loop charges one round.
func (mt *meter) loop(l *loop) {
	cost := mt.fn.cost(l)
	switch {
	case !l.runs():
		return
	case l.calls:
		mt.check(cost, !l.typed)
		return
	}
	// debt += cost; if debt > maxDebt { pay; debt = 0 }, or
	// debt += cost; if debt <= maxDebt {} else { pay; debt = -cost; begin anew }
	if cost > 0 {
		mt.owe(l, cost)
	}
	mt.local(opLocalGet, mt.debt)
	if !l.anew() {
		mt.out = append(appendS(append(mt.out, opI32Const), maxDebt), opI32GtS, opIf, blockEmpty)
		mt.renewDebt(0)
		mt.check(0, false)
		mt.out = append(mt.out, opEnd)
		return
	}
	mt.out = append(appendS(append(mt.out, opI32Const), maxDebt), opI32LeS, opIf, blockEmpty, opElse)
	mt.renewDebt(-cost)
	mt.check(0, false)
	mt.out = append(mt.out, opBr, 1, opEnd)
}

// owe charges for a loop's code without looking at what is left.
func (mt *meter) owe(l *loop, cost int64) {
	if l.calls {
		mt.add(-cost)
		return
	}
	mt.local(opLocalGet, mt.debt)
	mt.out = append(appendS(append(mt.out, opI32Const), cost), opI32Add)
	mt.local(opLocalSet, mt.debt)
}

// add adds a constant to the meter.
func (mt *meter) add(n int64) {
	if n == 0 {
		return
	}
	mt.global(opGlobalGet, mt.rw.meter)
	mt.out = append(appendS(append(mt.out, opI64Const), n), opI64Add)
	mt.global(opGlobalSet, mt.rw.meter)
}

// check takes a cost from the meter, and refills it if that leaves less than
// nothing. With again, the block around is a loop, which then begins anew.
func (mt *meter) check(cost int64, again bool) {
	mt.add(-cost)
	mt.global(opGlobalGet, mt.rw.meter)
	mt.out = append(appendS(append(mt.out, opI64Const), below), opI64And, opI64Const, 0, opI64Ne, opIf, blockEmpty)
	mt.out = appendU(append(mt.out, opCall), uint64(mt.rw.refill))
	if again {
		mt.add(cost)
		mt.out = append(mt.out, opBr, 1)
	}
	mt.out = append(mt.out, opEnd)
}

// renewDebt pays the debt and begins a new one.
func (mt *meter) renewDebt(debt int64) {
	mt.pay(0)
	mt.out = appendS(append(mt.out, opI32Const), debt)
	mt.local(opLocalSet, mt.debt)
}

// pay takes the debt from the meter, and gives a frame back.
func (mt *meter) pay(frame int64) {
	mt.global(opGlobalGet, mt.rw.meter)
	mt.local(opLocalGet, mt.debt)
	mt.out = append(mt.out, opI64ExtendS, opI64Sub)
	if frame > 0 {
		mt.out = append(appendS(append(mt.out, opI64Const), frame<<stackShift), opI64Add)
	}
	mt.global(opGlobalSet, mt.rw.meter)
}

// bulk charges for the length on top of the stack, shifted right, or left if
// shift is negative. Growing by more than could ever succeed costs no more than
// asking, because programs do that to learn where the limit is.
func (mt *meter) bulk(shift int) {
	mt.local(opLocalTee, mt.temp)
	if shift < 0 {
		mt.local(opLocalGet, mt.temp)
		mt.out = appendS(append(mt.out, opI32Const), growMax)
		mt.out = append(mt.out, opI32GtU, opIf, blockEmpty)
		mt.check(growAsk, false)
		mt.out = append(mt.out, opElse)
	}
	mt.global(opGlobalGet, mt.rw.meter)
	mt.local(opLocalGet, mt.temp)
	mt.out = append(mt.out, opI64ExtendU)
	if shift < 0 {
		mt.out = append(mt.out, opI64Const, byte(-shift), opI64Shl)
	} else {
		mt.out = append(mt.out, opI64Const, byte(shift), opI64ShrU)
	}
	mt.out = append(mt.out, opI64Sub)
	mt.global(opGlobalSet, mt.rw.meter)
	mt.check(0, false)
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
