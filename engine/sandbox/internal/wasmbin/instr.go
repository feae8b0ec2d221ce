package wasmbin

import "errors"

// Opcodes that the rewriting pass looks at.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalSet    = 0x24
	opTableSet     = 0x26
	opMemoryGrow   = 0x40
	opI32GtS       = 0x4a
	opI32LeS       = 0x4c
	opI32GtU       = 0x4b
	opI64Ne        = 0x52
	opI64LtS       = 0x53
	opI64LeS       = 0x57
	opI32Add       = 0x6a
	opI64Add       = 0x7c
	opI64Sub       = 0x7d
	opI64And       = 0x83
	opI64Shl       = 0x86
	opI64ShrU      = 0x88
	opF32Abs       = 0x8b // the first of arithmetic with floats
	opF64Copysign  = 0xa6 // and the last
	opI64ExtendS   = 0xac
	opI64ExtendU   = 0xad
	opMisc         = 0xfc
	blockEmpty     = 0x40
)

// Opcodes after opMisc.
const (
	miscMemoryInit = 8
	miscDataDrop   = 9
	miscMemoryCopy = 10
	miscMemoryFill = 11
	miscTableInit  = 12
	miscElemDrop   = 13
	miscTableCopy  = 14
	miscTableGrow  = 15
	miscTableSize  = 16
	miscTableFill  = 17
)

// imm is the shape of an instruction's immediates.
type imm byte

const (
	immBad    imm = iota // no such instruction
	immNone              //
	immBlock             // a block type
	immU32               // one index
	immU32x2             // two indices
	immTable             // br_table: labels and a default
	immTypes             // select: a vector of types
	immMemArg            // alignment and offset
	immByte              // one byte
	immI32               // constants
	immI64
	immF32
	immF64
	immMisc   // 0xfc and a second opcode
	immVector // 0xfd and a second opcode
)

// immediates are the shapes by opcode.
var immediates = func() (t [256]imm) {
	fill := func(from, to int, k imm) {
		for i := from; i <= to; i++ {
			t[i] = k
		}
	}
	fill(0x00, 0x01, immNone) // unreachable, nop
	fill(opBlock, opIf, immBlock)
	fill(opElse, opElse, immNone)
	fill(opEnd, opEnd, immNone)
	fill(opBr, opBrIf, immU32)
	fill(opBrTable, opBrTable, immTable)
	fill(opReturn, opReturn, immNone)
	fill(opCall, opCall, immU32)
	fill(opCallIndirect, opCallIndirect, immU32x2)
	fill(0x1a, 0x1b, immNone) // drop, select
	fill(opSelectTyped, opSelectTyped, immTypes)
	fill(opLocalGet, opTableSet, immU32) // locals, globals, tables
	fill(0x28, 0x3e, immMemArg)          // loads and stores
	fill(0x3f, opMemoryGrow, immByte)
	fill(opI32Const, opI32Const, immI32)
	fill(opI64Const, opI64Const, immI64)
	fill(opF32Const, opF32Const, immF32)
	fill(opF64Const, opF64Const, immF64)
	fill(0x45, 0xc4, immNone) // comparisons, arithmetic, conversions
	fill(opRefNull, opRefNull, immByte)
	fill(0xd1, 0xd1, immNone) // ref.is_null
	fill(opRefFunc, opRefFunc, immU32)
	fill(opMisc, opMisc, immMisc)
	fill(opVector, opVector, immVector)
	return t
}()

var errOpcode = errors.New("unknown instruction")

// instr is one decoded instruction, with the immediates that the rewriting
// pass looks at.
type instr struct {
	op     byte
	sub    uint32   // second opcode
	arg    uint32   // first index
	typed  bool     // arg is the index of a block's type
	empty  bool     // a block without parameters and results
	result ValType  // of a block with one result, or of a typed select
	value  int32    // of i32.const
	tbl    []uint32 // br_table: labels, default last; reused by the next instruction
}

// branches reports whether what follows may not run, or what is before again.
func (in *instr) branches() bool {
	switch in.op {
	case opUnreachable, opIf, opElse, opBr, opBrIf, opBrTable, opReturn:
		return true
	}
	return false
}

// next decodes an instruction. Nothing of what it reads is trusted beyond its
// shape: the compiler validates the code.
func (r *reader) next(in *instr, maxTable int) error {
	in.op = r.byte()
	switch immediates[in.op] {
	case immNone:
	case immU32:
		in.arg = r.u32()
	case immBlock:
		t := r.signed(33) // an index; negative numbers are value types
		in.arg, in.typed, in.empty = 0, t >= 0, t == blockEmpty-1<<7
		if in.typed {
			in.arg = uint32(t)
		} else {
			in.result = ValType(t & 0x7f)
		}
	case immU32x2:
		in.arg = r.u32()
		r.u32()
	case immMemArg:
		r.u32()
		r.u32()
	case immByte:
		r.byte()
	case immI32:
		in.value = r.i32()
	case immI64:
		r.i64()
	case immF32:
		r.bytes(4)
	case immF64:
		r.bytes(8)
	case immTypes:
		in.result = 0
		if types := r.bytes(r.u32()); len(types) == 1 {
			in.result = ValType(types[0])
		}
	case immTable:
		return r.branchTable(in, maxTable)
	case immMisc:
		r.misc(in)
	case immVector:
		r.vector(in)
	default:
		r.fail(errOpcode)
	}
	return nil
}

func (r *reader) branchTable(in *instr, maxTable int) error {
	n := r.count(1)
	if err := check("labels in a br_table", uint64(n), uint64(maxTable)); err != nil {
		return err
	}
	in.tbl = in.tbl[:0]
	for range n + 1 {
		in.tbl = append(in.tbl, r.u32())
	}
	return nil
}

func (r *reader) misc(in *instr) {
	in.sub = r.u32()
	switch in.sub {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating conversions
	case miscDataDrop, miscMemoryFill, miscElemDrop, miscTableGrow, miscTableSize, miscTableFill:
		in.arg = r.u32()
	case miscMemoryInit, miscMemoryCopy, miscTableInit, miscTableCopy:
		in.arg = r.u32()
		r.u32()
	default:
		r.fail(errOpcode)
	}
}

func (r *reader) vector(in *instr) {
	in.sub = r.u32()
	switch s := in.sub; {
	case s <= 11, s == 92, s == 93: // loads and stores
		r.u32()
		r.u32()
	case s == 12, s == 13: // v128.const, i8x16.shuffle
		r.bytes(16)
	case s >= 21 && s <= 34: // lanes
		r.byte()
	case s >= 84 && s <= 91: // loads and stores of a lane
		r.u32()
		r.u32()
		r.byte()
	case s > 255: // relaxed SIMD
		r.fail(errOpcode)
	}
}
