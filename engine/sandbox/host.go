package sandbox

import "context"

// Imports serves what a module imports, for one call. Its methods run on the
// goroutine of [Instance.Call], one at a time. Kinds and statuses are numbers that the
// embedding program and its guests agree on; the sandbox passes them through.
type Imports interface {
	// Get reads one field, and returns buf with its value appended.
	Get(path string, buf []byte) (kind uint32, value []byte)
	// Set writes one field. The value is only valid during the call.
	Set(path string, kind uint32, value []byte) (status uint32)
	// Call runs one function of a capability, and returns buf with its result
	// appended. in is only valid during the call, nil when the guest passed no
	// bytes. ctx ends with the call's time, and must be used to acquire other
	// instances.
	Call(ctx context.Context, capability, fn string, in, buf []byte) (status uint32, out []byte)
	// Log takes one line that the guest logged or printed. Standard output
	// has level 1, standard error level 2.
	Log(level int32, message string)
}

// statusDenied is what set and capability calls answer while a module is
// initialised: an image serves everybody, so it must not act for anybody.
const statusDenied = 3

// deniedImports serves imports during initialisation. It keeps the last lines
// that the guest printed, for the error message if initialisation fails.
type deniedImports struct {
	lines []string
}

// maxInitLines is how many lines of a failed initialisation are reported.
const maxInitLines = 8

func (*deniedImports) Get(string, []byte) (uint32, []byte) { return 0, nil }
func (*deniedImports) Set(string, uint32, []byte) uint32   { return statusDenied }
func (h *deniedImports) Log(_ int32, line string) {
	if len(h.lines) == maxInitLines {
		h.lines = append(h.lines[:0], h.lines[1:]...)
	}
	h.lines = append(h.lines, line)
}
func (*deniedImports) Call(context.Context, string, string, []byte, []byte) (uint32, []byte) {
	return statusDenied, nil
}
