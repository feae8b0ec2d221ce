package dispatch

import (
	"cmp"
	"time"

	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

// pageKiB is the size of a page of WebAssembly memory.
const pageKiB = 64

// narrow returns the operator's limits, lowered where the manifest asks for
// less. Where the operator sets none, those of the sandbox are the limit: no
// manifest raises its own.
func narrow(operator, sandboxed sandbox.Limits, m *pluginapi.Limits) sandbox.Limits {
	l := operator
	if m == nil {
		return l
	}
	l.Fuel = lower(l.Fuel, sandboxed.Fuel, m.Fuel)
	l.MemoryPages = lower(l.MemoryPages, sandboxed.MemoryPages, (m.MemoryKiB+pageKiB-1)/pageKiB)
	l.HostCalls = lower(l.HostCalls, sandboxed.HostCalls, m.HostCalls)
	l.Wall = lower(l.Wall, sandboxed.Wall, time.Duration(m.WallMs)*time.Millisecond)
	return l
}

// lower returns asked if that is less than the limit in force, which is set
// or else the default; zero means none.
func lower[T cmp.Ordered](set, preset, asked T) T {
	var none T
	limit := cmp.Or(set, preset)
	if asked > none && (limit == none || asked < limit) {
		return asked
	}
	return set
}
