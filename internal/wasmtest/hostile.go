package wasmtest

import "bytes"

// GetAt reads a field with an address and length of the caller's choice for
// the path and for the result.
func GetAt(path, pathLength, out, outLength int32) Step {
	return func(*Guest) []byte {
		return cat(i32(path), i32(pathLength), i32(out), i32(outLength), call(importGet), []byte{opDrop})
	}
}

// SetAt writes a text field with addresses of the caller's choice.
func SetAt(path, pathLength, value, valueLength int32) Step {
	return func(*Guest) []byte {
		return cat(i32(path), i32(pathLength), i32(4), i32(value), i32(valueLength), call(importSet), []byte{opDrop})
	}
}

// TakeAt takes what did not fit to an address of the caller's choice.
func TakeAt(out, length int32) Step {
	return func(*Guest) []byte { return cat(i32(out), i32(length), call(importTake), []byte{opDrop}) }
}

// LogAt logs from an address of the caller's choice.
func LogAt(text, length int32) Step {
	return func(*Guest) []byte { return cat(i32(1), i32(text), i32(length), call(importLog)) }
}

// CallAt calls a capability with addresses of the caller's choice for the
// function's name, the arguments and the result.
func CallAt(capability string, at [6]int32) Step {
	return func(g *Guest) []byte {
		var code []byte
		for _, v := range at {
			code = append(code, i32(v)...)
		}
		return cat(code, call(g.capability(capability)), []byte{opDrop})
	}
}

// Exit calls proc_exit.
func Exit(code int32) Step {
	return func(g *Guest) []byte { return cat(i32(code), call(uint32(len(g.imports)-1))) }
}

// Explode calls the entry function with a handler's number twice, as that
// handler does again, 60 deep: no loop, no deep recursion, and no end.
func Explode(number int32) Step {
	return func(g *Guest) []byte {
		again := cat(i32(number), call(uint32(len(g.imports))), []byte{opDrop})
		add := func(n int32) []byte {
			return cat([]byte{opGlobalGet, 0}, i32(n), []byte{opI32Add, opGlobalSet, 0})
		}
		return cat(add(1), []byte{opGlobalGet, 0}, i32(60), []byte{opI32LtU, opIf, typeNone}, again, again, []byte{opEnd}, add(-1))
	}
}

// Fill grows memory as far as it goes, and writes to each page.
func Fill() Step {
	return func(*Guest) []byte {
		return cat([]byte{opLoop, typeNone},
			[]byte{opMemorySize, 0}, i32(1), []byte{opI32Sub}, i32(16), []byte{opI32Shl}, i32(1), []byte{opI32Store, 2, 0},
			i32(1), []byte{opMemoryGrow, 0}, i32(-1), []byte{opI32Eq, opI32Eqz, opBrIf, 0, opEnd})
	}
}

// GrowTable asks for a thousand entries more in a table.
func GrowTable() Step {
	return func(g *Guest) []byte {
		g.table = true
		return cat([]byte{opRefNull, typeFuncRef}, i32(1000), []byte{opMisc, miscTableGrow, 0, opDrop})
	}
}

// Mark leaves a mark in memory and in a global, and sets the status for Report
// and If to 1 if it finds one there.
func Mark() Step {
	const at = 512
	return func(*Guest) []byte {
		return cat(i32(at), []byte{opI32Load, 2, 0, opGlobalGet, 0, opI32Or}, local(opLocalSet, localStatus),
			i32(at), i32(1), []byte{opI32Store, 2, 0}, i32(1), []byte{opGlobalSet, 0})
	}
}

// ManyLocals makes the guest declare 2^32 locals, in few bytes.
func (g *Guest) ManyLocals() *Guest {
	half := cat(u(1<<31), []byte{typeI32})
	g.entry = vec(cat(u(2), half, half, i32(0), []byte{opEnd}))
	return g
}

// HugeCode makes the guest's function as long as a number of instructions that
// do nothing.
func (g *Guest) HugeCode(instructions int) *Guest {
	g.entry = vec(cat(u(0), bytes.Repeat([]byte{opNop}, instructions), i32(0), []byte{opEnd}))
	return g
}

// HugeClaim makes the guest's function claim to be as long as the format can
// say.
func (g *Guest) HugeClaim() *Guest {
	g.entry = cat(u(1<<32-1), u(0), i32(0), []byte{opEnd})
	return g
}
