package wasmtest

// Instructions without immediates.
var (
	Unreachable = []byte{0x00}
	Return      = []byte{0x0f}
	Drop        = []byte{0x1a}
	End         = []byte{0x0b}
	Else        = []byte{0x05}
	MemoryGrow  = []byte{0x40, 0}
	MemorySize  = []byte{0x3f, 0}
	MemoryCopy  = []byte{0xfc, 10, 0, 0}
	MemoryFill  = []byte{0xfc, 11, 0}
	I32Eqz      = []byte{0x45}
	I32Eq       = []byte{0x46}
	I32LtU      = []byte{0x49}
	I32GeU      = []byte{0x4f}
	I32Add      = []byte{0x6a}
	I32Sub      = []byte{0x6b}
	I32Mul      = []byte{0x6c}
	I32DivS     = []byte{0x6d}
	I32RemU     = []byte{0x70}
	I32Xor      = []byte{0x73}
	I32Shl      = []byte{0x74}
	I32Rotl     = []byte{0x77}
	I32WrapI64  = []byte{0xa7}
	I64ShrU     = []byte{0x88}
	I64Add      = []byte{0x7c}
	I64Xor      = []byte{0x85}
)

// Cat joins byte strings.
func Cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// U encodes an unsigned LEB128.
func U(v uint64) []byte {
	var b []byte
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// S encodes a signed LEB128.
func S(v int64) []byte {
	var b []byte
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// Name encodes a length and bytes.
func Name(s string) []byte { return Cat(U(uint64(len(s))), []byte(s)) }

// Section encodes a section.
func Section(id byte, body []byte) []byte { return Cat([]byte{id}, U(uint64(len(body))), body) }

// I32 and I64 push a constant.
func I32(v int32) []byte { return Cat([]byte{0x41}, S(int64(v))) }

// I64 pushes a constant.
func I64(v int64) []byte { return Cat([]byte{0x42}, S(v)) }

// Get, Set and Tee access a local.
func Get(i uint32) []byte { return Cat([]byte{0x20}, U(uint64(i))) }

// Set pops into a local.
func Set(i uint32) []byte { return Cat([]byte{0x21}, U(uint64(i))) }

// Tee copies into a local.
func Tee(i uint32) []byte { return Cat([]byte{0x22}, U(uint64(i))) }

// GGet pushes a global.
func GGet(i uint32) []byte { return Cat([]byte{0x23}, U(uint64(i))) }

// GSet pops into a global.
func GSet(i uint32) []byte { return Cat([]byte{0x24}, U(uint64(i))) }

// Call calls a function.
func Call(f uint32) []byte { return Cat([]byte{0x10}, U(uint64(f))) }

// CallIndirect calls through the first table.
func CallIndirect(typ uint32) []byte { return Cat([]byte{0x11}, U(uint64(typ)), []byte{0}) }

// Load and Store access an i32 at an offset.
func Load(offset uint32) []byte { return Cat([]byte{0x28, 2}, U(uint64(offset))) }

// Store pops an i32 and an address.
func Store(offset uint32) []byte { return Cat([]byte{0x36, 2}, U(uint64(offset))) }

// Store8 pops an i32 and an address and stores a byte.
func Store8(offset uint32) []byte { return Cat([]byte{0x3a, 0}, U(uint64(offset))) }

// Br branches to an enclosing label.
func Br(label uint32) []byte { return Cat([]byte{0x0c}, U(uint64(label))) }

// BrIf branches if the operand is not zero.
func BrIf(label uint32) []byte { return Cat([]byte{0x0d}, U(uint64(label))) }

// Block wraps code in a block without parameters and results.
func Block(code ...[]byte) []byte { return Cat([]byte{0x02, 0x40}, Cat(code...), End) }

// Loop wraps code in a loop without parameters and results.
func Loop(code ...[]byte) []byte { return Cat([]byte{0x03, 0x40}, Cat(code...), End) }

// If wraps code in an if without parameters and results.
func If(code ...[]byte) []byte { return Cat([]byte{0x04, 0x40}, Cat(code...), End) }
