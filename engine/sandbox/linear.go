package sandbox

import (
	"bytes"

	"github.com/tetratelabs/wazero/experimental"
)

// linear is the linear memory of one instance, as wazero sees it. The
// declared maximum is one page more than guests may have, so that growing by
// one page is always within wazero's own bound: reset uses that to make
// wazero take up a smaller memory, for which it has no call.
type linear struct {
	region  *region
	size    uint64 // bytes that the guest has
	limit   uint64 // bytes to which it may grow
	start   uint64 // bytes to start with, at least
	shrink  bool   // the next Reallocate goes back to start
	max     uint64 // bytes to reserve
	spares  *spares
	failure error // what the system said when it had no memory
}

// Allocate implements experimental.MemoryAllocator.
func (l *linear) Allocate(_, _ uint64) experimental.LinearMemory {
	if l.spares != nil {
		l.region, l.failure = l.spares.get(l.max)
	} else {
		l.region, l.failure = newRegion(l.max)
	}
	if l.failure != nil {
		l.region = &region{}
	}
	return l
}

// Reallocate implements experimental.LinearMemory.
func (l *linear) Reallocate(size uint64) []byte {
	switch {
	case l.failure != nil:
		return make([]byte, size) // instantiate reports the failure and closes it
	case l.shrink:
		size = l.start
	case size > max(l.limit, l.start):
		return nil
	default:
		size = max(size, l.start)
	}
	b, err := l.region.bytes(size)
	if err != nil {
		return nil
	}
	l.size = size
	return b
}

// Free implements experimental.LinearMemory. It may be called again.
func (l *linear) Free() {
	r := l.region
	l.region = &region{}
	if r == nil || len(r.all) == 0 {
		return
	}
	if l.spares == nil || !l.spares.put(r, l.size) {
		r.free()
	}
}

// bytes returns the memory itself. It is only good while no guest code runs.
func (l *linear) bytes() []byte { return l.region.all[:l.size:l.size] }

// zeroPage is compared with, to find pages that need no copy.
var zeroPage [4096]byte

func isZero(page []byte) bool { return bytes.Equal(page, zeroPage[:len(page)]) }
