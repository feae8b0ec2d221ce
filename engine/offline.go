package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/importer"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/pgstore"
)

// Offline is the data of one tenant, opened without serving it.
type Offline struct {
	importer.Target
	// Where says in a few words where the records are.
	Where string

	store store.Store
	copy  string // the folder of a rehearsal, which goes with it
}

// OpenOffline opens a tenant's records with the schema that its plugins and its
// configuration give them, for work that no server should be in the way of. The
// embedded store belongs to one process at a time: while a server runs, the
// error says so. Of the options, BuiltIn and Logger count.
func OpenOffline(ctx context.Context, cfg *config.Config, id string, o Options) (*Offline, error) {
	return openOffline(ctx, cfg, id, o, false)
}

// Rehearse is OpenOffline for work that only reads: it leaves the store as it
// is. A tenant of the embedded store is copied, to the system's folder for
// temporary files, and one that is not there yet is empty and is not made. In
// PostgreSQL, the tables are made if there are none, and the schema of a tenant
// that is there grows as at the start of the server.
func Rehearse(ctx context.Context, cfg *config.Config, id string, o Options) (*Offline, error) {
	return openOffline(ctx, cfg, id, o, true)
}

func openOffline(ctx context.Context, cfg *config.Config, id string, o Options, dry bool) (_ *Offline, err error) {
	t := tenantOf(cfg, id)
	if t == nil {
		return nil, fmt.Errorf("there is no tenant %q in the configuration; it has %s", id, tenantIDs(cfg))
	}
	if o.BuiltIn == nil {
		o.BuiltIn = noBuiltIn
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	manifests, err := manifestsOf(t, o.BuiltIn)
	if err != nil {
		return nil, err
	}
	schema, _, err := tenantSchema(t, manifests)
	if err != nil {
		return nil, schemaFault(t, err)
	}
	hasher, err := secret.NewHasher(secret.HasherConfig{})
	if err != nil {
		return nil, err
	}
	e := &Engine{config: cfg, options: o, logger: o.Logger}
	folder, err := e.openTenantStore(ctx, store.TenantID(id), dry)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.store.Close(), removeCopy(folder))
		}
	}()
	secrets, err := (&generation{Engine: e, config: cfg}).tenantSecrets(t)
	if err != nil {
		return nil, err
	}
	data, err := e.store.Open(ctx, store.TenantID(id), schema)
	if err != nil {
		return nil, fmt.Errorf("tenant %q: %w", id, err)
	}
	where := "PostgreSQL"
	if cfg.Store.Driver != config.DriverPostgres {
		where = filepath.Join(cfg.Server.DataDir, TenantsDir)
	}
	return &Offline{
		Target: importer.Target{
			Tenant: id, Store: data, Secrets: secrets, Keys: &keyStore{store: data, secrets: secrets}, Passwords: hasher, Plugins: manifests,
		},
		Where: where, store: e.store, copy: folder,
	}, nil
}

// Close closes the records.
func (o *Offline) Close() error {
	return errors.Join(o.Store.Close(), o.store.Close(), removeCopy(o.copy))
}

// openTenantStore opens the store or, for a rehearsal, one in a folder of its
// own: with a copy of the tenant, or empty if there is none.
func (e *Engine) openTenantStore(ctx context.Context, id store.TenantID, dry bool) (folder string, err error) {
	if !dry {
		return "", errors.Join(e.openData(ctx), e.openStore(ctx))
	}
	if e.config.Store.Driver == config.DriverPostgres {
		if err := e.openStore(ctx); err != nil {
			return "", err
		}
		exists, err := e.store.(*pgstore.Store).Has(ctx, id)
		if exists && err == nil {
			return "", nil
		}
		if err = errors.Join(err, e.store.Close()); err != nil {
			return "", e.storeFault(err)
		}
	}
	if folder, err = os.MkdirTemp("", "authhost-rehearsal-"); err != nil {
		return "", err
	}
	if e.config.Store.Driver != config.DriverPostgres {
		err = boltstore.Rehearse(boltstore.Config{Dir: filepath.Join(e.config.Server.DataDir, TenantsDir), Logger: e.logger}, id, folder)
	}
	if err == nil {
		e.store, err = boltstore.Open(boltstore.Config{Dir: folder, Logger: e.logger})
	}
	if err != nil {
		return "", errors.Join(e.storeFault(err), removeCopy(folder))
	}
	return folder, nil
}

func removeCopy(folder string) error {
	if folder == "" {
		return nil
	}
	return os.RemoveAll(folder)
}

func tenantOf(cfg *config.Config, id string) *config.Tenant {
	for i := range cfg.Tenants {
		if cfg.Tenants[i].ID == id {
			return &cfg.Tenants[i]
		}
	}
	return nil
}

func tenantIDs(cfg *config.Config) string {
	list := ""
	for i, t := range cfg.Tenants {
		if i > 0 {
			list += ", "
		}
		list += t.ID
	}
	return list
}
