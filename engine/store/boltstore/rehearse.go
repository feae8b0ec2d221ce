package boltstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authhost/authhost/engine/store"
)

// Rehearse puts a copy of a tenant's file into another folder, to be opened
// there; into, which must exist, stays empty if the tenant has no file. In the
// folder that c names nothing is written, and nothing is made if it does not
// exist. As with Open, a process that uses the folder gives a *LockedError.
func Rehearse(c Config, id store.TenantID, into string) (err error) {
	if err := id.Validate(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.Dir, lockName)); errors.Is(err, fs.ErrNotExist) {
		return nil // nobody has used the folder yet
	}
	s, err := Open(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	path := filepath.Join(s.dir, fileName(id))
	to := filepath.Join(into, fileName(id))
	return errors.Join(copyFile(path, to), copyFile(journalPath(path), journalPath(to)), copyFile(sumsPath(path), sumsPath(to)))
}

// copyFile copies a file if there is one; to must not exist.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("boltstore: copying %s: %w", from, err)
	}
	return nil
}
