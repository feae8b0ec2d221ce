package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/storage"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

// folderLayout names the folder of a backup by its time, in UTC.
const folderLayout = "20060102T150405.000Z"

// Backup is a copy of the records of tenants that was written.
type Backup struct {
	Folder string `json:"folder"`
	Files  []File `json:"files"`
	// Failed says why there is no copy of a tenant, by its id.
	Failed map[string]string `json:"failed,omitempty"`
}

// File is the copy of one tenant.
type File struct {
	Tenant string `json:"tenant"`
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hex
}

// Tenant is a tenant whose records are copied.
type Tenant struct {
	ID    string
	Store store.Tenant
}

// Writer writes backups of records while they are in use, one at a time.
type Writer struct {
	Dir      string // server.backupDir; "" is an error of Write
	Embedded bool   // the records are in files of the embedded store
	Now      func() time.Time
	Logger   *slog.Logger

	running sync.Mutex
}

// Errors of Write that the operator mends.
var (
	ErrNoFolder = errors.New("server.backupDir is not set: name the folder that backups are written into, and restart the server")
	ErrRunning  = errors.New("a backup is being written already")
)

// Write writes a copy of the records of tenants into a new folder below Dir.
// Each copy is of one moment, is on the disk when Write returns, and the
// embedded store's have been verified. With skipDamaged, a tenant whose data is
// damaged is left out and named; else that is an error.
func (w *Writer) Write(ctx context.Context, tenants []Tenant, skipDamaged bool) (_ *Backup, err error) {
	if w.Dir == "" {
		return nil, ErrNoFolder
	}
	if !w.running.TryLock() {
		return nil, ErrRunning
	}
	defer w.running.Unlock()
	out := &Backup{Folder: filepath.Join(w.Dir, w.Now().UTC().Format(folderLayout))}
	if err := os.MkdirAll(w.Dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Mkdir(out.Folder, 0o700); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(out.Folder)) // half a backup is none
		}
	}()
	for _, t := range tenants {
		file, err := w.copy(ctx, t, out.Folder)
		switch {
		case err == nil:
			out.Files = append(out.Files, file)
		case skipDamaged && errors.Is(err, store.ErrCorrupt):
			if err := os.Remove(filepath.Join(out.Folder, file.Name)); err != nil {
				return nil, err
			}
			out.fail(t.ID, err)
			w.Logger.Error("there is no backup of a tenant whose data is damaged", "tenant", t.ID, "error", err)
		default:
			return nil, fmt.Errorf("tenant %q: %w", t.ID, err)
		}
	}
	return out, errors.Join(storage.SyncFolder(out.Folder), storage.SyncFolder(w.Dir))
}

func (b *Backup) fail(tenant string, err error) {
	if b.Failed == nil {
		b.Failed = map[string]string{}
	}
	b.Failed[tenant] = err.Error()
}

// fileName is the name of a tenant's copy. Ids are fit for file names.
func (w *Writer) fileName(id string) string {
	if w.Embedded {
		return "tenant-" + id + ".db"
	}
	return "tenant-" + id + ".jsonl"
}

// copy writes the copy of one tenant.
func (w *Writer) copy(ctx context.Context, t Tenant, folder string) (_ File, err error) {
	file := File{Tenant: t.ID, Name: w.fileName(t.ID)}
	path := filepath.Join(folder, file.Name)
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return file, err
	}
	counted := &counting{hash: sha256.New()}
	err = t.Store.Backup(ctx, io.MultiWriter(out, counted))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return file, err
	}
	file.Bytes, file.SHA256 = counted.n, hex.EncodeToString(counted.hash.Sum(nil))
	if w.Embedded {
		err = boltstore.CheckFile(ctx, path)
	}
	return file, err
}

// counting counts and hashes what is written.
type counting struct {
	hash hash.Hash
	n    int64
}

func (c *counting) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.hash.Write(p)
}
