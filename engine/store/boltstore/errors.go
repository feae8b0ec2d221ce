package boltstore

import (
	"errors"
	"fmt"

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

// errNoBucket says that a bucket which the schema asks for is not there.
func errNoBucket(b bucket) error { return fmt.Errorf("there is no bucket %q", b.name) }

// damaged says that a file is damaged as a whole, or lacks a part.
func damaged(path string, reason error) error {
	return fmt.Errorf("%w: %s: %w", store.ErrCorrupt, path, reason)
}

var (
	errEmpty      = errors.New("the file is empty")
	errMissing    = errors.New("the file is gone, but files that belong to it are there; put it back, or restore the tenant from a backup; to begin anew without its records, move those away, too")
	errOldHead    = errors.New("its newest head is damaged, or an older file was put in its place; if you put it there, delete the .sums file beside it")
	errOneHead    = errors.New("one of its two heads is damaged, and may have been the newer one")
	errNoKey      = errors.New("it is not there")
	errNoSchema   = errors.New("it has no schema")
	errMoved      = errors.New("the file was moved away, deleted or replaced while the server used it; put it back, and restart the server")
	errWrongState = errors.New("the newest head of the file changed under the server")
)

var (
	errNoRecord = errors.New("no such record")
	errNoEntry  = errors.New("missing or wrong index entry")
)
