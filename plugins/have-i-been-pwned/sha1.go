package main

import (
	"encoding/binary"
	"math/bits"
)

// hexSHA1 is the SHA-1 hash of a text (FIPS 180-4, section 6.1) in upper-case
// hexadecimal digits. crypto/sha1 would double what the plugin is compiled to;
// the tests compare the two. The hash protects nothing here: it is what ranges
// are asked by.
func hexSHA1(text string) string {
	state := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	message := append([]byte(text), 0x80)
	for len(message)%64 != 56 {
		message = append(message, 0)
	}
	message = binary.BigEndian.AppendUint64(message, uint64(len(text))*8)
	for ; len(message) > 0; message = message[64:] {
		block(&state, message[:64])
	}
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, 40)
	for _, word := range state {
		for shift := 28; shift >= 0; shift -= 4 {
			out = append(out, digits[word>>shift&15])
		}
	}
	return string(out)
}

// block takes one block of 64 bytes into the state.
func block(state *[5]uint32, b []byte) {
	var w [80]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(b[4*i:])
	}
	for i := 16; i < 80; i++ {
		w[i] = bits.RotateLeft32(w[i-3]^w[i-8]^w[i-14]^w[i-16], 1)
	}
	v := *state
	for i, word := range w {
		var f, k uint32
		switch {
		case i < 20:
			f, k = v[1]&v[2]|^v[1]&v[3], 0x5a827999
		case i < 40:
			f, k = v[1]^v[2]^v[3], 0x6ed9eba1
		case i < 60:
			f, k = v[1]&v[2]|v[1]&v[3]|v[2]&v[3], 0x8f1bbcdc
		default:
			f, k = v[1]^v[2]^v[3], 0xca62c1d6
		}
		next := bits.RotateLeft32(v[0], 5) + f + v[4] + k + word
		v = [5]uint32{next, v[0], bits.RotateLeft32(v[1], 30), v[2], v[3]}
	}
	for i := range state {
		state[i] += v[i]
	}
}
