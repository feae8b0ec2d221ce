package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/tenant"
	"github.com/authhost/authhost/engine/workers"
)

// generation is one loaded configuration: its modules and tenants, beside the
// parts of the engine that outlive it. A request stays with the generation
// that it began with.
type generation struct {
	engine   *Engine
	config   *config.Config
	modules  map[string]*loaded // by file or built-in id
	tenants  []*realm
	registry *tenant.Registry
	tables   httpapi.Tables // of its tenants
	closers  []func(context.Context) error

	requests atomic.Int64
	retired  atomic.Bool
	closed   atomic.Bool

	roll       roll                     // of before it is served
	gone       atomic.Pointer[[]*realm] // tenants whose data is to be closed
	incomplete atomic.Bool              // some tenants were closed, which a rollback needs
}

// newGeneration makes a configuration ready beside the one that is served:
// every module compiled and probed, every tenant open. When it fails, nothing
// of it is left.
func (e *Engine) newGeneration(ctx context.Context, cfg *config.Config) (_ *generation, err error) {
	g := &generation{engine: e, config: cfg, modules: map[string]*loaded{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close(context.WithoutCancel(ctx)))
		}
	}()
	if g.roll, err = readRoll(cfg.Server.DataDir); err != nil {
		return nil, err
	}
	if err := g.loadModules(ctx); err != nil {
		return nil, err
	}
	var front []*tenant.Tenant
	for i := range cfg.Tenants {
		r, err := g.openTenant(ctx, &cfg.Tenants[i])
		if err != nil {
			return nil, err
		}
		g.tenants = append(g.tenants, r)
		front = append(front, r.front)
	}
	g.registry, err = tenant.NewRegistry(append(front, g.places()...))
	return g, err
}

// realm returns a tenant by its id, nil if the configuration does not have it.
func (g *generation) realm(id string) *realm {
	i := slices.IndexFunc(g.tenants, func(r *realm) bool { return r.config.ID == id })
	if i < 0 {
		return nil
	}
	return g.tenants[i]
}

func (g *generation) onClose(f func(context.Context) error) { g.closers = append(g.closers, f) }

func (g *generation) close(ctx context.Context) error {
	if g == nil || !g.closed.CompareAndSwap(false, true) {
		return nil
	}
	var errs []error
	for _, f := range slices.Backward(g.closers) {
		errs = append(errs, f(ctx))
	}
	return errors.Join(errs...)
}

// enter returns the generation to serve a request with; leave ends that.
func (e *Engine) enter() *generation {
	for {
		g := e.current.Load()
		g.requests.Add(1)
		if !g.retired.Load() {
			return g
		}
		g.leave() // it was retired in between: there is a newer one
	}
}

func (g *generation) leave() {
	if g.requests.Add(-1) > 0 {
		return
	}
	g.closeGone()
	if g.retired.Load() {
		g.drained()
	}
}

// retire closes the generation as soon as its last request has ended.
func (g *generation) retire() {
	if g == nil {
		return
	}
	g.retired.Store(true)
	if g.requests.Load() == 0 {
		g.drained()
	}
}

func (g *generation) drained() {
	if err := g.close(context.Background()); err != nil {
		g.engine.logger.Error("a replaced configuration did not close cleanly", "error", err)
	}
}

// Reload replaces tenants and plugins by those of another configuration,
// without losing a request: everything is loaded, compiled and probed first,
// then swapped at once; requests under way end with what they began with. On
// an error everything stays as it is. The replaced configuration is kept for
// Rollback. Listeners, the store, mail, text messages and the other settings of the process
// can only change with a restart, and Reload says so.
func (e *Engine) Reload(ctx context.Context, cfg *config.Config) error {
	e.swap.Lock()
	defer e.swap.Unlock()
	if err := e.sameProcess(cfg); err != nil {
		return err
	}
	next, err := e.newGeneration(ctx, cfg)
	if err != nil {
		return err
	}
	if have, want := sorted(e.current.Load().registry.Listeners()), sorted(next.registry.Listeners()); !slices.Equal(have, want) {
		return errors.Join(fmt.Errorf("the listeners change from %v to %v; restart the server for that", have, want), next.close(ctx))
	}
	e.previous.retire()
	e.previous = e.current.Swap(next)
	err = errors.Join(e.workFor(ctx, next), e.callRoll(next))
	e.previous.dropGone(next)
	return err
}

// workFor makes what is not a request's that of a configuration: shares of the
// counters, deliveries and schedules.
func (e *Engine) workFor(ctx context.Context, g *generation) error {
	e.counters.divide(e.config.Server.MaxCounters, g.tenants)
	var work []*workers.Tenant
	for _, r := range g.tenants {
		if quarantineOf(r.store) == nil {
			work = append(work, r.work)
		}
	}
	return e.workers.WorkFor(ctx, work)
}

// Rollback goes back to the configuration before the last Reload, which is
// still loaded.
func (e *Engine) Rollback() error {
	e.swap.Lock()
	defer e.swap.Unlock()
	if e.previous == nil {
		return errors.New("there is no earlier configuration to go back to")
	}
	back, err := e.whole(e.previous)
	if err != nil {
		return err
	}
	failed := e.current.Swap(back)
	e.previous = nil
	failed.retire()
	return errors.Join(e.workFor(context.Background(), back), e.callRoll(back))
}

// whole returns a generation to go back to. One whose tenants were closed, because
// the next did not have them, is made once more: to go back is to ask for their
// records.
func (e *Engine) whole(g *generation) (*generation, error) {
	if !g.incomplete.Load() {
		return g, nil
	}
	cfg := *g.config
	cfg.Tenants = slices.Clone(cfg.Tenants)
	for i := range cfg.Tenants {
		cfg.Tenants[i].Revive = true
	}
	again, err := e.newGeneration(context.Background(), &cfg)
	if err == nil {
		g.retire()
	}
	return again, err
}

// sameProcess refuses changes of what only a restart can change.
func (e *Engine) sameProcess(cfg *config.Config) error {
	for _, part := range []struct {
		name       string
		have, want any
	}{
		{"server", e.config.Server, cfg.Server},
		{"store", e.config.Store, cfg.Store},
		{"redis", e.config.Redis, cfg.Redis},
		{"mail", e.config.Mail, cfg.Mail},
		{"sms", e.config.SMS, cfg.SMS},
		{"audit", e.config.Audit, cfg.Audit},
		{"limits", e.config.Limits, cfg.Limits},
	} {
		if !reflect.DeepEqual(part.have, part.want) {
			return fmt.Errorf("the settings of %s change; restart the server for that", part.name)
		}
	}
	return nil
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
