package pluginapi

import (
	"slices"
	"strings"
)

// ScheduleOff, in place of a cron expression, says that a schedule does not run.
const ScheduleOff = "off"

// cronFields is how many fields a cron expression has.
const cronFields = 5

// validateSchedule checks handlers[i], which is a schedule. What the fields of
// its expression say is checked by the host.
func (m *Manifest) validateSchedule(r *report, at string, i int) {
	h := &m.Handlers[i]
	r.want(at+".schedule", h.Schedule, handlerPattern)
	for n := range m.Handlers[:i] {
		other := &m.Handlers[n]
		if other.Kind == KindSchedule && other.Schedule == h.Schedule && slices.ContainsFunc(Dialects(), func(d string) bool { return other.In(d) && h.In(d) }) {
			r.add(at+".schedule", "%q is also the schedule of handlers[%d]", h.Schedule, n)
		}
	}
	if before(m.ABI, 1, 1) {
		r.add(at+".kind", `schedules need "abi": "1.1" or later`)
	}
	if h.Cron != ScheduleOff && len(strings.Fields(h.Cron)) != cronFields {
		r.add(at+".cron", "%q is neither %q nor five fields: minute, hour, day of the month, month, day of the week", h.Cron, ScheduleOff)
	}
	if h.CronFrom != "" {
		r.want(at+".cronFrom", h.CronFrom, pathFrom)
	}
	h.refuseEndpointMembers(r, at)
	h.refuseHookMembers(r, at)
	h.refuseServiceMembers(r, at)
}

// refuseScheduleMembers reports what only schedules have.
func (h *Handler) refuseScheduleMembers(r *report, at string) {
	if h.Schedule != "" || h.Cron != "" || h.CronFrom != "" {
		r.add(at, "schedule, cron and cronFrom are for schedules")
	}
}
