package workers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Outcomes of a run of a schedule, for metrics.
const (
	scheduleOK     = "ok"
	scheduleFailed = "failed"
	scheduleRetry  = "retry" // an appointment, which is tried again
)

// scheduler is the worker of one tenant's schedules.
type scheduler struct {
	data  store.Tenant
	stop  context.CancelFunc
	ended chan struct{}
}

// scheduleFor makes the schedules that run those of tenants. It is not called
// twice at a time.
func (g *Group) scheduleFor(ctx context.Context, tenants []*Tenant) error {
	if err := g.stopSchedules(); err != nil {
		return err
	}
	for _, t := range tenants {
		sweep, err := sweepJob(t.Settings.ID)
		if err != nil {
			return err
		}
		data, err := g.Store.Open(ctx, store.TenantID(t.Settings.ID), t.Schema)
		if err != nil {
			return fmt.Errorf("schedules of tenant %q: %w", t.Settings.ID, err)
		}
		g.schedulers = append(g.schedulers, g.startScheduler(ctx, t, append(slices.Clone(t.Jobs), sweep), data))
	}
	return nil
}

func (g *Group) startScheduler(ctx context.Context, t *Tenant, jobs []schedule.Job, data store.Tenant) *scheduler {
	id := t.Settings.ID
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &scheduler{data: data, stop: stop, ended: make(chan struct{})}
	worker := schedule.New(schedule.Config{
		Store: data, Jobs: jobs, Now: g.Now, Logger: g.Logger.With("tenant", id),
		Do: func(ctx context.Context, j schedule.Job, due time.Time) {
			if j.Plugin == sweepOwner {
				g.sweep(run, t.Settings, data)
				return
			}
			_ = g.RunSchedule(ctx, id, j.Plugin, j.Name, due)
		},
	})
	go func() {
		defer close(s.ended)
		worker.Run(run)
	}()
	return s
}

// stopSchedules stops the workers; runs under way are finished first.
func (g *Group) stopSchedules() error {
	list := g.schedulers
	g.schedulers = nil
	for _, s := range list {
		s.stop()
	}
	var errs []error
	for _, s := range list {
		<-s.ended
		errs = append(errs, s.data.Close())
	}
	return errors.Join(errs...)
}

// RunSchedule runs a schedule as the tenant is configured now, and notes what
// came of it: in the metrics and, of one that failed, in the audit log.
func (g *Group) RunSchedule(ctx context.Context, tenant, plugin, name string, due time.Time) error {
	t, leave := g.Served(tenant)
	defer leave()
	if t == nil {
		return fmt.Errorf("the tenant %q is not served any more", tenant)
	}
	entry, ok := t.API.Plugins.Schedule(plugin, name)
	if !ok {
		return fmt.Errorf("plugin %q has no schedule %q", plugin, name)
	}
	ex := t.API.Background()
	defer ex.Close()
	err := ex.RunSchedule(ctx, entry, due)
	outcome := scheduleOK
	if err != nil {
		outcome = scheduleFailed
		g.Logger.Error("a schedule failed; it runs again when it is due", "tenant", tenant, "plugin", plugin, "schedule", name, "error", err)
		g.auditSchedule(ex, plugin, map[string]string{"schedule": name, "due": due.UTC().Format(time.RFC3339), "reason": audit.Reason(err)})
	}
	g.Metrics.ScheduleRun(tenant, plugin, name, outcome)
	return err
}

// auditSchedule notes that what a schedule was to do was not done.
func (g *Group) auditSchedule(ex *dispatch.Exchange, plugin string, details map[string]string) {
	g.Record(ex, audit.Event{Action: "schedule.failed", Plugin: plugin, Outcome: scheduleFailed, Details: details})
}

// turnedOff reports whether the operator has turned a schedule off.
func turnedOff(t *config.Tenant, plugin, schedule string) bool {
	return slices.ContainsFunc(t.Plugins, func(p config.Plugin) bool { return p.ID == plugin && p.Schedules[schedule] == pluginapi.ScheduleOff })
}

// appointmentDone notes what came of an appointment: in the metrics and, of one
// that was given up, in the audit log. The outbox has logged it.
func (g *Group) appointmentDone(tenant string, entry *outbox.Entry, outcome string) {
	switch outcome {
	case outbox.OutcomeDelivered:
		outcome = scheduleOK
	case outbox.OutcomeRetry:
		outcome = scheduleRetry
	default:
		outcome = scheduleFailed
		g.auditAppointment(tenant, entry)
	}
	g.Metrics.ScheduleRun(tenant, entry.Plugin, entry.Schedule, outcome)
}

// auditAppointment notes that an appointment was given up.
func (g *Group) auditAppointment(tenant string, entry *outbox.Entry) {
	t, leave := g.Served(tenant)
	defer leave()
	if t == nil {
		return
	}
	ex := t.API.Background()
	defer ex.Close()
	g.auditSchedule(ex, entry.Plugin, map[string]string{
		"schedule": entry.Schedule, "key": entry.Key, "due": entry.Time.UTC().Format(time.RFC3339), "reason": entry.LastError,
	})
}
