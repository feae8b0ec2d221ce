package engine_test

import (
	"context"
	"net/http"
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

// cleaner removes a note in each run, and fails without one.
func cleaner() *w.Guest {
	return w.New(&pluginapi.Manifest{
		ID:           "cleaner",
		Capabilities: []pluginapi.Capability{{Name: pluginapi.CapStorage, Write: []string{"note"}}},
		Models:       map[string]pluginapi.Model{"note": {Fields: map[string]pluginapi.Field{"kind": {Type: "string", Index: true}, "at": {Type: "string"}}}},
		Config:       []byte(`{"type":"object","properties":{"cron":{"type":"string"}},"additionalProperties":false}`),
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindSchedule, Schedule: "sweep", Cron: "30 3 * * *", CronFrom: "cron"},
			{Number: 2, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/note"},
			{Number: 3, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/note"},
		},
	}).Handler(1,
		w.Get("request.method"), w.Set("response.status", "1"), w.If(pluginapi.StatusOK, w.Trap()),
		w.Call("storage", "consume", `{"model":"note","index":"kind","value":"old"}`), w.If(pluginapi.StatusNotFound, w.Deny("404", "CLEAN", "There is nothing to clean")), w.Must(),
		w.SetJSON("args", `{"model":"note","record":{"kind":"swept"}}`), w.Copy("args.record.at", "event.time"), w.Call("storage", "insert", ""), w.Must(),
	).Handler(2, w.Call("storage", "insert", `{"model":"note","record":{"kind":"old"}}`), w.Must()).
		Handler(3, w.Call("storage", "list", `{"model":"note","index":"kind","value":"swept"}`), w.Must(), w.Copy("response.body", "result"))
}

const scheduled = `
STORE
tenants:
  - id: main
    baseURL: http://main.example
    plugins:
      - {id: cleaner, module: DIR/cleaner.wasm, grants: [storage], ENTRY}
`

// nodes are servers on one store.
type nodes struct {
	dirs []string
	text string
	log  *realmtest.Log
}

// run starts the servers, all of which show a time, and stops them when each has
// looked once what is due. It returns the runs.
func (n *nodes) run(t *testing.T, clock string) string {
	t.Helper()
	now, err := time.Parse("2006-01-02 15:04", clock)
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan string, 100)
	var all []*engine.Engine
	for _, dir := range n.dirs {
		o := options(n.log, func() time.Time { return now })
		o.Handled = func(h engine.Handled) { ran <- h.Handler.Schedule + " " + h.Done.Outcome }
		e, err := engine.New(t.Context(), parseConfig(t, dir, n.text), o)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	for _, e := range all {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	close(ran)
	var runs []string
	for run := range ran {
		runs = append(runs, run)
	}
	return strings.Join(runs, ", ")
}

func newNodes(t *testing.T, count int, store, entry string) *nodes {
	t.Helper()
	n := &nodes{text: strings.NewReplacer("STORE", store, "ENTRY", entry).Replace(scheduled), log: &realmtest.Log{}}
	for range count {
		dir := t.TempDir()
		writeGuest(t, dir, cleaner())
		n.dirs = append(n.dirs, dir)
	}
	return n
}

// TestSchedule: a schedule runs when it is due, what was missed is made up for
// once, and several nodes on one store run it once.
func TestSchedule(t *testing.T) {
	for _, tt := range []struct {
		name  string
		nodes func(t *testing.T) *nodes
	}{
		{"embedded store", func(t *testing.T) *nodes { return newNodes(t, 1, "", "") }},
		{"two nodes on PostgreSQL", func(t *testing.T) *nodes {
			return newNodes(t, 2, "store: {driver: postgres, postgres: {url: '"+pgtest.Start(t)+"'}}", "")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := tt.nodes(t)
			for _, step := range []struct{ clock, want string }{
				{"2026-03-04 05:06", ""}, // it is new, and has missed nothing
				{"2026-03-05 03:29", ""},
				{"2026-03-05 03:30", "sweep deny"},
				{"2026-03-05 03:31", ""},
				{"2026-03-09 12:00", "sweep deny"},
				{"2026-03-09 12:01", ""},
			} {
				if got := n.run(t, step.clock); got != step.want {
					t.Errorf("at %s: ran %q, want %q\n%s", step.clock, got, step.want, n.log)
				}
			}
		})
	}
}

// TestScheduleNow: the operator of a server in development can run a schedule.
// What it writes is kept if it ends well; else the audit log says why.
func TestScheduleNow(t *testing.T) {
	s := serve(t, strings.NewReplacer("STORE", "", "ENTRY", "").Replace(scheduled), cleaner())
	run := func(query string) answer {
		s.t.Helper()
		resp, err := http.Post(s.admin+"/dev/schedule?tenant=main"+query, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return answer{status: resp.StatusCode}
	}
	run("&plugin=cleaner&schedule=sweep").want(t, 500, "")
	if log := s.audited(t); !strings.Contains(log, `"action":"schedule.failed"`) || !strings.Contains(log, "There is nothing to clean") || !strings.Contains(log, `"schedule":"sweep"`) {
		t.Errorf("the audit log has\n%s", log)
	}
	s.at("", "POST", "/note", "", nil).want(t, 200, "")
	run("&plugin=cleaner&schedule=sweep").want(t, 200, "")
	if a := s.at("", "GET", "/note", "", nil); !strings.Contains(a.text, `"at":"`+s.clock.Now().UTC().Format("2006-01-02T15:04")) {
		t.Errorf("got %s", a.text)
	}
	run("&plugin=cleaner&schedule=unheard").want(t, 404, "")
	for _, want := range []string{
		`authhost_schedule_runs_total{outcome="failed",plugin="cleaner",schedule="sweep",tenant="main"} 1`,
		`authhost_schedule_runs_total{outcome="ok",plugin="cleaner",schedule="sweep",tenant="main"} 1`,
	} {
		if metrics := s.scrape(t); !strings.Contains(metrics, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

// TestScheduleSettings: the plugin's configuration and, above it, the operator's
// word say when a schedule runs.
func TestScheduleSettings(t *testing.T) {
	for entry, want := range map[string]string{
		`config: {cron: "0 5 * * *"}`:                               "sweep deny",
		`config: {cron: "0 5 * * *"}, schedules: {sweep: "off"}`:    "",
		`config: {cron: "off"}, schedules: {sweep: "*/10 * * * *"}`: "sweep deny",
		`config: {cron: "off"}`:                                     "",
	} {
		n := newNodes(t, 1, "", entry)
		n.run(t, "2026-03-04 04:06")
		if got := n.run(t, "2026-03-04 05:01"); got != want {
			t.Errorf("%s: ran %q, want %q", entry, got, want)
		}
	}
}

func TestScheduleFaults(t *testing.T) {
	broken := cleaner()
	broken.Manifest().Handlers[0].Cron = "99 3 * * *"
	for _, tt := range []struct {
		guest       *w.Guest
		entry, want string
	}{
		{cleaner(), `schedules: {sweep: daily}`, `the schedule "sweep" of plugin "cleaner": "daily" has 1 fields`},
		{cleaner(), `config: {cron: "0 25 * * *"}`, `"0 25 * * *" is no schedule`},
		{cleaner(), `schedules: {sweeps: "off"}`, `plugin "cleaner" has no schedule "sweeps"`},
		{broken, "", `"99 3 * * *" is no schedule`},
	} {
		dir := t.TempDir()
		writeGuest(t, dir, tt.guest)
		cfg := parseConfig(t, dir, strings.NewReplacer("STORE", "", "ENTRY", tt.entry).Replace(scheduled))
		if err := blueprint.Check(cfg, nil); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "test.yaml:") {
			t.Errorf("%s: the check says %v", tt.entry, err)
		}
		if _, err := engine.New(t.Context(), cfg, options(&realmtest.Log{}, time.Now)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", tt.entry, err)
		}
	}
	if err := blueprint.CheckManifest(broken.Manifest()); err == nil || !strings.Contains(err.Error(), `handlers[0].cron: "99 3 * * *" is no schedule`) {
		t.Errorf("the manifest: %v", err)
	}
}
