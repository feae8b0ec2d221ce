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
	h.refuseEndpointMembers(r, at)
	h.refuseHookMembers(r, at)
	if h.ByAppointment() {
		m.validateAppointed(r, at, h)
		return
	}
	if h.Cron != ScheduleOff && len(strings.Fields(h.Cron)) != cronFields {
		r.add(at+".cron", "%q is neither %q nor five fields: minute, hour, day of the month, month, day of the week", h.Cron, ScheduleOff)
	}
	if h.CronFrom != "" {
		r.want(at+".cronFrom", h.CronFrom, pathFrom)
	}
	h.refuseServiceMembers(r, at)
}

// validateAppointed checks a schedule without cron.
func (m *Manifest) validateAppointed(r *report, at string, h *Handler) {
	if _, asked := m.Capability(CapSchedule); !asked {
		r.add(at, `a schedule without cron runs by appointment; add {"name": %q} to "capabilities", or cron`, CapSchedule)
	}
	if h.CronFrom != "" {
		r.add(at+".cronFrom", "it needs cron, which holds where the configuration has none: five fields, or %q", ScheduleOff)
	}
	if h.Service != "" || h.Output != nil {
		r.add(at, "service and output are for services")
	}
	checkSchema(r, at+".input", h.Input)
}

// refuseScheduleMembers reports what only schedules have.
func (h *Handler) refuseScheduleMembers(r *report, at string) {
	if h.Schedule != "" || h.Cron != "" || h.CronFrom != "" {
		r.add(at, "schedule, cron and cronFrom are for schedules")
	}
}
