//go:build !linux && !darwin

package sandbox

import "time"

// boundProcess has nothing to bound a process with here; the Go runtime's own
// memory limit and the parent's clock remain.
func boundProcess(uint64, time.Duration) error { return nil }
