package hosttest

import (
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

// scheduleCases are those of the capability schedule.
var scheduleCases = table{
	"schedule.at":     makesAppointments,
	"schedule.cancel": cancelsAppointments,
}

// appointment is the arguments of schedule.at. in is how far the time is.
func (g *guest) appointment(key string, in time.Duration, text string) object {
	_, now := g.Get("now.iso")
	at, err := time.Parse(time.RFC3339, string(now))
	if err != nil {
		g.t.Fatal(err)
	}
	return object{"schedule": appointedName, "key": key, "at": at.Add(in).UTC().Format("2006-01-02T15:04:05.000Z"), "input": object{"text": text}}
}

// kept runs what is due, and compares which appointments those were. do is what
// the handler does, nil for nothing.
func (t *tester) kept(want []string, do func(*guest) pluginapi.Result) {
	t.Helper()
	ran := []string{}
	t.RunDue(t, func(_ string, h Host) pluginapi.Result {
		_, key := h.Get("event.key")
		_, text := h.Get("input.text")
		_, attempt := h.Get("event.attempt")
		ran = append(ran, string(key)+" "+string(text)+" "+string(attempt))
		if do == nil {
			return pluginapi.Continue
		}
		return do(&guest{t, h})
	})
	t.want("what ran", ran, want)
}

// makesAppointments makes some, good and bad, and lets them come.
func makesAppointments(t *tester) {
	t.serve(Request{}, func(g *guest) {
		g.do("schedule.at", g.appointment("ada", time.Hour, "first"))
		g.do("schedule.at", g.appointment("ada", 2*time.Hour, "second"))
		g.do("schedule.at", g.appointment("eve", -time.Hour, "late"))
		whole := g.appointment("bob", 0, "x")
		for name, bad := range map[string]any{
			"at": "tomorrow", "key": strings.Repeat("k", pluginapi.MaxAppointmentKey+1), "input": object{"text": strings.Repeat("x", pluginapi.MaxAppointmentInput)},
		} {
			g.refused("schedule.at", with(whole, name, bad), pluginapi.StatusInvalid, "")
		}
		g.refused("schedule.at", with(whole, "key", "a\nb"), pluginapi.StatusInvalid, "")
		g.refused("schedule.at", with(whole, "input", object{}), pluginapi.StatusInvalid, "")
		g.refused("schedule.at", object{"schedule": appointedName, "key": "bob", "at": whole["at"]}, pluginapi.StatusInvalid, "")
		g.refused("schedule.at", g.appointment("bob", (pluginapi.MaxAppointmentDays+1)*24*time.Hour, "x"), pluginapi.StatusInvalid, "")
		g.refused("schedule.at", with(whole, "schedule", cronName), pluginapi.StatusDenied, "")
		g.refused("schedule.at", with(whole, "schedule", "unheard"), pluginapi.StatusDenied, "")
	})
	t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{"": func(g *guest) pluginapi.Result {
		g.do("schedule.at", g.appointment("undone", 0, "x"))
		return pluginapi.Deny
	}})
	t.kept([]string{"eve late 1"}, nil)
	t.Advance(time.Hour)
	t.kept([]string{}, nil)
	t.Advance(time.Hour)
	t.kept([]string{"ada second 1"}, func(g *guest) pluginapi.Result {
		checkSets(t, pluginapi.KindSchedule, g.Host)
		_, now := g.Get("now.iso")
		_, due := g.Get("event.time")
		t.want("the time", string(due), string(now))
		g.do("storage.insert", object{"model": "note", "record": object{"name": "undone"}})
		return pluginapi.Failed
	})
	t.Advance(time.Minute)
	t.kept([]string{"ada second 2"}, func(g *guest) pluginapi.Result {
		g.do("storage.insert", object{"model": "note", "record": object{"name": "undone"}})
		g.refused("schedule.cancel", object{"schedule": appointedName, "key": "ada"}, pluginapi.StatusNotFound, "")
		g.do("schedule.at", g.appointment("ada", time.Hour, "third"))
		return pluginapi.Continue
	})
	t.kept([]string{}, nil)
	t.Advance(time.Hour)
	t.kept([]string{"ada third 1"}, func(g *guest) pluginapi.Result { return g.deny("NO") })
	t.Advance(24 * time.Hour)
	t.kept([]string{}, nil)
}

// cancelsAppointments takes appointments back, with the unit of work or not at all.
func cancelsAppointments(t *tester) {
	ada := object{"schedule": appointedName, "key": "ada"}
	t.serve(Request{}, func(g *guest) {
		g.refused("schedule.cancel", ada, pluginapi.StatusNotFound, "")
		g.refused("schedule.cancel", with(ada, "schedule", cronName), pluginapi.StatusDenied, "")
		g.do("schedule.at", g.appointment("ada", 0, "first"))
		g.do("schedule.cancel", ada)
		g.refused("schedule.cancel", ada, pluginapi.StatusNotFound, "")
		g.do("schedule.at", g.appointment("ada", time.Hour, "second"))
		g.do("schedule.at", g.appointment("bob", time.Hour, "other"))
	})
	t.serve(Request{}, func(g *guest) {
		g.do("schedule.cancel", with(ada, "key", "bob"))
		g.do("schedule.cancel", ada)
		g.do("schedule.at", g.appointment("ada", time.Hour, "third"))
	})
	t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{"": func(g *guest) pluginapi.Result {
		g.do("schedule.cancel", ada)
		return pluginapi.Deny
	}})
	t.Advance(time.Hour)
	t.kept([]string{"ada third 1"}, nil)
	t.serve(Request{}, func(g *guest) { g.refused("schedule.cancel", ada, pluginapi.StatusNotFound, "") })
}
