package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/pgstore"
)

// backupLayout names the folder of a backup by its time, in UTC.
const backupLayout = "20060102T150405.000Z"

// Backup is a copy of the records of tenants that was written.
type Backup struct {
	Folder string       `json:"folder"`
	Files  []BackupFile `json:"files"`
	// Failed says why there is no copy of a tenant, by its id.
	Failed map[string]string `json:"failed,omitempty"`
}

// BackupFile is the copy of one tenant.
type BackupFile struct {
	Tenant string `json:"tenant"`
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hex
}

// backupName is the name of a tenant's copy. Ids are fit for file names.
func backupName(cfg *config.Config, id string) string {
	if cfg.Store.Driver == config.DriverPostgres {
		return "tenant-" + id + ".jsonl"
	}
	return "tenant-" + id + ".db"
}

// Backup writes a copy of the records of one tenant, or of all if tenant is "",
// into a new folder in server.backupDir, while they are in use. Each copy is of
// one moment, is on the disk when Backup returns, and the embedded store's have
// been verified. Of all tenants,
// those whose data is damaged are left out, and named. One backup is written at a
// time.
func (e *Engine) Backup(ctx context.Context, tenant string) (_ *Backup, err error) {
	dir := e.config.Server.BackupDir
	if dir == "" {
		return nil, errNoBackupDir
	}
	if !e.backups.TryLock() {
		return nil, errBackupRuns
	}
	defer e.backups.Unlock()
	g := e.enter()
	defer g.leave()
	var wanted []*realm
	for _, t := range g.tenants {
		if tenant == "" || t.config.ID == tenant {
			wanted = append(wanted, t)
		}
	}
	if len(wanted) == 0 {
		return nil, unknownTenantError(tenant)
	}
	out := &Backup{Folder: filepath.Join(dir, e.options.Now().UTC().Format(backupLayout))}
	if err := os.MkdirAll(dir, 0o700); err != nil {
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
	for _, t := range wanted {
		file, err := e.backUp(ctx, t, out.Folder)
		switch {
		case err == nil:
			out.Files = append(out.Files, file)
		case tenant == "" && errors.Is(err, store.ErrCorrupt):
			if err := os.Remove(filepath.Join(out.Folder, file.Name)); err != nil {
				return nil, err
			}
			out.fail(t.config.ID, err)
			e.logger.Error("there is no backup of a tenant whose data is damaged", "tenant", t.config.ID, "error", err)
		default:
			return nil, fmt.Errorf("tenant %q: %w", t.config.ID, err)
		}
	}
	return out, errors.Join(syncFolder(out.Folder), syncFolder(dir))
}

func (b *Backup) fail(tenant string, err error) {
	if b.Failed == nil {
		b.Failed = map[string]string{}
	}
	b.Failed[tenant] = err.Error()
}

// backUp writes the copy of one tenant.
func (e *Engine) backUp(ctx context.Context, t *realm, folder string) (_ BackupFile, err error) {
	file := BackupFile{Tenant: t.config.ID, Name: backupName(e.config, t.config.ID)}
	path := filepath.Join(folder, file.Name)
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return file, err
	}
	counted := &counting{hash: sha256.New()}
	err = t.store.Backup(ctx, io.MultiWriter(out, counted))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return file, err
	}
	file.Bytes, file.SHA256 = counted.n, hex.EncodeToString(counted.hash.Sum(nil))
	if e.config.Store.Driver != config.DriverPostgres {
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

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

var (
	errNoBackupDir = errors.New("server.backupDir is not set: name the folder that backups are written into, and restart the server")
	errBackupRuns  = errors.New("a backup is being written already")
)

// adminBackup writes a backup. Where it goes is the operator's configuration
// alone: who reaches the listener can have one made, and neither get it nor
// choose its place.
func (e *Engine) adminBackup(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	b, err := e.Backup(r.Context(), r.URL.Query().Get("tenant"))
	if err != nil {
		status := http.StatusInternalServerError
		var unknown unknownTenantError
		switch {
		case errors.As(err, &unknown):
			status = http.StatusNotFound
		case errors.Is(err, errNoBackupDir), errors.Is(err, errBackupRuns):
			status = http.StatusConflict
		default:
			e.logger.Error("the backup failed", "error", err)
		}
		answer(w, status, map[string]string{"error": err.Error()})
		return
	}
	e.logger.Info("backup written", "folder", b.Folder, "tenants", len(b.Files), "seconds", time.Since(start).Seconds())
	answer(w, http.StatusOK, b)
}

// Restore reads the backup of a tenant into the store of a configuration. The
// tenant must not have records, and no server may use the embedded store. A
// backup is verified first: all of it is restored or nothing.
func Restore(ctx context.Context, cfg *config.Config, id, path string) (err error) {
	if tenantOf(cfg, id) == nil {
		return fmt.Errorf("there is no tenant %q in the configuration; it has %s", id, tenantIDs(cfg))
	}
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if cfg.Store.Driver == config.DriverPostgres {
		p := cfg.Store.Postgres
		s, err := pgstore.Open(ctx, pgstore.Config{URL: p.URL.Reveal(), MaxConns: p.MaxConns})
		if err != nil {
			return err
		}
		return errors.Join(s.Restore(ctx, store.TenantID(id), in), s.Close())
	}
	return boltstore.Restore(ctx, filepath.Join(cfg.Server.DataDir, TenantsDir), store.TenantID(id), in)
}
