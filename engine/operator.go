package engine

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/authhost/authhost/engine/admin"
	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/backup"
	"github.com/authhost/authhost/engine/bench"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/tenant"
)

// Admin serves the operator's listener, see admin.Handler.
func (e *Engine) Admin() http.Handler {
	s := e.config.Server
	return admin.Handler(admin.Config{
		Server: operator{e}, Metrics: e.metrics.Handler(), Listen: s.Admin, Hosts: s.AdminHosts, Token: e.adminToken,
		Development: s.Development, Mails: e.messages.caughtMails, Messages: e.messages.caughtTexts, Logger: e.logger,
	})
}

// AdminToken is what the operator's listener asks for.
func (e *Engine) AdminToken() string { return e.adminToken }

// operator is the engine as the operator's listener asks it.
type operator struct{ engine *Engine }

var _ admin.Server = operator{}

// Tenant implements admin.Server.
func (o operator) Tenant(id string) *admin.Tenant {
	e := o.engine
	r := e.current.Load().realm(id)
	if r == nil {
		return nil
	}
	return &admin.Tenant{
		ID: id, API: r.api, Store: r.store, Keys: r.ring, Outbox: e.workers.Outbox(id),
		Forget: func(ctx context.Context) error {
			if e.redis == nil {
				return nil
			}
			return e.redis.Forget(ctx, id)
		},
		RunSchedule: func(ctx context.Context, plugin, name string) error {
			return e.workers.RunSchedule(ctx, id, plugin, name, e.options.Now())
		},
	}
}

// Health implements admin.Server.
func (o operator) Health() admin.Health {
	e := o.engine
	var h admin.Health
	if e.draining.Load() {
		h.Faults, h.Down = append(h.Faults, "unavailable: the server is stopping"), true
	}
	if s := e.storeHealth(); s.Err != nil {
		h.Faults, h.Down = append(h.Faults, fmt.Sprintf("unavailable: %s has not answered since %s: %v", s.Name, s.Since.UTC().Format(time.RFC3339), s.Err)), true
	}
	if since, err := e.audit.Failure(); err != nil {
		h.Down = h.Down || e.config.Audit.OnFailure != audit.Count
		h.Faults = append(h.Faults, fmt.Sprintf("degraded: the audit log cannot be written since %s: %v", since.UTC().Format(time.RFC3339), err))
	}
	for _, t := range e.current.Load().tenants {
		if err := quarantineOf(t.store); err != nil {
			h.Parts = append(h.Parts, fmt.Sprintf("degraded: tenant %s is answered with 503: %v", t.config.ID, err))
		}
		for _, p := range t.api.Plugins.Plugins() {
			if m := p.Module.Health(); !m.OpenUntil.IsZero() {
				h.Parts = append(h.Parts, fmt.Sprintf("degraded: tenant %s, plugin %s failed %d times in a row and is not called for a while", t.config.ID, p.ID, m.Failures))
			}
		}
	}
	return h
}

// Backup implements admin.Server.
func (o operator) Backup(ctx context.Context, tenant string) (*backup.Backup, error) {
	return o.engine.Backup(ctx, tenant)
}

// Rollback implements admin.Server.
func (o operator) Rollback() error { return o.engine.Rollback() }

// storeHealth tells whether the store's database answers.
func (e *Engine) storeHealth() store.Health {
	if m, can := e.store.(store.Monitored); can {
		return m.Health()
	}
	return store.Health{}
}

// Backup copies the records of one tenant, or of all if id is "", into a new
// folder in server.backupDir, while they are in use; see backup.Writer. Of all
// tenants, those whose data is damaged are left out, and named.
func (e *Engine) Backup(ctx context.Context, id string) (*backup.Backup, error) {
	g := e.enter()
	defer g.leave()
	var wanted []backup.Tenant
	for _, t := range g.tenants {
		if id == "" || t.config.ID == id {
			wanted = append(wanted, backup.Tenant{ID: t.config.ID, Store: t.store})
		}
	}
	if len(wanted) == 0 && e.config.Server.BackupDir != "" {
		return nil, tenant.UnknownError(id)
	}
	return e.backups.Write(ctx, wanted, id == "")
}

// Bench returns a tenant of the current configuration to use by hand. It must
// not be used after Close or Reload.
func (e *Engine) Bench(id string) (*bench.Bench, error) {
	r := e.current.Load().realm(id)
	if r == nil {
		return nil, tenant.UnknownError(id)
	}
	return bench.New(bench.Config{API: r.api, Store: r.store, UserFields: r.userFields, Mails: e.messages.caughtMails, Messages: e.messages.caughtTexts}), nil
}
