package pgtest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/authhost/authhost/internal/testcache"
)

// initdbArgs make a cluster of a superuser without a password. Tests do not outlive
// the machine: nothing needs to reach the disk.
var initdbArgs = []string{"-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"}

// newCluster makes an empty cluster for an account. initdb takes much longer than
// to copy what it made for another test.
func newCluster(bin, data string, account account) error {
	clusters, err := testcache.Clusters()
	if err != nil {
		return err
	}
	key := sha256.Sum256([]byte(strings.Join(append([]string{bin}, initdbArgs...), "\x00")))
	kept := filepath.Join(clusters, hex.EncodeToString(key[:8]))
	err = copyCluster(kept, data, account)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), append([]string{"-D", data}, initdbArgs...)...)
	account.apply(initdb)
	initdb.Dir = filepath.Dir(data)
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return keepCluster(data, kept)
}

// copyCluster copies a cluster; its error is fs.ErrNotExist if there is none.
func copyCluster(from, to string, account account) error {
	if _, err := os.Stat(from); err != nil {
		return err
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	if err := os.Chmod(to, 0o700); err != nil { // PostgreSQL wants it
		return err
	}
	if !account.switchUser {
		return nil
	}
	return filepath.WalkDir(to, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(account.uid), int(account.gid))
	})
}

// keepCluster keeps a copy of a cluster that nobody has started. Several processes
// may do so at the same time; the first one's is kept.
func keepCluster(data, kept string) error {
	unfinished, err := os.MkdirTemp(filepath.Dir(kept), "unfinished-")
	if err != nil {
		return err
	}
	err = os.CopyFS(unfinished, os.DirFS(data))
	if err == nil && os.Rename(unfinished, kept) == nil {
		return nil
	}
	return errors.Join(err, os.RemoveAll(unfinished))
}
