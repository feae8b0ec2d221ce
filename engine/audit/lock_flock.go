//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package audit

import (
	"errors"
	"os"
	"syscall"
)

// alone does work while no other holder of this lock has the file, in this
// process or another. Where the file system has no locks the work is done
// without one.
func alone(file *os.File, work func() error) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if err == nil {
			defer func() { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }()
		}
		if !errors.Is(err, syscall.EINTR) {
			return work()
		}
	}
}
