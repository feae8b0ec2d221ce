package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
)

// firstSocket is the first file that systemd passes, sd_listen_fds(3).
const firstSocket = 3

// passedSockets returns the sockets that systemd has opened for this process
// (socket activation). Connections wait in them while no process serves.
func passedSockets() ([]net.Listener, error) {
	count, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, nil //nolint:nilerr // none, or for another process
	}
	for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} {
		if err := os.Unsetenv(name); err != nil { // they are not for child processes
			return nil, err
		}
	}
	var list []net.Listener
	for fd := firstSocket; fd < firstSocket+count; fd++ {
		file := os.NewFile(uintptr(fd), "socket "+strconv.Itoa(fd))
		l, err := net.FileListener(file) // a copy
		if err != nil {
			return nil, fmt.Errorf("the file %d that the service manager passes is no listening socket: %w", fd, err)
		}
		list = append(list, l)
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
