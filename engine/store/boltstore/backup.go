package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authhost/authhost/engine/store"
)

// Backup writes a copy of the tenant's file as it is now. It copies on the
// disk first, so that a slow w keeps nobody waiting and no pages from being
// reused; the folder needs room for one copy meanwhile.
func (t *tenant) Backup(ctx context.Context, w io.Writer) error {
	copied, err := t.copy(ctx)
	if err != nil {
		return err
	}
	defer os.Remove(copied)
	in, err := os.Open(copied)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, &contextReader{ctx, in})
	return errors.Join(err, in.Close())
}

// copy writes the file as it is now beside it and returns the copy's name. The
// file first takes over what is recent. The copy is not verified: bytes are copied
// as they are, so that damage is found there and hidden nowhere.
func (t *tenant) copy(ctx context.Context) (name string, err error) {
	t.file.copying.RLock()
	defer t.file.copying.RUnlock()
	if err := t.found(t.file.takenOver(ctx)); err != nil {
		return "", err
	}
	out, err := os.CreateTemp(filepath.Dir(t.file.path), tempPattern)
	if err != nil {
		return "", err
	}
	err = t.read(ctx, func(v view) error {
		_, err := v.tx.WriteTo(&contextWriter{ctx, out})
		return err
	})
	if err = errors.Join(err, out.Close()); err != nil {
		return "", errors.Join(err, os.Remove(out.Name()))
	}
	return out.Name(), nil
}

// Restore puts a backup in place as the file of a tenant that does not exist
// in the folder. No server may use the folder meanwhile. The backup is
// verified first, and must be one of the same tenant.
func Restore(ctx context.Context, dir string, id store.TenantID, backup io.Reader) (err error) {
	if err := id.Validate(); err != nil {
		return err
	}
	lock, err := lockDir(dir, defaultLockWait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	target := filepath.Join(dir, fileName(id))
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("boltstore: %s is already there; move it away first", target)
	}
	name, err := receive(ctx, dir, backup)
	if err != nil {
		return err
	}
	if err := checkBackup(ctx, name, id); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	if err := remove(journalPath(target)); err != nil {
		return err // of a file that was moved away
	}
	if err := replaceFile(target, name); err != nil {
		return err
	}
	return guarded(target, func() error { return saveSums(target) })
}

// receive stores a backup in a temporary file and syncs it.
func receive(ctx context.Context, dir string, backup io.Reader) (name string, err error) {
	out, err := os.CreateTemp(dir, tempPattern)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, &contextReader{ctx, backup})
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return "", errors.Join(err, os.Remove(out.Name()))
	}
	return out.Name(), nil
}

// checkBackup verifies a file and that it belongs to a tenant.
func checkBackup(ctx context.Context, path string, id store.TenantID) error {
	if err := CheckFile(ctx, path); err != nil {
		return err
	}
	return guarded(path, func() error {
		f := &file{path: path}
		var err error
		if f.pages, err = newMapping(path); err != nil {
			return err
		}
		defer f.pages.close() //nolint:errcheck // it was only read
		t, err := f.newestTree()
		if err != nil {
			return err
		}
		tenant, err := view{pages: t, path: path}.meta(keyTenant)
		if err == nil && string(tenant) != string(id) {
			err = fmt.Errorf("boltstore: the backup is of tenant %q, not %q", tenant, id)
		}
		return err
	})
}

// contextReader and contextWriter end a copy when its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

type contextWriter struct {
	ctx context.Context
	io.Writer
}

func (w *contextWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.Writer.Write(p)
}
