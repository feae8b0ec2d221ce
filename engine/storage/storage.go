package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/private"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/pgstore"
)

// TenantsFolder is where the embedded store is below a data folder.
func TenantsFolder(dataDir string) string { return filepath.Join(dataDir, "tenants") }

// Prepare makes the data folder, for this user only, and refuses one that
// others may write to or that cannot be written.
func Prepare(cfg *config.Config) error {
	dir := cfg.Server.DataDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return folderFault(cfg, dir, err)
	}
	for _, folder := range []string{dir, TenantsFolder(dir)} {
		if fault, remedy := private.Folder(folder); fault != "" {
			return cfg.Origin.Fault("/server/dataDir", "data "+fault, remedy)
		}
	}
	probe, err := os.CreateTemp(dir, ".write-*")
	if err != nil {
		return folderFault(cfg, dir, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Options are what Open needs besides the configuration; see boltstore.Config.
type Options struct {
	Logger    *slog.Logger
	OnFailure func(error)
	OnDamage  func(store.TenantID, error)
}

// Open opens the store of a configuration. The error is a fault of it.
func Open(ctx context.Context, cfg *config.Config, o Options) (store.Store, error) {
	if cfg.Store.Driver == config.DriverPostgres {
		p := cfg.Store.Postgres
		s, err := pgstore.Open(ctx, pgstore.Config{URL: p.URL.Reveal(), MaxConns: p.MaxConns, Timeout: p.Timeout.Std()})
		if err != nil {
			return nil, Fault(cfg, err)
		}
		return s, nil
	}
	s, err := boltstore.Open(boltstore.Config{
		Dir: TenantsFolder(cfg.Server.DataDir), Logger: o.Logger, OnFailure: o.OnFailure, OnDamage: o.OnDamage,
	})
	if err != nil {
		return nil, Fault(cfg, err)
	}
	return s, nil
}

// Fault says why the store of a configuration cannot be opened.
func Fault(cfg *config.Config, err error) error {
	if cfg.Store.Driver == config.DriverPostgres {
		return cfg.Origin.Fault("/store/postgres/url", err.Error(), "check that the database runs and that the URL is right")
	}
	var locked *boltstore.LockedError
	if errors.As(err, &locked) {
		return cfg.Origin.Fault("/server/dataDir", fmt.Sprintf("data folder %s is in use by another process", cfg.Server.DataDir),
			"stop that process, or set server.dataDir to another folder")
	}
	return folderFault(cfg, TenantsFolder(cfg.Server.DataDir), err)
}

// folderFault says that the data folder, or a part of it, cannot be used.
func folderFault(cfg *config.Config, path string, err error) error {
	return cfg.Origin.Fault("/server/dataDir", fmt.Sprintf("data folder %s: %v", path, config.Cause(err)),
		"give this user write access, or set server.dataDir to another folder")
}

// Secrets returns the configured secrets of a tenant. In development one is made
// and kept in the data folder.
func Secrets(cfg *config.Config, t *config.Tenant) (*secret.Secrets, error) {
	var versions []secret.Version
	for _, v := range t.Secrets {
		versions = append(versions, secret.Version{Version: v.Version, Value: v.Value.Reveal()})
	}
	if t.Secret != "" {
		versions = append(versions, secret.Version{Value: t.Secret.Reveal()})
	}
	if len(versions) == 0 {
		value, err := private.Secret(filepath.Join(cfg.Server.DataDir, "development-secret-"+t.ID))
		if err != nil {
			return nil, fmt.Errorf("development secret of tenant %q: %w", t.ID, err)
		}
		versions = []secret.Version{{Value: value}}
	}
	s, err := secret.New(versions)
	if err != nil {
		return nil, t.Origin.Fault("/secret", err.Error(), "")
	}
	return s, nil
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
