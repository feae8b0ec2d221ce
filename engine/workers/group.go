package workers

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/telemetry"
)

// Tenant is a tenant that there is work for.
type Tenant struct {
	Settings *config.Tenant
	API      *httpapi.API
	Schema   store.Schema
	Jobs     []schedule.Job // of its plugins
	Store    store.Tenant   // open as long as the tenant is served
	Ways     map[string]Way // of the messages that leave by its outbox, by kind
}

// Config is what workers use.
type Config struct {
	Store   store.Store
	Holder  string // of leases; "" where no other process has the store
	Logger  *slog.Logger
	Metrics *telemetry.Metrics
	Now     func() time.Time
	// Served returns a tenant as it is served now, nil if it is not, and keeps
	// it open until leave is called.
	Served func(tenant string) (t *Tenant, leave func())
	// Record notes an event of an exchange in the audit log.
	Record func(*dispatch.Exchange, audit.Event)
}

// Group is the workers of all tenants. Its methods are safe for concurrent use,
// but for WorkFor.
type Group struct {
	Config
	schedulers []*scheduler // those that run

	mu         sync.RWMutex
	deliveries map[string]*delivery // by tenant
}

// New returns a group without work.
func New(c Config) *Group { return &Group{Config: c, deliveries: map[string]*delivery{}} }

// WorkFor makes the tenants those that there is work for. Work under way is
// finished first where a worker ends. It is not called twice at a time.
func (g *Group) WorkFor(ctx context.Context, tenants []*Tenant) error {
	if err := g.deliverFor(ctx, tenants); err != nil {
		return err
	}
	return g.scheduleFor(ctx, tenants)
}

// Close ends all work.
func (g *Group) Close() error { return errors.Join(g.stopSchedules(), g.stopDeliveries()) }
