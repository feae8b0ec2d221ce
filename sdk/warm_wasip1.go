package sdk

// A call runs on memory as it was when the module had been initialised: a
// heap that has nothing of most sizes yet, and a stack as small as it begins.
// What the runtime does to change that, it would do in every call anew, on
// memory that is then to be brought back; so it is done here, once.

const (
	warmObject = 2 << 10  // the largest objects that calls commonly make, in bytes
	warmStack  = 24 << 10 // the stack that they commonly need
	warmFrame  = 1 << 10
)

// warm keeps the compiler from leaving out what nobody uses.
var warm any

func init() {
	growStack(warmStack / warmFrame)
	// The steps are those of the runtime's size classes or smaller.
	for size := 8; size <= warmObject; size += max(8, size/8&^7) {
		warm = make([]byte, size)
		warm = make([]*byte, size/8)
	}
	warm = nil
}

// growStack calls itself so many times, with a large frame.
//
//go:noinline
func growStack(depth int) (used byte) {
	var frame [warmFrame]byte
	if depth > 0 {
		frame[depth] = growStack(depth - 1)
	}
	return frame[depth]
}
