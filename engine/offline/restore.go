package offline

import (
	"context"
	"errors"
	"os"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/storage"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/pgstore"
)

// Restore reads the backup of a tenant into the store of a configuration. The
// tenant must not have records, and no server may use the embedded store. A
// backup is verified first: all of it is restored or nothing.
func Restore(ctx context.Context, cfg *config.Config, id, path string) (err error) {
	if cfg.Tenant(id) == nil {
		return unknown(cfg, id)
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
	return boltstore.Restore(ctx, storage.TenantsFolder(cfg.Server.DataDir), store.TenantID(id), in)
}

// Check verifies every file of the embedded store in a data folder, and tells
// found of each; see boltstore.CheckDir.
func Check(ctx context.Context, dataDir string, found func(path string, err error)) (files int, err error) {
	return boltstore.CheckDir(ctx, storage.TenantsFolder(dataDir), found)
}

// Compact rewrites every file of the embedded store in a data folder without the
// room of deleted records, and tells done of each; see boltstore.CompactDir.
func Compact(ctx context.Context, dataDir string, done func(path string, before, after int64, err error)) (files int, err error) {
	return boltstore.CompactDir(ctx, storage.TenantsFolder(dataDir), done)
}
