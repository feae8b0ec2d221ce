package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
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

// jobsOf returns the schedules of a tenant's plugins, at the times that the
// operator, the plugin's configuration or its manifest says.
func jobsOf(t *config.Tenant, set *dispatch.Set) ([]schedule.Job, error) {
	var jobs []schedule.Job
	for _, p := range t.Plugins {
		known := map[string]bool{}
		for _, e := range set.Schedules() {
			if e.Plugin.ID != p.ID {
				continue
			}
			known[e.Handler.Schedule] = true
			job, runs, err := jobOf(p, e)
			if err != nil {
				return nil, err
			}
			if runs {
				jobs = append(jobs, job)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(p.Schedules)) {
			if !known[name] {
				return nil, p.Origin.Fault("/schedules/"+name, fmt.Sprintf("plugin %q has no schedule %q", p.ID, name), "remove it, or correct the name; \"authhost plugin inspect\" lists the plugin's schedules")
			}
		}
	}
	return jobs, nil
}

// jobOf returns one schedule; runs is false if it is off, or runs by appointment.
func jobOf(p config.Plugin, e dispatch.Entry) (job schedule.Job, runs bool, err error) {
	name := e.Handler.Schedule
	text, member := e.Cron()
	at := "/id"
	if member != "" {
		at = "/config/" + member
	}
	if own, ok := p.Schedules[name]; ok {
		text, at = own, "/schedules/"+name
	}
	if e.Handler.ByAppointment() {
		if text != "" && text != pluginapi.ScheduleOff {
			err = p.Origin.Fault(at, fmt.Sprintf("the schedule %q of plugin %q runs at times that the plugin names, not by cron", name, p.ID), "remove it, or write off")
		}
		return schedule.Job{}, false, err
	}
	if text == pluginapi.ScheduleOff {
		return schedule.Job{}, false, nil
	}
	cron, err := schedule.Parse(text)
	if err != nil {
		return schedule.Job{}, false, p.Origin.Fault(at, fmt.Sprintf("the schedule %q of plugin %q: %v", name, p.ID, err), `write a cron expression such as "30 4 * * *", or off`)
	}
	return schedule.Job{Plugin: p.ID, Name: name, Cron: cron}, true, nil
}

// scheduleFor makes the schedules that run those of a configuration. It is not
// called twice at a time.
func (e *Engine) scheduleFor(ctx context.Context, g *generation) error {
	if err := e.stopSchedules(); err != nil {
		return err
	}
	for _, r := range g.tenants {
		if quarantineOf(r.store) != nil {
			continue
		}
		data, err := e.store.Open(ctx, store.TenantID(r.config.ID), r.schema)
		if err != nil {
			return fmt.Errorf("schedules of tenant %q: %w", r.config.ID, err)
		}
		e.schedulers = append(e.schedulers, e.startScheduler(ctx, r, data))
	}
	return nil
}

func (e *Engine) startScheduler(ctx context.Context, r *realm, data store.Tenant) *scheduler {
	id := r.config.ID
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &scheduler{data: data, stop: stop, ended: make(chan struct{})}
	worker := schedule.New(schedule.Config{
		Store: data, Jobs: r.jobs, Now: e.options.Now, Logger: e.logger.With("tenant", id),
		Do: func(ctx context.Context, j schedule.Job, due time.Time) {
			if j.Plugin == sweepOwner {
				e.sweep(run, r.config, data)
				return
			}
			_ = e.runSchedule(ctx, id, j.Plugin, j.Name, due)
		},
	})
	go func() {
		defer close(s.ended)
		worker.Run(run)
	}()
	return s
}

// stopSchedules stops the workers; runs under way are finished first.
func (e *Engine) stopSchedules() error {
	list := e.schedulers
	e.schedulers = nil
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

// runSchedule runs a schedule as the tenant is configured now, and notes what
// came of it: in the metrics and, of one that failed, in the audit log.
func (e *Engine) runSchedule(ctx context.Context, tenant, plugin, name string, due time.Time) error {
	g := e.enter()
	defer g.leave()
	r := g.realm(tenant)
	if r == nil {
		return fmt.Errorf("the tenant %q is not served any more", tenant)
	}
	api := r.api
	entry, ok := api.Plugins.Schedule(plugin, name)
	if !ok {
		return fmt.Errorf("plugin %q has no schedule %q", plugin, name)
	}
	ex := api.Background()
	defer ex.Close()
	err := ex.RunSchedule(ctx, entry, due)
	outcome := scheduleOK
	if err != nil {
		outcome = scheduleFailed
		e.logger.Error("a schedule failed; it runs again when it is due", "tenant", tenant, "plugin", plugin, "schedule", name, "error", err)
		e.auditSchedule(ex, plugin, map[string]string{"schedule": name, "due": due.UTC().Format(time.RFC3339), "reason": reason(err)})
	}
	e.metrics.ScheduleRun(tenant, plugin, name, outcome)
	return err
}

// auditSchedule notes that what a schedule was to do was not done.
func (e *Engine) auditSchedule(ex *dispatch.Exchange, plugin string, details map[string]string) {
	(&observer{engine: e}).record(ex, audit.Event{Action: "schedule.failed", Plugin: plugin, Outcome: scheduleFailed, Details: details})
}

// turnedOff reports whether the operator has turned a schedule off.
func turnedOff(t *config.Tenant, plugin, schedule string) bool {
	return slices.ContainsFunc(t.Plugins, func(p config.Plugin) bool { return p.ID == plugin && p.Schedules[schedule] == pluginapi.ScheduleOff })
}

// appointmentDone notes what came of an appointment: in the metrics and, of one
// that was given up, in the audit log. The outbox has logged it.
func (e *Engine) appointmentDone(tenant string, entry *outbox.Entry, outcome string) {
	switch outcome {
	case outbox.OutcomeDelivered:
		outcome = scheduleOK
	case outbox.OutcomeRetry:
		outcome = scheduleRetry
	default:
		outcome = scheduleFailed
		e.auditAppointment(tenant, entry)
	}
	e.metrics.ScheduleRun(tenant, entry.Plugin, entry.Schedule, outcome)
}

// auditAppointment notes that an appointment was given up.
func (e *Engine) auditAppointment(tenant string, entry *outbox.Entry) {
	g := e.enter()
	defer g.leave()
	r := g.realm(tenant)
	if r == nil {
		return
	}
	ex := r.api.Background()
	defer ex.Close()
	e.auditSchedule(ex, entry.Plugin, map[string]string{
		"schedule": entry.Schedule, "key": entry.Key, "due": entry.Time.UTC().Format(time.RFC3339), "reason": entry.LastError,
	})
}

// adminSchedule runs a schedule now, whenever it is due, or makes an appointment
// due, which then runs by itself.
func (e *Engine) adminSchedule(w http.ResponseWriter, r *http.Request) {
	t := e.adminTenant(w, r)
	if t == nil {
		return
	}
	q := r.URL.Query()
	s, ok := t.api.Plugins.Schedule(q.Get("plugin"), q.Get("schedule"))
	switch {
	case !ok:
		answer(w, http.StatusNotFound, map[string]string{"error": "name a plugin and one of its schedules: plugin=&schedule="})
		return
	case s.Handler.ByAppointment():
		e.adminAppointment(w, r, t.config.ID)
		return
	}
	if err := e.runSchedule(r.Context(), t.config.ID, q.Get("plugin"), q.Get("schedule"), e.options.Now()); err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	answer(w, http.StatusOK, map[string]string{"outcome": scheduleOK})
}

// adminAppointment makes an appointment due now.
func (e *Engine) adminAppointment(w http.ResponseWriter, r *http.Request, tenant string) {
	q := r.URL.Query()
	err := store.ErrNotFound
	if worker := e.worker(tenant); worker != nil {
		err = worker.Hasten(r.Context(), q.Get("plugin"), q.Get("schedule"), q.Get("key"))
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		answer(w, http.StatusNotFound, map[string]string{"error": "name the key of an appointment: key="})
	case err != nil:
		answer(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
	default:
		answer(w, http.StatusOK, map[string]string{"outcome": outbox.StateDue})
	}
}
