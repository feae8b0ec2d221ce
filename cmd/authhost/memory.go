package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryShare is the part of the machine's or container's memory that the Go
// runtime is told to stay within. The rest is for what it does not count: the
// memory of plugins' instances, mapped database files, and the system.
const memoryShare = 0.75

// limitMemory sets Go's memory limit from that of the container (cgroup), or
// from the machine's memory, unless the variable GOMEMLIMIT does. A limit makes
// the collector work harder near it, in place of the process being killed.
func limitMemory(logger *slog.Logger) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return // the runtime has read it
	}
	limit, err := memlimit.Set(
		memlimit.WithRatio(memoryShare),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)),
		memlimit.WithLogger(slog.New(slog.DiscardHandler)),
	)
	if err != nil || limit == 0 {
		logger.Warn("the memory of this machine is not known, so the server does not stay within it", "error", err, "remedy", "set the variable GOMEMLIMIT, such as GOMEMLIMIT=1GiB")
		return
	}
	logger.Debug("memory limit of the Go runtime", "limit", fmt.Sprintf("%d MiB", limit>>20))
}
