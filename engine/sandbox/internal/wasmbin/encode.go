package wasmbin

// appendU and appendS encode LEB128.
func appendU(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendS(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendName(b []byte, s string) []byte {
	return append(appendU(b, uint64(len(s))), s...)
}

// appendSection adds a section with a header.
func appendSection(b []byte, id byte, body []byte) []byte {
	b = append(b, id)
	b = appendU(b, uint64(len(body)))
	return append(b, body...)
}

func appendTypes(b []byte, ts []ValType) []byte {
	b = appendU(b, uint64(len(ts)))
	return append(b, valBytes(ts)...)
}

func appendLimits(b []byte, l Limits) []byte {
	if !l.HasMax {
		return appendU(append(b, 0), uint64(l.Min))
	}
	return appendU(appendU(append(b, 1), uint64(l.Min)), uint64(l.Max))
}
