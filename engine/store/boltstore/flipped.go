package boltstore

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// oneBitOff reports whether a batch of this round and number would be at the start
// of b if one bit there were another.
func oneBitOff(b []byte, round, number uint64) bool {
	if len(b) < batchHead || bits.OnesCount32(binary.LittleEndian.Uint32(b)^batchMagic) > 1 {
		return false
	}
	wanted := func(b []byte) bool {
		return binary.LittleEndian.Uint64(b[8:]) == round && binary.LittleEndian.Uint64(b[16:]) == number
	}
	whole := bytes.Clone(b)
	for bit := range batchHead * 8 {
		whole[bit/8] ^= 1 << (bit % 8)
		if _, ok := decodeBatch(whole); ok && wanted(whole) {
			return true
		}
		whole[bit/8] ^= 1 << (bit % 8)
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if binary.LittleEndian.Uint32(b) != batchMagic || !wanted(b) || uint64(n) > uint64(len(b)-batchHead) {
		return false
	}
	const sum = batchHead - 4
	changes := b[batchHead : batchHead+int(n)]
	return isOneBit(binary.LittleEndian.Uint32(b[sum:])^batchSum(b[:sum], changes), len(changes))
}

// isOneBit reports whether two checksums that differ so can be of n bytes that
// differ in one bit. What a bit changes in a CRC depends only on how many bytes
// come behind it.
func isOneBit(difference uint32, n int) bool {
	var effects [8]uint32 // of the bits of the last byte
	for bit := range effects {
		effects[bit] = castagnoli[1<<bit]
	}
	for range n {
		for bit, effect := range effects {
			if effect == difference {
				return true
			}
			effects[bit] = castagnoli[byte(effect)] ^ effect>>8
		}
	}
	return false
}
