//go:build unix

package pgtest

import (
	"os/exec"
	"syscall"
)

func (a account) apply(cmd *exec.Cmd) {
	// A group of its own: an interrupt typed at the terminal is for the test,
	// which then stops the server.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.switchUser {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
}
