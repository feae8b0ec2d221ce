package engine_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/internal/pgtest"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// reminder makes an appointment at the time of a request, and keeps a note of each
// that comes; it refuses one with a text that it has already.
func reminder() *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID:           "reminder",
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapStorage, Write: []string{"note"}}, {Name: pluginapi.CapSchedule}},
		Models: map[string]pluginapi.Model{"note": {Fields: map[string]pluginapi.Field{
			"text": {Type: "string", Unique: true}, "key": {Type: "string"}, "at": {Type: "string"},
		}}},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindSchedule, Schedule: "remind", Input: []byte(`{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}`)},
			{Number: 2, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/remind"},
			{Number: 3, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/cancel"},
			{Number: 4, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/notes"},
		},
	}).Handler(1,
		w.SetJSON("args", `{"model":"note","record":{}}`), w.Copy("args.record.text", "input.text"), w.Copy("args.record.key", "event.key"), w.Copy("args.record.at", "event.time"),
		w.Call("storage", "insert", ""), w.If(pluginapi.StatusConflict, w.Deny("409", "KNOWN", "The text is known")), w.Must(),
	).Handler(2,
		w.SetJSON("args", `{"schedule":"remind","key":"ada"}`), w.Copy("args.at", "request.body.at"), w.Copy("args.input.text", "request.body.text"),
		w.Call("schedule", "at", ""), w.Must(),
	).Handler(3,
		w.Call("schedule", "cancel", `{"schedule":"remind","key":"ada"}`), w.If(pluginapi.StatusNotFound, w.Deny("404", "NONE", "There is none")), w.Must(),
	).Handler(4, w.Call("storage", "list", `{"model":"note","index":"text"}`), w.Must(), w.Copy("response.body", "result"))
}

const reminderTenant = `
STORE
tenants:
  - id: main
    baseURL: http://main.example
    plugins:
      - {id: reminder, module: DIR/reminder.wasm, grants: [storage, schedule], ENTRY}
`

// fleet is servers on one store, that are started and stopped together.
type fleet struct {
	*testing.T
	dirs  []string
	clock *realmtest.Clock
}

func newFleet(t *testing.T, count int, guests ...*w.Guest) *fleet {
	t.Helper()
	f := &fleet{T: t, clock: realmtest.NewClock(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))}
	for range count {
		dir := t.TempDir()
		for _, g := range guests {
			writeGuest(t, dir, g)
		}
		f.dirs = append(f.dirs, dir)
	}
	return f
}

// onBothStores runs a test with a server of its own store, and with two on
// PostgreSQL. store is the configuration of the store.
func onBothStores(t *testing.T, test func(t *testing.T, servers int, store string)) {
	t.Run("embedded store", func(t *testing.T) { test(t, 1, "") })
	t.Run("two nodes on PostgreSQL", func(t *testing.T) {
		test(t, 2, "store: {driver: postgres, postgres: {url: '"+pgtest.Start(t)+"'}}")
	})
}

// start starts the servers with a configuration.
func (f *fleet) start(text string) (servers []*server, stop func()) {
	f.Helper()
	var ends []func()
	for _, dir := range f.dirs {
		s := &server{t: f.T, clock: f.clock, log: &realmtest.Log{}, dir: dir}
		e, err := engine.New(f.Context(), parseConfig(f.T, dir, text), options(s.log, f.clock.Now))
		if err != nil {
			f.Fatal(err)
		}
		front, back := httptest.NewServer(e.Handler(e.Listeners()[0])), adminServer(e)
		s.Engine, s.url, s.admin = e, front.URL, back.URL
		ends = append(ends, func() {
			front.Close()
			back.Close()
			if err := e.Close(context.Background()); err != nil {
				f.Error(err)
			}
		})
		servers = append(servers, s)
	}
	return servers, func() {
		for _, end := range ends {
			end()
		}
	}
}

// until asks again and again, until something is so.
func (f *fleet) until(what string, so func() bool) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 30*time.Second)
	defer cancel()
	for !so() {
		if ctx.Err() != nil {
			f.Fatalf("waited in vain for %s", what)
		}
	}
}

// noted waits until there is a note with a text, and returns all of them.
func (f *fleet) noted(s *server, text string) (notes string) {
	f.Helper()
	f.until("the note "+text, func() bool {
		notes = s.at("", "GET", "/notes", "", nil).text
		return strings.Contains(notes, `"text":"`+text+`"`)
	})
	return notes
}

// counted waits until the metrics of servers have one run of a schedule with an
// outcome.
func (f *fleet) counted(plugin, schedule, outcome string, servers ...*server) {
	f.Helper()
	line := `authhost_schedule_runs_total{outcome="` + outcome + `",plugin="` + plugin + `",schedule="` + schedule + `",tenant="main"} 1`
	f.until(line, func() bool {
		n := 0
		for _, s := range servers {
			n += strings.Count(s.scrape(f.T), line)
		}
		return n == 1
	})
}

