package dispatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/pluginapi"
)

// Schedules returns the handlers that run at certain times, by cron or by
// appointment.
func (s *Set) Schedules() []Entry { return s.schedules }

// Cron returns when a handler of kind schedule runs, unless the operator says
// otherwise: the expression in the plugin's configuration, or that of the
// manifest. member is where in the configuration it is, "" if it is not there.
func (e Entry) Cron() (expression, member string) {
	from := e.Handler.CronFrom
	if v := walk(e.Plugin.Config, strings.Split(from, ".")); from != "" && v.Str() != "" {
		return v.Str(), from
	}
	return e.Handler.Cron, ""
}

// RunSchedule runs a handler that was due at a time, as one unit of work, and the
// observers of what it did.
func (ex *Exchange) RunSchedule(ctx context.Context, e Entry, due time.Time) error {
	err := ex.Unit(ctx, func(ctx context.Context) error {
		_, err := ex.run(ctx, e, &Call{due: due})
		return err
	})
	ex.RunObservers(ctx)
	return err
}

// appointed is a schedule that runs at the appointments of its plugin.
type appointed struct {
	Entry
	input *pluginapi.Schema // nil: any object
}

func (s *Set) addSchedule(e Entry) error {
	s.schedules = append(s.schedules, e)
	if !e.Handler.ByAppointment() {
		return nil
	}
	name := pluginapi.FullName(e.Plugin.ID, e.Handler.Schedule)
	input, err := optionalSchema("the schedule "+name, e.Handler.Input)
	if err == nil {
		s.appointed[name] = appointed{e, input}
	}
	return err
}

// Appoint makes an appointment for a schedule of a plugin, in place of an earlier
// one with the key, as part of the open unit of work.
func (ex *Exchange) Appoint(ctx context.Context, plugin, schedule, key string, at time.Time, input *document.Object) error {
	to, err := ex.set.appointment(plugin, schedule)
	if err != nil {
		return err
	}
	if err := fits("input", to.input, document.Obj(input)); err != nil {
		return err
	}
	lane, err := outbox.Appoint(ctx, ex.Tx(), outbox.Event{
		Plugin: plugin, Handler: to.Handler.Number, Hook: to.Handler.Name, Name: pluginapi.KindSchedule,
		Schedule: schedule, Key: key, Record: input, Time: at,
	}, pluginapi.MaxAppointments, ex.Now)
	if errors.Is(err, outbox.ErrFull) {
		return &Refusal{Status: pluginapi.StatusLimit, Message: fmt.Sprintf("the schedule %s has %d appointments, which is the most", schedule, pluginapi.MaxAppointments)}
	}
	if err == nil {
		ex.onCommitted([]string{lane})
	}
	return err
}

// Cancel takes an appointment back, as part of the open unit of work. The error
// is store.ErrNotFound if there is none to come.
func (ex *Exchange) Cancel(ctx context.Context, plugin, schedule, key string) error {
	if _, err := ex.set.appointment(plugin, schedule); err != nil {
		return err
	}
	id, err := outbox.Cancel(ctx, ex.Tx(), plugin, schedule, key, ex.Now)
	if err == nil {
		ex.cancelled = append(ex.cancelled, id)
	}
	return err
}

// appointment returns a schedule for appointments.
func (s *Set) appointment(plugin, schedule string) (appointed, error) {
	to, ok := s.appointed[pluginapi.FullName(plugin, schedule)]
	if !ok {
		return appointed{}, &Refusal{Status: pluginapi.StatusDenied, Message: "the manifest has no schedule " + schedule + " without cron"}
	}
	return to, nil
}

// Schedule returns a handler of kind schedule by the id of its plugin and its
// name.
func (s *Set) Schedule(plugin, name string) (Entry, bool) {
	for _, e := range s.schedules {
		if e.Plugin.ID == plugin && e.Handler.Schedule == name {
			return e, true
		}
	}
	return Entry{}, false
}
