package main

import (
	"os"
	"runtime"
)

// leastThreads is on how many threads the server runs Go code at the same time at
// least. A plugin's handler that computes keeps its thread until it ends or its fuel
// is used up. With another thread requests go on meanwhile, also on one processor,
// which the system divides between the two.
const leastThreads = 2

// useThreads has the Go runtime use leastThreads, where it would use fewer, unless
// the variable GOMAXPROCS says otherwise.
func useThreads() {
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < leastThreads {
		runtime.GOMAXPROCS(leastThreads)
	}
}