// remind has the plugin make an appointment.
func (f *fleet) remind(s *server, in time.Duration, text string) {
	f.Helper()
	at := f.clock.Now().Add(in).Format("2006-01-02T15:04:05.000Z")
	s.at("", "POST", "/remind", `{"at":"`+at+`","text":"`+text+`"}`, nil).want(f.T, 200, "")
}

// TestAppointment: an appointment that was made comes at its time, once however
// many servers there are, and after a restart; one that was replaced or cancelled
// does not.
func TestAppointment(t *testing.T) {
	onBothStores(t, func(t *testing.T, servers int, store string) {
		f := newFleet(t, servers, reminder())
		text := strings.NewReplacer("STORE", store, ", ENTRY", "").Replace(reminderTenant)
		nodes, stop := f.start(text)
		f.remind(nodes[0], time.Hour, "first")
		f.remind(nodes[0], 2*time.Hour, "second")
		stop()

		f.clock.Advance(3 * time.Hour)
		nodes, stop = f.start(text)
		s := nodes[0]
		f.noted(s, "second")
		f.remind(s, 0, "third")
		f.noted(s, "third")
		s.at("", "POST", "/cancel", "", nil).want(t, 404, "NONE")
		f.remind(s, time.Hour, "cancelled")
		s.at("", "POST", "/cancel", "", nil).want(t, 200, "")
		s.at("", "POST", "/cancel", "", nil).want(t, 404, "NONE")
		f.remind(s, time.Hour, "after the plugin was away")
		stop()

		f.clock.Advance(2 * time.Hour)
		plugins, _, _ := strings.Cut(text, "    plugins:")
		_, stop = f.start(plugins)
		stop()

		f.clock.Advance(time.Hour)
		nodes, stop = f.start(text)
		defer stop()
		notes := f.noted(nodes[0], "after the plugin was away")
		for part, want := range map[string]int{
			`"text":`: 3, `"key":"ada"`: 3, `"text":"second","key":"ada","at":"2026-03-04T07:06:07.000Z"`: 1, `"text":"after the plugin was away","key":"ada","at":"2026-03-04T09:06:07.000Z"`: 1,
		} {
			if n := strings.Count(notes, part); n != want {
				t.Errorf("there are %d %s in %s", n, part, notes)
			}
		}
	})
}

// TestAppointmentRefused: the operator sees an appointment that was given up, and
// can have another one come at once.
func TestAppointmentRefused(t *testing.T) {
	f := newFleet(t, 1, reminder())
	nodes, stop := f.start(strings.NewReplacer("STORE", "", ", ENTRY", "").Replace(reminderTenant))
	defer stop()
	s := nodes[0]
	f.remind(s, 0, "same")
	f.counted("reminder", "remind", "ok", s)
	f.remind(s, time.Hour, "same")
	now := func(query string) int {
		resp, err := http.Post(s.admin+"/dev/schedule?tenant=main&plugin=reminder&schedule=remind"+query, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if got := []int{now(""), now("&key=bob"), now("&key=ada")}; got[0] != 404 || got[1] != 404 || got[2] != 200 {
		t.Errorf("made due: %v", got)
	}
	f.counted("reminder", "remind", "failed", s)
	f.counted("reminder", "remind", "ok", s)
	for _, part := range []string{`"action":"schedule.failed"`, `"key":"ada"`, `"reason":"The text is known"`} {
		if log := s.audited(t); !strings.Contains(log, part) {
			t.Errorf("the audit log does not have %s:\n%s", part, log)
		}
	}
	if dead := s.adminGet(t, "/outbox?tenant=main&state=dead"); !strings.Contains(dead, `"schedule":"remind","key":"ada","event":"schedule"`) {
		t.Errorf("the dead letters are %s", dead)
	}
}

// TestAppointmentOff: the operator turns a schedule off. What was to come is given
// up; a cron expression is no setting for it.
func TestAppointmentOff(t *testing.T) {
	f := newFleet(t, 1, reminder())
	with := func(entry string) string {
		return strings.NewReplacer("STORE", "", "ENTRY", entry).Replace(reminderTenant)
	}
	nodes, stop := f.start(with(`schedules: {remind: "off"}`))
	defer stop()
	s := nodes[0]
	f.remind(s, 0, "never")
	f.counted("reminder", "remind", "failed", s)
	if log := s.audited(t); !strings.Contains(log, "the schedule is turned off in the configuration") {
		t.Errorf("the audit log has\n%s", log)
	}
	err := blueprint.Check(parseConfig(t, f.dirs[0], with(`schedules: {remind: "0 4 * * *"}`)), nil)
	if err == nil || !strings.Contains(err.Error(), `the schedule "remind" of plugin "reminder" runs at times that the plugin names`) || !strings.HasPrefix(err.Error(), "test.yaml:") {
		t.Errorf("got %v", err)
	}
}
