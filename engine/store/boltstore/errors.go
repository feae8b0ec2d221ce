package boltstore

import (
	"errors"
	"fmt"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/authhost/authhost/engine/store"
)

// ErrFailed says that a tenant's file could not be written or synced before.
// Nothing is known about it any more but what the disk holds; the process is
// to be restarted, which verifies the file.
var ErrFailed = errors.New("boltstore: the file failed before; restart the server")

// LockedError says that another process uses the folder or file.
type LockedError struct{ Path string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("boltstore: %s is in use by another process; stop that process, or give this one a data folder of its own", e.Path)
}

// corrupt describes damage at a key of a bucket.
func corrupt(path string, b bucket, key []byte, reason error) error {
	return fmt.Errorf("%w: %s, %s, key %q: %w", store.ErrCorrupt, path, b.name, key, reason)
}

// closedError maps bbolt's error for a closed file.
func closedError(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return store.ErrClosed
	}
	return err
}

var (
	errNoRecord = errors.New("no such record")
	errNoEntry  = errors.New("missing or wrong index entry")
)
