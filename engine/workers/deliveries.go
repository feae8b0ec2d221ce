package workers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/store"
)

// delivery is the worker of one tenant's outbox.
type delivery struct {
	worker *outbox.Worker
	config config.Outbox
	data   store.Tenant
	stop   context.CancelFunc
	ended  chan struct{}
	counts []outbox.Count // as they were last told
}

// deliverFor makes the deliveries those that tenants ask for. It is not called
// twice at a time.
func (g *Group) deliverFor(ctx context.Context, tenants []*Tenant) error {
	if err := endAll(g.outdated(tenants)); err != nil {
		return err
	}
	for _, t := range tenants {
		if g.Outbox(t.Settings.ID) != nil {
			continue
		}
		if err := g.startDelivery(ctx, t); err != nil {
			return fmt.Errorf("outbox of tenant %q: %w", t.Settings.ID, err)
		}
	}
	return nil
}

// outdated takes the workers out that a configuration does not have, or has
// with other settings.
func (g *Group) outdated(tenants []*Tenant) (list []*delivery) {
	wanted := map[string]config.Outbox{}
	for _, t := range tenants {
		wanted[t.Settings.ID] = t.Settings.Outbox
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, running := range g.deliveries {
		if settings, ok := wanted[id]; !ok || settings != running.config {
			delete(g.deliveries, id)
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

// idlePoll is how often the worker of a tenant that sends messages, and has no
// events delivered, looks for what another process has left: there may be
// thousands of such tenants.
const idlePoll = outbox.LeaseFor

// startDelivery starts the worker of a tenant whose plugins send messages or have
// events delivered, or did: what they left is given up in time, not forgotten.
func (g *Group) startDelivery(ctx context.Context, t *Tenant) error {
	id := t.Settings.ID
	data, err := g.Store.Open(ctx, store.TenantID(id), t.Schema)
	if err != nil {
		return err
	}
	delivers := t.API.Plugins.Delivers()
	if !delivers && !t.posts() {
		page, err := data.List(ctx, store.Query{Model: outbox.Model, Limit: 1})
		if err != nil || len(page.Records) == 0 {
			return errors.Join(err, data.Close())
		}
	}
	c, poll := t.Settings.Outbox, time.Duration(0)
	if !delivers {
		poll = idlePoll
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	d := &delivery{config: c, data: data, stop: stop, ended: make(chan struct{})}
	d.worker = outbox.New(outbox.Config{
		Store: data, Holder: g.Holder, Logger: g.Logger.With("tenant", id), Now: g.Now,
		PollEvery: poll, GiveUpAfter: c.GiveUpAfter.Std(), GiveUpMessagesAfter: c.GiveUpMessagesAfter.Std(),
		KeepDead: c.KeepDead.Std(), KeepDone: c.KeepDelivered.Std(), Concurrency: c.Concurrency,
		Deliver: func(ctx context.Context, entry *outbox.Entry, finish outbox.Finish) error {
			return g.deliver(ctx, id, entry, finish)
		},
		Observe: func(entry *outbox.Entry, outcome string) { g.delivered(id, entry, outcome) },
		Counted: func(counts []outbox.Count) { g.countOutbox(id, d, counts) },
	})
	g.mu.Lock()
	g.deliveries[id] = d
	g.mu.Unlock()
	go func() {
		defer close(d.ended)
		d.worker.Run(run)
	}()
	return nil
}

func (g *Group) stopDeliveries() error {
	g.mu.Lock()
	list := slices.Collect(maps.Values(g.deliveries))
	g.deliveries = nil
	g.mu.Unlock()
	return endAll(list)
}

// deliver hands an entry to its plugin as the tenant is configured now.
func (g *Group) deliver(ctx context.Context, tenant string, entry *outbox.Entry, finish outbox.Finish) error {
	t, leave := g.Served(tenant)
	defer leave()
	switch {
	case t == nil:
		return errors.New("the tenant is not served any more")
	case entry.Message != "":
		return t.send(ctx, entry, finish)
	case entry.Schedule != "" && turnedOff(t.Settings, entry.Plugin, entry.Schedule):
		return &outbox.Refused{Reason: "the schedule is turned off in the configuration"}
	}
	ex := t.API.Background()
	defer ex.Close()
	return ex.Deliver(ctx, entry, finish)
}

// delivered notes what came of an attempt to deliver an entry.
func (g *Group) delivered(tenant string, entry *outbox.Entry, outcome string) {
	switch {
	case entry.Message != "":
		g.messageTried(entry, outcome)
	case entry.Schedule != "":
		g.appointmentDone(tenant, entry, outcome)
	default:
		g.Metrics.Delivery(tenant, entry.Channel(), outcome)
	}
}

// countOutbox shows the counts of a tenant's outbox, and that channels which
// have no entries any more have none.
func (g *Group) countOutbox(tenant string, d *delivery, counts []outbox.Count) {
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
			g.Metrics.OutboxEntries(tenant, channel, state, c.Entries)
			if !c.Oldest.IsZero() && (oldest.IsZero() || c.Oldest.Before(oldest)) {
				oldest = c.Oldest
			}
		}
		g.Metrics.OutboxOldest(tenant, channel, oldest)
	}
}

// Outbox returns the worker of a tenant's outbox, nil if there is none.
func (g *Group) Outbox(tenant string) *outbox.Worker {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if d := g.deliveries[tenant]; d != nil {
		return d.worker
	}
	return nil
}

// Announce returns what tells a tenant's worker of committed events.
func (g *Group) Announce(tenant string) dispatch.Outbox { return announcer{g, tenant} }

type announcer struct {
	group  *Group
	tenant string
}

// Committed implements dispatch.Outbox.
func (a announcer) Committed(lanes []string) {
	if w := a.group.Outbox(a.tenant); w != nil {
		w.Committed(lanes)
	}
}
