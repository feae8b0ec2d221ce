package plugintest

import (
	"errors"
	"slices"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// RunSchedule runs a schedule of the plugin that has a cron expression. When it is
// due is not looked at. A schedule that refuses or fails gives an error.
func (h *Host) RunSchedule(name string) error {
	h.t.Helper()
	i := slices.IndexFunc(h.manifest.Handlers, func(x pluginapi.Handler) bool { return x.Kind == pluginapi.KindSchedule && x.Schedule == name })
	if i < 0 {
		h.t.Fatalf("plugintest: the manifest has no schedule %q", name)
	}
	if h.manifest.Handlers[i].ByAppointment() {
		h.t.Fatalf("plugintest: the schedule %q runs by appointment; see RunDue", name)
	}
	_, err := h.runScheduled(&h.manifest.Handlers[i], h.now, func(*call) {})
	return err
}

// runScheduled runs a handler that was due at a time, without a request, as a unit
// of work in which prepare comes first.
func (h *Host) runScheduled(x *pluginapi.Handler, due time.Time, prepare func(*call)) (result sdk.Result, err error) {
	h.t.Helper()
	h.begin(Request{Path: "/"}, "/", Object{})
	h.exchange.session = ""
	c := h.newCall(Event{})
	c.schedule = true
	object(c.root["event"])["time"] = iso(due)
	h.last, h.kept = c, nil
	refused := h.attempt(func() (r *refusal) {
		prepare(c)
		result, r = h.runUnit(x, c)
		return r
	})
	h.observe()
	if refused == nil {
		return result, nil
	}
	return result, &sdk.Error{Status: refused.status, Code: refused.code, Message: refused.message}
}

// Appointment is one that the plugin has made, and that is still to come.
type Appointment struct {
	Schedule, Key string
	At            time.Time
	Input         Object
	Attempt       int // the next one, from 1
}

// Appointments returns those that are still to come, the earliest first.
func (h *Host) Appointments() []Appointment {
	list := slices.Clone(h.state.Appointments)
	slices.SortStableFunc(list, func(a, b Appointment) int { return a.At.Compare(b.At) })
	return list
}

// RunDue runs the appointments that are due at the Host's clock, the earliest
// first; Advance moves the clock. Those that the handlers make are left for the
// next call. One that fails is due again, one that refuses is given up; the error
// joins what either said.
func (h *Host) RunDue() error {
	h.t.Helper()
	var errs []error
	for _, a := range h.Appointments() {
		if a.At.After(h.now) {
			break
		}
		x, _ := h.manifest.Appointed(a.Schedule)
		result, err := h.runScheduled(x, a.At, func(c *call) {
			h.dropAppointment(a.Schedule, a.Key)
			event := object(c.root["event"])
			event["key"], event["attempt"] = a.Key, number(int64(a.Attempt))
			c.root["input"] = a.Input
		})
		switch {
		case err == nil:
			continue
		case result == sdk.ResultDeny:
			h.dropAppointment(a.Schedule, a.Key)
		default:
			h.appointment(a.Schedule, a.Key).Attempt++
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// appointment returns the one for a key, nil if there is none.
func (h *Host) appointment(schedule, key string) *Appointment {
	i := slices.IndexFunc(h.state.Appointments, func(a Appointment) bool { return a.Schedule == schedule && a.Key == key })
	if i < 0 {
		return nil
	}
	return &h.state.Appointments[i]
}

// dropAppointment reports whether there was one for a key.
func (h *Host) dropAppointment(schedule, key string) bool {
	n := len(h.state.Appointments)
	h.state.Appointments = slices.DeleteFunc(h.state.Appointments, func(a Appointment) bool { return a.Schedule == schedule && a.Key == key })
	return len(h.state.Appointments) < n
}

// makeAppointment is schedule.at.
func (h *Host) makeAppointment(a Object) Object {
	schedule, key, input := text(a["schedule"]), text(a["key"]), object(a["input"])
	if input == nil {
		input = Object{}
	}
	at, err := pluginapi.CheckAppointment(key, text(a["at"]), marshal(input), h.now)
	if err != nil {
		refuse(sdk.Invalid, err.Error())
	}
	fits("input", h.appointed(schedule).Input, input, sdk.Invalid)
	h.dropAppointment(schedule, key)
	n := 0
	for _, other := range h.state.Appointments {
		if other.Schedule == schedule {
			n++
		}
	}
	if n >= pluginapi.MaxAppointments {
		refuse(sdk.Limit, "the schedule "+schedule+" has too many appointments")
	}
	h.state.Appointments = append(h.state.Appointments, Appointment{schedule, key, at, input, 1})
	return nil
}

// cancelAppointment is schedule.cancel.
func (h *Host) cancelAppointment(a Object) Object {
	h.appointed(text(a["schedule"]))
	if !h.dropAppointment(text(a["schedule"]), text(a["key"])) {
		panic(errNotFound)
	}
	return nil
}

// appointed returns the handler for the appointments of a schedule.
func (h *Host) appointed(schedule string) *pluginapi.Handler {
	x, ok := h.manifest.Appointed(schedule)
	if !ok {
		refuse(sdk.Denied, "the manifest has no schedule "+schedule+" without cron")
	}
	return x
}
