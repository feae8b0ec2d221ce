package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/store"
)

// deliveries are the workers that empty the outboxes of tenants. They outlive
// configurations: an entry is delivered by the plugins that are in use then.
type deliveries struct {
	mu      sync.RWMutex
	workers map[string]*delivery
	holder  string // of leases; "" where no other process has the store
}

// delivery is the worker of one tenant.
type delivery struct {
	worker *outbox.Worker
	config config.Outbox
	data   store.Tenant
	stop   context.CancelFunc
	ended  chan struct{}
	counts []outbox.Count // as they were last told
}

// deliverFor makes the workers those that a configuration asks for. It is not
// called twice at a time.
func (e *Engine) deliverFor(ctx context.Context, g *generation) error {
	if err := endAll(e.events.outdated(g)); err != nil {
		return err
	}
	for _, r := range g.tenants {
		if e.worker(r.config.ID) != nil || quarantineOf(r.store) != nil {
			continue
		}
		if err := e.startDelivery(ctx, r); err != nil {
			return fmt.Errorf("outbox of tenant %q: %w", r.config.ID, err)
		}
	}
	return nil
}

// outdated takes the workers out that a configuration does not have, or has
// with other settings.
func (d *deliveries) outdated(g *generation) (list []*delivery) {
	wanted := map[string]config.Outbox{}
	for _, r := range g.tenants {
		wanted[r.config.ID] = r.config.Outbox
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, running := range d.workers {
		if settings, ok := wanted[id]; !ok || settings != running.config {
			delete(d.workers, id)
			list = append(list, running)
		}
	}
	return list
}

// endAll stops workers; deliveries under way are finished first. Those may
// still commit, so no lock is held meanwhile.
func endAll(list []*delivery) error {
	var errs []error
	for _, d := range list {
		d.stop()
	}
	for _, d := range list {
		<-d.ended
		errs = append(errs, d.data.Close())
	}
	return errors.Join(errs...)
}

// startDelivery starts the worker of a tenant whose plugins have events
// delivered, or had: what they left is given up in time, not forgotten.
func (e *Engine) startDelivery(ctx context.Context, r *realm) error {
	id := r.config.ID
	data, err := e.store.Open(ctx, store.TenantID(id), r.schema)
	if err != nil {
		return err
	}
	if !r.api.Plugins.Delivers() {
		page, err := data.List(ctx, store.Query{Model: outbox.Model, Limit: 1})
		if err != nil || len(page.Records) == 0 {
			return errors.Join(err, data.Close())
		}
	}
	c := r.config.Outbox
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	d := &delivery{config: c, data: data, stop: stop, ended: make(chan struct{})}
	d.worker = outbox.New(outbox.Config{
		Store: data, Holder: e.events.holder, Logger: e.logger.With("tenant", id), Now: e.options.Now,
		GiveUpAfter: c.GiveUpAfter.Std(), KeepDead: c.KeepDead.Std(), KeepDone: c.KeepDelivered.Std(), Concurrency: c.Concurrency,
		Deliver: func(ctx context.Context, entry *outbox.Entry, finish outbox.Finish) error {
			return e.deliver(ctx, id, entry, finish)
		},
		Observe: func(entry *outbox.Entry, outcome string) { e.delivered(id, entry, outcome) },
		Counted: func(counts []outbox.Count) { e.countOutbox(id, d, counts) },
	})
	e.events.mu.Lock()
	e.events.workers[id] = d
	e.events.mu.Unlock()
	go func() {
		defer close(d.ended)
		d.worker.Run(run)
	}()
	return nil
}

func (e *Engine) stopDeliveries() error {
	d := &e.events
	d.mu.Lock()
	list := slices.Collect(maps.Values(d.workers))
	d.workers = nil
	d.mu.Unlock()
	return endAll(list)
}

// deliver hands an entry to its plugin as the tenant is configured now.
func (e *Engine) deliver(ctx context.Context, tenant string, entry *outbox.Entry, finish outbox.Finish) error {
	g := e.enter()
	defer g.leave()
	r := g.realm(tenant)
	switch {
	case r == nil:
		return errors.New("the tenant is not served any more")
	case entry.Schedule != "" && turnedOff(r.config, entry.Plugin, entry.Schedule):
		return &outbox.Refused{Reason: "the schedule is turned off in the configuration"}
	}
	ex := r.api.Background()
	defer ex.Close()
	return ex.Deliver(ctx, entry, finish)
}

// delivered notes what came of an attempt to deliver an entry.
func (e *Engine) delivered(tenant string, entry *outbox.Entry, outcome string) {
	if entry.Schedule != "" {
		e.appointmentDone(tenant, entry, outcome)
		return
	}
	e.metrics.Delivery(tenant, entry.Channel(), outcome)
}

// countOutbox shows the counts of a tenant's outbox, and that channels which
// have no entries any more have none.
func (e *Engine) countOutbox(tenant string, d *delivery, counts []outbox.Count) {
	now := map[string]map[string]outbox.Count{}
	for _, c := range d.counts {
		now[c.Channel] = map[string]outbox.Count{}
	}
	for _, c := range counts {
		if now[c.Channel] == nil {
			now[c.Channel] = map[string]outbox.Count{}
		}
		now[c.Channel][c.State] = c
	}
	d.counts = counts
	for channel, states := range now {
		var oldest time.Time
		for _, state := range outbox.States() {
			c := states[state]
			e.metrics.OutboxEntries(tenant, channel, state, c.Entries)
			if !c.Oldest.IsZero() && (oldest.IsZero() || c.Oldest.Before(oldest)) {
				oldest = c.Oldest
			}
		}
		e.metrics.OutboxOldest(tenant, channel, oldest)
	}
}

// worker returns the worker of a tenant's outbox, nil if there is none.
func (e *Engine) worker(tenant string) *outbox.Worker {
	e.events.mu.RLock()
	defer e.events.mu.RUnlock()
	if d := e.events.workers[tenant]; d != nil {
		return d.worker
	}
	return nil
}

// tenantOutbox tells a tenant's worker of committed events.
type tenantOutbox struct {
	engine *Engine
	tenant string
}

// Committed implements dispatch.Outbox.
func (o *tenantOutbox) Committed(lanes []string) {
	if w := o.engine.worker(o.tenant); w != nil {
		w.Committed(lanes)
	}
}
