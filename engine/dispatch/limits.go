package dispatch

import (
	"time"

	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

// pageKiB is the size of a page of WebAssembly memory.
const pageKiB = 64

// narrow returns the operator's limits, lowered where the manifest asks for
// less.
func narrow(l sandbox.Limits, m *pluginapi.Limits) sandbox.Limits {
	if m == nil {
		return l
	}
	if m.Fuel > 0 && (l.Fuel == 0 || m.Fuel < l.Fuel) {
		l.Fuel = m.Fuel
	}
	if pages := m.MemoryKiB / pageKiB; pages > 0 && (l.MemoryPages == 0 || pages < l.MemoryPages) {
		l.MemoryPages = pages
	}
	if m.HostCalls > 0 && (l.HostCalls == 0 || m.HostCalls < l.HostCalls) {
		l.HostCalls = m.HostCalls
	}
	if wall := time.Duration(m.WallMs) * time.Millisecond; wall > 0 && (l.Wall == 0 || wall < l.Wall) {
		l.Wall = wall
	}
	return l
}
