package boltstore

import (
	"errors"
	"os"
	"syscall"
)

// datasync makes what was written to a file durable, and of what the system
// knows about the file what is needed to read it again.
func datasync(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
