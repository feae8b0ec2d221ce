//go:build linux || darwin

package sandbox

import (
	"time"

	"golang.org/x/sys/unix"
)

// boundProcess bounds the data and the processor time of this process. The
// system ends it when it exceeds them.
func boundProcess(memory uint64, d time.Duration) error {
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: memory, Max: memory}); err != nil {
		return err
	}
	// Several processors work at a time, so wall-clock time is the tighter
	// bound, which the parent keeps; this one is for when it is gone.
	seconds := uint64(d/time.Second+1) * 16
	return unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds})
}
