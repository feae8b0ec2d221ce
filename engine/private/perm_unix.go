//go:build unix

package private

import (
	"io/fs"
	"os"
	"syscall"
)

// sharedWith says who else may write to a folder, or "".
func sharedWith(st fs.FileInfo) string {
	if st.Mode().Perm()&0o022 != 0 {
		return "can be written by other users"
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() && os.Geteuid() != 0 {
		return "belongs to another user"
	}
	return ""
}
