package blueprint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/pluginapi"
)

// jobs returns the schedules of a tenant's plugins, at the times that the
// operator, the plugin's configuration or its manifest says.
func jobs(t *config.Tenant, set *dispatch.Set) ([]schedule.Job, error) {
	var list []schedule.Job
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
				list = append(list, job)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(p.Schedules)) {
			if !known[name] {
				return nil, p.Origin.Fault("/schedules/"+name, fmt.Sprintf("plugin %q has no schedule %q", p.ID, name), "remove it, or correct the name; \"authhost plugin inspect\" lists the plugin's schedules")
			}
		}
	}
	return list, nil
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
