package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/storage"
	"github.com/authhost/authhost/engine/store"
)

// A tenant whose data is damaged is in quarantine: its requests are answered with
// 503, and nothing is read or written for it. All other tenants are served.

// quarantineRetry is when clients of a tenant in quarantine should try again: an
// operator has to act first.
const quarantineRetry = time.Minute

// openRecords opens a tenant's data. If that is damaged, what it returns refuses
// every call.
func (g *generation) openRecords(ctx context.Context, t *config.Tenant, schema store.Schema) (store.Tenant, error) {
	data, err := g.engine.store.Open(ctx, store.TenantID(t.ID), schema)
	switch {
	case errors.Is(err, store.ErrCorrupt):
		catalog, bad := store.NewCatalog(schema)
		if bad != nil {
			return nil, blueprint.SchemaFault(t, bad)
		}
		g.engine.foundDamage(store.TenantID(t.ID), err)
		data = &quarantined{catalog, &store.QuarantineError{Cause: err}}
	case errors.Is(err, store.ErrInvalid):
		return nil, blueprint.SchemaFault(t, err)
	case err != nil:
		return nil, fmt.Errorf("tenant %q: %w", t.ID, err)
	default:
		g.engine.metrics.Quarantined(t.ID, false)
	}
	g.onClose(func(context.Context) error { return data.Close() })
	return data, nil
}

// foundDamage tells the operator of a tenant whose data is damaged.
func (e *Engine) foundDamage(id store.TenantID, err error) {
	e.metrics.Quarantined(string(id), true)
	e.logger.Error("the data of a tenant is damaged; its requests are answered with 503, all other tenants are served", "tenant", string(id), "error", err,
		"remedy", fmt.Sprintf("look at the disk; stop the server, move the tenant's files out of %s, run \"authhost restore --tenant %s BACKUP\", and start the server",
			storage.TenantsFolder(e.config.Server.DataDir), id))
}

// quarantineOf returns what is wrong with a tenant's data, nil if nothing is.
func quarantineOf(data store.Tenant) error {
	if q, ok := data.(store.Quarantined); ok {
		return q.Quarantine()
	}
	return nil
}

// unlessQuarantined refuses the requests of a tenant whose data is damaged, also
// those that would not need the data: whoever watches the tenant is to see it.
func (g *generation) unlessQuarantined(id string, data store.Tenant, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := quarantineOf(data)
		if err == nil {
			next.ServeHTTP(w, r)
			return
		}
		refusal := apierror.Unavailable(err)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", strconv.Itoa(int(quarantineRetry.Seconds())))
		w.WriteHeader(refusal.Status)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": refusal.Code, "message": refusal.Message}) // the client went away
		g.engine.metrics.Request(id, r.Method, "", refusal.Status, 0)
	})
}

// quarantined is the data of a tenant that could not be opened.
type quarantined struct {
	catalog *store.Catalog
	err     *store.QuarantineError
}

var _ store.Quarantined = (*quarantined)(nil)

func (q *quarantined) Quarantine() error       { return q.err }
func (q *quarantined) Catalog() *store.Catalog { return q.catalog }

func (q *quarantined) Get(context.Context, string, string) (*store.Record, error) { return nil, q.err }

func (q *quarantined) Find(context.Context, string, string, ...document.Value) (*store.Record, error) {
	return nil, q.err
}

func (q *quarantined) GetMany(context.Context, string, []string) ([]*store.Record, error) {
	return nil, q.err
}

func (q *quarantined) List(context.Context, store.Query) (store.Page, error) {
	return store.Page{}, q.err
}

func (q *quarantined) Count(context.Context, store.Query) (int, error) { return 0, q.err }

func (q *quarantined) Apply(context.Context, []store.Op) error { return q.err }

func (q *quarantined) Consume(context.Context, string, string, ...document.Value) (*store.Record, error) {
	return nil, q.err
}

func (q *quarantined) Increment(context.Context, string, string, string, int64) (int64, error) {
	return 0, q.err
}

func (q *quarantined) Check(context.Context) error             { return q.err }
func (q *quarantined) Backup(context.Context, io.Writer) error { return q.err }
func (q *quarantined) Close() error                            { return nil }
