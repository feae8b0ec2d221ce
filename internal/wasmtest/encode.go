package wasmtest

import "strings"

// Types and instructions (WebAssembly core specification, version 1, section 5).
const (
	typeNone = 0x40
	typeI32  = 0x7f
	typeI64  = 0x7e

	typeFuncRef = 0x70

	opUnreachable = 0x00
	opNop         = 0x01
	opLoop        = 0x03
	opIf          = 0x04
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opReturn      = 0x0f
	opCall        = 0x10
	opDrop        = 0x1a
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opLocalTee    = 0x22
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opI32Load     = 0x28
	opI32Store    = 0x36
	opI32Store8   = 0x3a
	opMemorySize  = 0x3f
	opMemoryGrow  = 0x40
	opI32Const    = 0x41
	opI64Const    = 0x42
	opI32Eqz      = 0x45
	opI32Eq       = 0x46
	opI32LtU      = 0x49
	opI32Add      = 0x6a
	opI32Sub      = 0x6b
	opI32Or       = 0x72
	opI32Shl      = 0x74
	opI64ShrU     = 0x88
	opI32WrapI64  = 0xa7
	opRefNull     = 0xd0
	opMisc        = 0xfc
	miscTableGrow = 15
)

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// u encodes an unsigned LEB128, s a signed one.
func u(v uint64) []byte {
	var b []byte
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

func s(v int64) []byte {
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

// vec is a length and bytes, list a count and entries.
func vec(b []byte) []byte { return cat(u(uint64(len(b))), b) }

func list(entries ...[]byte) []byte { return cat(u(uint64(len(entries))), cat(entries...)) }

func section(id byte, content []byte) []byte { return cat([]byte{id}, vec(content)) }

// signature encodes a function type written like "ii>I".
func signature(text string) []byte {
	params, results, _ := strings.Cut(text, ">")
	types := func(letters string) []byte {
		b := make([]byte, len(letters))
		for i := range letters {
			b[i] = typeI32
			if letters[i] == 'I' {
				b[i] = typeI64
			}
		}
		return vec(b)
	}
	return cat([]byte{0x60}, types(params), types(results))
}

func i32(v int32) []byte { return cat([]byte{opI32Const}, s(int64(v))) }

func i64(v int64) []byte { return cat([]byte{opI64Const}, s(v)) }

func call(f uint32) []byte { return cat([]byte{opCall}, u(uint64(f))) }

func local(op byte, index uint64) []byte { return cat([]byte{op}, u(index)) }
