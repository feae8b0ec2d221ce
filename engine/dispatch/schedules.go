package dispatch

import (
	"context"
	"strings"
	"time"
)

// Schedules returns the handlers that run at certain times.
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
