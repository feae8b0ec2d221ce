package wasmbin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Errors of the reader. FormatError wraps them with a position.
var (
	errShort   = errors.New("unexpected end")
	errLEB     = errors.New("integer is malformed or too large")
	errUTF8    = errors.New("name is not UTF-8")
	errCount   = errors.New("count is larger than the bytes that follow")
	errTrailer = errors.New("bytes left over")
)

// FormatError says where a binary is malformed.
type FormatError struct {
	Offset int    // from the start of the module
	Part   string // the section or entry
	Err    error
}

// Error implements error.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%s at offset %#x: %v", e.Part, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// reader walks over bytes. The first error sticks, and everything read after
// it is zero, so that callers check once per entry.
type reader struct {
	b    []byte
	pos  int
	base int // offset of b[0] in the module, for messages
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
		r.b = r.b[:r.pos]
	}
}

// offset is the reader's position in the module.
func (r *reader) offset() int { return r.base + r.pos }

// rest is the number of bytes left.
func (r *reader) rest() int { return len(r.b) - r.pos }

// formatError turns the sticky error into a FormatError.
func (r *reader) formatError(part string) error {
	if r.err == nil {
		return nil
	}
	return &FormatError{Offset: r.offset(), Part: part, Err: r.err}
}

func (r *reader) byte() byte {
	if r.pos >= len(r.b) {
		r.fail(errShort)
		return 0
	}
	c := r.b[r.pos]
	r.pos++
	return c
}

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(r.rest()) {
		r.fail(errShort)
		return nil
	}
	s := r.b[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return s
}

// u32 reads an unsigned LEB128 of at most 32 bits.
func (r *reader) u32() uint32 {
	if r.pos < len(r.b) && r.b[r.pos] < 0x80 { // one byte: the common case
		r.pos++
		return uint32(r.b[r.pos-1])
	}
	var v uint32
	for shift := uint(0); shift < 35; shift += 7 {
		c := r.byte()
		if shift == 28 && c > 0x0f {
			break
		}
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.fail(errLEB)
	return 0
}

// signed reads a signed LEB128 of at most bits bits.
func (r *reader) signed(bits uint) int64 {
	var v int64
	for shift := uint(0); shift < bits; shift += 7 {
		c := r.byte()
		v |= int64(c&0x7f) << shift
		if c < 0x80 {
			used := shift + 7
			if used < 64 {
				v = v << (64 - used) >> (64 - used)
			}
			if used > bits && !signExtended(c, bits-shift) {
				break
			}
			return v
		}
	}
	r.fail(errLEB)
	return 0
}

// signExtended reports whether the bits of c above its lowest n repeat the
// sign bit, as the last byte of a signed LEB128 must.
func signExtended(c byte, n uint) bool {
	high := int8(c<<1) >> n // bits n-1 and above, sign-extended
	return high == 0 || high == -1
}

func (r *reader) i32() int32 { return int32(r.signed(32)) }
func (r *reader) i64() int64 { return r.signed(64) }
func (r *reader) f32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}
func (r *reader) f64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// name reads a UTF-8 name.
func (r *reader) name() string {
	b := r.bytes(r.u32())
	if !utf8.Valid(b) {
		r.fail(errUTF8)
		return ""
	}
	return string(b)
}

// count reads the length of a vector whose entries take at least size bytes
// each, so that a count that cannot be true is refused before it is believed.
func (r *reader) count(size int) int {
	n := r.u32()
	if uint64(n)*uint64(size) > uint64(r.rest()) {
		r.fail(errCount)
		return 0
	}
	return int(n)
}

// sub returns a reader of the next n bytes and skips them.
func (r *reader) sub(n uint32) *reader {
	base := r.offset()
	b := r.bytes(n)
	return &reader{b: b, base: base, err: r.err}
}
