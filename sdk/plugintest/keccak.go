package plugintest

import (
	"encoding/binary"
	"hash"
	"math/bits"
)

// The SDK needs the standard library alone, which has neither Keccak-256 nor
// secp256k1: this host has small ones, fit for tests and slow.

// keccak is Keccak-256 (the Keccak submission, version 3), which Ethereum uses:
// SHA3-256 (FIPS 202) with another padding.
type keccak struct{ message []byte }

func newKeccak() hash.Hash { return &keccak{} }

// Sizes of Keccak-256 in bytes.
const (
	keccakSize = 32
	keccakRate = 136
)

func (k *keccak) Write(p []byte) (int, error) {
	k.message = append(k.message, p...)
	return len(p), nil
}

func (k *keccak) Reset()         { k.message = nil }
func (k *keccak) Size() int      { return keccakSize }
func (k *keccak) BlockSize() int { return keccakRate }

func (k *keccak) Sum(b []byte) []byte {
	padded := append(append([]byte{}, k.message...), 1)
	for len(padded)%keccakRate != 0 {
		padded = append(padded, 0)
	}
	padded[len(padded)-1] |= 0x80
	var state [25]uint64
	for ; len(padded) > 0; padded = padded[keccakRate:] {
		for i := range keccakRate / 8 {
			state[i] ^= binary.LittleEndian.Uint64(padded[8*i:])
		}
		permute(&state)
	}
	for i := range keccakSize / 8 {
		b = binary.LittleEndian.AppendUint64(b, state[i])
	}
	return b
}

// permute is Keccak-f[1600] (FIPS 202 section 3.2). The constants of its rounds
// come from the shift register of section 3.2.5.
func permute(a *[25]uint64) {
	register := byte(1)
	for range 24 {
		theta(a)
		rhoPi(a)
		chi(a)
		for j := range 7 {
			if register&1 != 0 {
				a[0] ^= 1 << (1<<j - 1)
			}
			carry := register >> 7
			register = register<<1 ^ carry*0x71
		}
	}
}

func theta(a *[25]uint64) {
	var c [5]uint64
	for i, lane := range a {
		c[i%5] ^= lane
	}
	for i := range a {
		a[i] ^= c[(i+4)%5] ^ bits.RotateLeft64(c[(i+1)%5], 1)
	}
}

// rhoPi turns each lane and moves it to its place.
func rhoPi(a *[25]uint64) {
	x, y, lane := 1, 0, a[1]
	for t := range 24 {
		x, y = y, (2*x+3*y)%5
		a[x+5*y], lane = bits.RotateLeft64(lane, (t+1)*(t+2)/2), a[x+5*y]
	}
}

func chi(a *[25]uint64) {
	for y := 0; y < 25; y += 5 {
		row := [5]uint64(a[y : y+5])
		for x := range row {
			a[y+x] = row[x] ^ ^row[(x+1)%5]&row[(x+2)%5]
		}
	}
}
