package pluginapi

// reader reads the primitives of the WebAssembly binary format. After a
// failure it returns zeros; callers check failed once.
type reader struct {
	data   []byte
	pos    int
	failed bool
}

func (r *reader) byte() byte {
	if r.pos >= len(r.data) {
		r.failed = true
		return 0
	}
	r.pos++
	return r.data[r.pos-1]
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.data)-r.pos {
		r.failed = true
		return nil
	}
	r.pos += n
	return r.data[r.pos-n : r.pos]
}

// u32 reads an unsigned LEB128 number of at most 32 bits.
func (r *reader) u32() int {
	var n uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if n > 1<<32-1 {
				break
			}
			return int(n)
		}
	}
	r.failed = true
	return 0
}

// limits reads the size limits of a table or memory.
func (r *reader) limits() {
	flags := r.byte()
	r.u32()
	if flags&1 != 0 {
		r.u32()
	}
}

// appendU32 appends n as unsigned LEB128.
func appendU32(dst []byte, n int) []byte {
	for n >= 0x80 {
		dst = append(dst, byte(n)|0x80)
		n >>= 7
	}
	return append(dst, byte(n))
}
