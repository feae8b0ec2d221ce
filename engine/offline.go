package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/importer"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// Offline is the data of one tenant, opened without serving it.
type Offline struct {
	importer.Target
	// Where says in a few words where the records are.
	Where string

	store store.Store
}

// OpenOffline opens a tenant's records with the schema that its plugins and its
// configuration give them, for work that no server should be in the way of. The
// embedded store belongs to one process at a time: while a server runs, the
// error says so. Of the options, BuiltIn and Logger count.
func OpenOffline(ctx context.Context, cfg *config.Config, id string, o Options) (_ *Offline, err error) {
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
	if err := errors.Join(e.openData(ctx), e.openStore(ctx)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.store.Close())
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
		Where: where, store: e.store,
	}, nil
}

// Close closes the records.
func (o *Offline) Close() error { return errors.Join(o.Store.Close(), o.store.Close()) }

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
