package offline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/importer"
	"github.com/authhost/authhost/engine/keystore"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/storage"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/pgstore"
)

// Tenant is the data of one tenant, opened without serving it.
type Tenant struct {
	importer.Target
	// Where says in a few words where the records are.
	Where string

	store store.Store
	copy  string // the folder of a rehearsal, which goes with it
}

// Options are what Open and Rehearse need besides the configuration.
type Options struct {
	// BuiltIn returns the module of a built-in plugin; nil means that there
	// are none.
	BuiltIn func(id string) ([]byte, error)
	// Logger takes what there is to say; default: discarded.
	Logger *slog.Logger
}

// Open opens a tenant's records with the schema that its plugins and its
// configuration give them, for work that no server should be in the way of. The
// embedded store belongs to one process at a time: while a server runs, the
// error says so.
func Open(ctx context.Context, cfg *config.Config, id string, o Options) (*Tenant, error) {
	return open(ctx, cfg, id, o, openStore)
}

// Rehearse is Open for work that only reads: it leaves the store as it is. A
// tenant of the embedded store is copied, to the system's folder for temporary
// files, and one that is not there yet is empty and is not made. In PostgreSQL,
// the tables are made if there are none, and the schema of a tenant that is
// there grows as at the start of the server.
func Rehearse(ctx context.Context, cfg *config.Config, id string, o Options) (*Tenant, error) {
	return open(ctx, cfg, id, o, openCopy)
}

// opener opens a store for a tenant. folder is of this work alone, and goes
// with it; "" if there is none.
type opener func(ctx context.Context, cfg *config.Config, id store.TenantID, logger *slog.Logger) (s store.Store, folder string, err error)

func open(ctx context.Context, cfg *config.Config, id string, o Options, opens opener) (_ *Tenant, err error) {
	t := cfg.Tenant(id)
	if t == nil {
		return nil, unknown(cfg, id)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	manifests, err := blueprint.Manifests(t, o.BuiltIn)
	if err != nil {
		return nil, err
	}
	schema, err := blueprint.Schema(t, manifests)
	if err != nil {
		return nil, err
	}
	hasher, err := secret.NewHasher(secret.HasherConfig{})
	if err != nil {
		return nil, err
	}
	s, folder, err := opens(ctx, cfg, store.TenantID(id), o.Logger)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(), removeCopy(folder))
		}
	}()
	secrets, err := storage.Secrets(cfg, t)
	if err != nil {
		return nil, err
	}
	data, err := s.Open(ctx, store.TenantID(id), schema)
	if err != nil {
		return nil, fmt.Errorf("tenant %q: %w", id, err)
	}
	where := "PostgreSQL"
	if cfg.Store.Driver != config.DriverPostgres {
		where = storage.TenantsFolder(cfg.Server.DataDir)
	}
	return &Tenant{
		Target: importer.Target{
			Tenant: id, Store: data, Secrets: secrets, Keys: keystore.New(data, secrets), Passwords: hasher, Plugins: manifests,
		},
		Where: where, store: s, copy: folder,
	}, nil
}

// Close closes the records.
func (t *Tenant) Close() error {
	return errors.Join(t.Store.Close(), t.store.Close(), removeCopy(t.copy))
}

// openStore opens the store that the server uses.
func openStore(ctx context.Context, cfg *config.Config, _ store.TenantID, logger *slog.Logger) (s store.Store, folder string, err error) {
	if err := storage.Prepare(cfg); err != nil {
		return nil, "", err
	}
	s, err = storage.Open(ctx, cfg, storage.Options{Logger: logger})
	return s, "", err
}

// openCopy opens a store in a folder of its own: with a copy of the tenant, or
// empty if there is none. Only a tenant that is in PostgreSQL already is opened
// there.
func openCopy(ctx context.Context, cfg *config.Config, id store.TenantID, logger *slog.Logger) (s store.Store, folder string, err error) {
	embedded := cfg.Store.Driver != config.DriverPostgres
	if !embedded {
		if s, err = openIfThere(ctx, cfg, id, logger); s != nil || err != nil {
			return s, "", err
		}
	}
	if folder, err = os.MkdirTemp("", "authhost-rehearsal-"); err != nil {
		return nil, "", err
	}
	if embedded {
		err = boltstore.Rehearse(boltstore.Config{Dir: storage.TenantsFolder(cfg.Server.DataDir), Logger: logger}, id, folder)
	}
	if err == nil {
		s, err = boltstore.Open(boltstore.Config{Dir: folder, Logger: logger})
	}
	if err != nil {
		return nil, "", errors.Join(storage.Fault(cfg, err), removeCopy(folder))
	}
	return s, folder, nil
}

// openIfThere opens the PostgreSQL of a configuration if it has records of a
// tenant; else the store is nil.
func openIfThere(ctx context.Context, cfg *config.Config, id store.TenantID, logger *slog.Logger) (store.Store, error) {
	s, err := storage.Open(ctx, cfg, storage.Options{Logger: logger})
	if err != nil {
		return nil, err
	}
	exists, err := s.(*pgstore.Store).Has(ctx, id)
	if exists && err == nil {
		return s, nil
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, storage.Fault(cfg, err)
	}
	return nil, nil
}

func removeCopy(folder string) error {
	if folder == "" {
		return nil
	}
	return os.RemoveAll(folder)
}

func unknown(cfg *config.Config, id string) error {
	return fmt.Errorf("there is no tenant %q in the configuration; it has %s", id, cfg.TenantIDs())
}
