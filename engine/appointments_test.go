package engine_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
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

const reminded = `
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

func newFleet(t *testing.T, count int) *fleet {
	t.Helper()
	f := &fleet{T: t, clock: realmtest.NewClock(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))}
	for range count {
		f.dirs = append(f.dirs, t.TempDir())
		writeGuest(t, f.dirs[len(f.dirs)-1], reminder())
	}
	return f
}

// start starts the servers with a configuration, and returns the first of them.
func (f *fleet) start(text string) (first *server, stop func()) {
	f.Helper()
	var ends []func()
	for _, dir := range f.dirs {
		s := &server{t: f.T, clock: f.clock, log: &realmtest.Log{}, dir: dir}
		e, err := engine.New(f.Context(), parseConfig(f.T, dir, text), options(s.log, f.clock.Now))
		if err != nil {
			f.Fatal(err)
		}
		front, back := httptest.NewServer(e.Handler(e.Listeners()[0])), httptest.NewServer(e.Admin())
		s.Engine, s.url, s.admin = e, front.URL, back.URL
		ends = append(ends, func() {
			front.Close()
			back.Close()
			if err := e.Close(context.Background()); err != nil {
				f.Error(err)
			}
		})
		if first == nil {
			first = s
		}
	}
	return first, func() {
		for _, end := range ends {
			end()
		}
	}
}

// until asks again and again, until an answer has a part.
func (f *fleet) until(part string, ask func() string) string {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 30*time.Second)
	defer cancel()
	for {
		text := ask()
		if strings.Contains(text, part) {
			return text
		}
		if ctx.Err() != nil {
			f.Fatalf("there is no %s in %s", part, text)
		}
	}
}

// noted waits until there is a note with a text, and returns all of them.
func (f *fleet) noted(s *server, text string) string {
	f.Helper()
	return f.until(`"text":"`+text+`"`, func() string { return s.at("", "GET", "/notes", "", nil).text })
}

// counted waits until the metrics have one run of the schedule with an outcome.
func (f *fleet) counted(s *server, outcome string) {
	f.Helper()
	f.until(`authhost_schedule_runs_total{outcome="`+outcome+`",plugin="reminder",schedule="remind",tenant="main"} 1`, func() string { return s.scrape(f.T) })
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
	for _, tt := range []struct {
		name  string
		count int
		store func(t *testing.T) string
	}{
		{"embedded store", 1, func(*testing.T) string { return "" }},
		{"two nodes on PostgreSQL", 2, func(t *testing.T) string {
			return "store: {driver: postgres, postgres: {url: '" + pgtest.Start(t) + "'}}"
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFleet(t, tt.count)
			text := strings.NewReplacer("STORE", tt.store(t), ", ENTRY", "").Replace(reminded)
			s, stop := f.start(text)
			f.remind(s, time.Hour, "first")
			f.remind(s, 2*time.Hour, "second")
			stop()

			f.clock.Advance(3 * time.Hour)
			s, stop = f.start(text)
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
			s, stop = f.start(text)
			defer stop()
			notes := f.noted(s, "after the plugin was away")
			for part, want := range map[string]int{
				`"text":`: 3, `"key":"ada"`: 3, `"text":"second","key":"ada","at":"2026-03-04T07:06:07.000Z"`: 1, `"text":"after the plugin was away","key":"ada","at":"2026-03-04T09:06:07.000Z"`: 1,
			} {
				if n := strings.Count(notes, part); n != want {
					t.Errorf("there are %d %s in %s", n, part, notes)
				}
			}
		})
	}
}

// TestAppointmentRefused: the operator sees an appointment that was given up, and
// can have another one come at once.
func TestAppointmentRefused(t *testing.T) {
	f := newFleet(t, 1)
	s, stop := f.start(strings.NewReplacer("STORE", "", ", ENTRY", "").Replace(reminded))
	defer stop()
	f.remind(s, 0, "same")
	f.counted(s, "ok")
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
	f.counted(s, "failed")
	f.counted(s, "ok")
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
	f := newFleet(t, 1)
	with := func(entry string) string { return strings.NewReplacer("STORE", "", "ENTRY", entry).Replace(reminded) }
	s, stop := f.start(with(`schedules: {remind: "off"}`))
	defer stop()
	f.remind(s, 0, "never")
	f.counted(s, "failed")
	if log := s.audited(t); !strings.Contains(log, "the schedule is turned off in the configuration") {
		t.Errorf("the audit log has\n%s", log)
	}
	err := engine.Check(parseConfig(t, f.dirs[0], with(`schedules: {remind: "0 4 * * *"}`)), nil)
	if err == nil || !strings.Contains(err.Error(), `the schedule "remind" of plugin "reminder" runs at times that the plugin names`) || !strings.HasPrefix(err.Error(), "test.yaml:") {
		t.Errorf("got %v", err)
	}
}
