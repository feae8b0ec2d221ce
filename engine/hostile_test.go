package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/internal/realmtest"
	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// shape is one way to misbehave, and what the audit log has to say about it.
type shape struct {
	steps  []wasmtest.Step
	reason string
}

// create makes a user, and fails if that fails.
func create(name string) wasmtest.Step {
	call := wasmtest.Call("identity", "createUser", fmt.Sprintf(
		`{"user":{"email":"%s@example.com","name":"Eve"},"account":{"providerId":"credential","password":"correct-horse-1"}}`, name))
	return func(g *wasmtest.Guest) []byte { return append(call(g), wasmtest.Must()(g)...) }
}

// shapes are what the endpoints of the hostile plugin do, by name. Those of
// numbers call themselves.
func shapes(number map[string]int32) map[string]shape {
	const big = 9 << 20
	do := func(reason string, steps ...wasmtest.Step) shape { return shape{steps, reason} }
	return map[string]shape{
		"loop":                  do("fuel", wasmtest.Forever()),
		"call-loop":             do("host-calls", wasmtest.Forever(wasmtest.Get("request.path"))),
		"grow-loop":             do("fuel", wasmtest.Forever(wasmtest.Grow())),
		"write-loop":            do("host-calls", wasmtest.Forever(wasmtest.Set("response.body.-", strings.Repeat("x", 1000)))),
		"exponential-recursion": do("fuel", wasmtest.Explode(number["exponential-recursion"])),
		"recursion":             do("stack", wasmtest.Recurse(number["recursion"])),
		"memory-to-the-limit":   do("trap", wasmtest.Fill(), wasmtest.Trap()),
		"table-growth":          do("fuel", wasmtest.Forever(wasmtest.GrowTable())),
		"trap":                  do("trap", wasmtest.Trap()),
		"exit":                  do("exit: code 3", wasmtest.Exit(3)),
		"get-path-past-the-end": do("pointer", wasmtest.GetAt(-1, 100, 0, 0)),
		"get-path-overflow":     do("pointer", wasmtest.GetAt(0x7fffffff, 0x7fffffff, 0, 0)),
		"get-out-past-the-end":  do("pointer", wasmtest.GetAt(0, 1, -8, 64)),
		"set-path-past-the-end": do("pointer", wasmtest.SetAt(-1, 1, 0, 0)),
		"set-value-overflow":    do("pointer", wasmtest.SetAt(0, 1, -1, -1)),
		"take-past-the-end":     do("pointer", wasmtest.TakeAt(0, -1)),
		"log-past-the-end":      do("pointer", wasmtest.LogAt(-2, 4)),
		"call-name-overflow":    do("pointer", wasmtest.CallAt("identity", [6]int32{-1, 2, 0, 0, 0, 0})),
		"call-args-overflow":    do("pointer", wasmtest.CallAt("identity", [6]int32{0, 1, 1, -1, 0, 0})),
		"call-out-overflow":     do("pointer", wasmtest.CallAt("identity", [6]int32{0, 1, 0, 0, -4, 8})),
		"path-not-utf8":         do("text", wasmtest.Get("request.\xff\xfe")),
		"text-not-utf8":         do("failed", wasmtest.Set("response.body.x", "\xc3\x28"), wasmtest.Must()),
		"json-not-json":         do("failed", wasmtest.SetJSON("response.body", `{"a":`), wasmtest.Must()),
		"args-not-json":         do("", wasmtest.Call("identity", "createUser", "{"), wasmtest.Must()),
		"output-too-large":      do("bytes-out", wasmtest.Fill(), wasmtest.SetAt(0, 0, 0, big), wasmtest.SetAt(0, 0, 0, big)),
		"blocking-call":         do("wall", wasmtest.Forever(wasmtest.Call("identity", "equalize", `{"password":"correct-horse-1"}`))),
		"trap-in-work":          do("trap", create("trap-in-work"), wasmtest.Trap()),
		"loop-in-work":          do("fuel", create("loop-in-work"), wasmtest.Forever()),
		"exit-in-work":          do("exit: code 0", create("exit-in-work"), wasmtest.Exit(0)),
		"unknown-result":        do("77", create("unknown-result"), wasmtest.Return(77)),
	}
}

// hostilePlugin has an endpoint for each shape, and one that answers.
func hostilePlugin() (guest *wasmtest.Guest, all map[string]shape, numbers map[string]int32) {
	numbers = map[string]int32{}
	for i, name := range sortedNames(shapes(nil)) {
		numbers[name] = int32(i + 1)
	}
	all = shapes(numbers)
	m := &pluginapi.Manifest{ID: "hostile", Capabilities: []pluginapi.Capability{
		{Name: "identity", Write: []string{"user", "account"}}}}
	fine := int32(len(all) + 1)
	endpoint := func(number int32, name string) {
		m.Handlers = append(m.Handlers, pluginapi.Handler{Number: number, Kind: pluginapi.KindEndpoint, Method: http.MethodGet, Path: "/hostile/" + name})
	}
	for name, number := range numbers {
		endpoint(number, name)
	}
	endpoint(fine, "fine")
	guest = wasmtest.New(m)
	for name, number := range numbers {
		guest.Handler(number, all[name].steps...)
	}
	return guest.Handler(fine, wasmtest.Set("response.body", "fine")), all, numbers
}

func sortedNames(m map[string]shape) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

const hostileEntry = "      - {id: hostile, module: DIR/hostile.wasm, grants: [identity], limits: {fuel: 20000000, wallMs: 700}}\n"

// slowPasswords take time as real ones do, and nothing of the processor.
type slowPasswords struct{ realmtest.Passwords }

func (slowPasswords) Equalize(ctx context.Context, _ string) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

// TestHostilePlugin calls a plugin that does its worst in a running server: its
// own requests fail with a generic answer and leave nothing behind, the audit
// log has the reason, and everybody else is served.
func TestHostilePlugin(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	guest, all, numbers := hostilePlugin()
	s := serveWith(t, func(o *engine.Options) { *o = o.WithPasswords(slowPasswords{}) }, oneTenant+hostileEntry, guest)
	for _, name := range sortedNames(all) {
		t.Run(name, func(t *testing.T) {
			a := s.do(request{method: http.MethodGet, path: "/api/auth/hostile/" + name})
			generic := a.status == http.StatusInternalServerError && a.text == `{"message":"Internal server error","code":"INTERNAL_SERVER_ERROR"}`
			// What a host call takes is no fault of the plugin's.
			busy := name == "blocking-call" && a.status == http.StatusServiceUnavailable && !strings.Contains(a.text, "wall")
			if !generic && !busy {
				t.Errorf("answered %d %.200s", a.status, a.text)
			}
			in := s.do(request{method: http.MethodPost, path: "/api/auth/sign-in/email", body: `{"email":"` + name + `@example.com","password":"correct-horse-1"}`})
			if in.status != http.StatusUnauthorized {
				t.Errorf("it left a user, or nobody is served any more: %d %s", in.status, in.text)
			}
			if reason := s.reasonOf(t, "hostile", numbers[name]); !strings.Contains(reason, all[name].reason) {
				t.Errorf("the audit log gives the reason %q, want %q", reason, all[name].reason)
			}
			if ok := s.do(request{method: http.MethodGet, path: "/api/auth/hostile/fine"}); ok.text != `"fine"` {
				t.Errorf("its next request: %d %s", ok.status, ok.text)
			}
		})
	}
}

// reasonOf is the reason of a handler's last failure in the audit log.
func (s *server) reasonOf(t *testing.T, plugin string, handler int32) (reason string) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(s.dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		var e struct {
			Plugin  string
			Details map[string]string
		}
		if json.Unmarshal([]byte(line), &e) == nil && e.Plugin == plugin && e.Details["handler"] == fmt.Sprint(handler) {
			reason = e.Details["reason"]
		}
	}
	if reason == "" {
		t.Errorf("the audit log has nothing about handler %d of %s", handler, plugin)
	}
	return reason
}

// TestHostileNeighbour has a tenant misbehave in every way at the same time,
// again and again: another tenant's requests are answered, soon, and memory
// stays bounded.
func TestHostileNeighbour(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	guest, all, _ := hostilePlugin()
	s := serve(t, oneTenant+hostileEntry+"  - {id: other, baseURL: \"http://other.example\", plugins: [{id: good, module: DIR/good.wasm, grants: [random]}]}\n",
		guest, wasmtest.New(guestManifest("good")).Handler(1, wasmtest.Set("response.body", "fine")))
	good := func() time.Duration {
		start := time.Now()
		if a := s.do(request{method: http.MethodGet, host: "other.example", path: "/api/auth/good"}); a.text != `"fine"` {
			t.Errorf("the neighbour is answered %d %s", a.status, a.text)
		}
		return time.Since(start)
	}
	stop := make(chan struct{})
	var attackers sync.WaitGroup
	for i := range 4 {
		attackers.Go(func() {
			names := sortedNames(all)
			for n := i; ; n++ {
				select {
				case <-stop:
					return
				default:
					s.do(request{method: http.MethodGet, path: "/api/auth/hostile/" + names[n%len(names)]})
				}
			}
		})
	}
	var took []time.Duration
	for range 200 {
		took = append(took, good())
	}
	var during runtime.MemStats
	runtime.ReadMemStats(&during)
	close(stop)
	attackers.Wait()
	slices.Sort(took)
	t.Logf("beside four attackers: half of the answers within %v, 95 of 100 within %v; heap %d MiB", took[100], took[190], during.HeapInuse>>20)
	// Attackers keep every processor busy: a request waits for a turn, and not
	// for an attack, which lasts 700 ms.
	if took[100] > 300*time.Millisecond {
		t.Errorf("half of the neighbour's answers took longer than %v", took[100])
	}
	if during.HeapInuse > 1<<30 {
		t.Errorf("the heap grew to %d MiB", during.HeapInuse>>20)
	}
}

// TestHostileModulesAreRefused gives a running server modules that claim, or
// have, more than is good for a compiler: it refuses them, says why, needs no
// memory for it, and goes on with what it had.
func TestHostileModulesAreRefused(t *testing.T) {
	const text = "\ntenants:\n  - {id: main, baseURL: \"http://main.example\", plugins: [{id: good, module: DIR/good.wasm, grants: [random]}BAD]}\n"
	s := serve(t, strings.Replace(text, "BAD", "", 1),
		wasmtest.New(guestManifest("good")).Handler(1, wasmtest.Set("response.body", "fine")))
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 2 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a := s.do(request{method: http.MethodGet, path: "/api/auth/good"}); a.text != `"fine"` {
					t.Errorf("others are answered %d %s", a.status, a.text)
					return
				}
			}
		})
	}
	bad := func() *wasmtest.Guest {
		m := guestManifest("bad")
		m.Handlers[0].Path = "/bad"
		return wasmtest.New(m)
	}
	for name, tt := range map[string]struct {
		guest  *wasmtest.Guest
		reason string
	}{
		"2^32 locals":                 {bad().ManyLocals(), "locals in a function, the limit is 20000"},
		"a huge code entry":           {bad().HugeCode(8 << 20), "bytes in a function, the limit is 524288"},
		"a code entry that claims it": {bad().HugeClaim(), "code section at offset"},
	} {
		writeGuest(t, s.dir, tt.guest)
		cfg := parseConfig(t, s.dir, strings.Replace(text, "BAD", ", {id: bad, module: DIR/bad.wasm, grants: [random]}", 1))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := s.Reload(t.Context(), cfg)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%s: %v", name, err)
		}
		if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 256<<20 {
			t.Errorf("%s: the heap grew by %d MiB", name, grown>>20)
		}
		if a := s.do(request{method: http.MethodGet, path: "/api/auth/bad"}); a.status != http.StatusNotFound {
			t.Errorf("%s: it answers %d %s", name, a.status, a.text)
		}
	}
	close(stop)
	clients.Wait()
}

// TestMarksAreGone has two tenants share a module that leaves marks in memory
// and in a global: no request finds one, whoever left it and however it ended.
func TestMarksAreGone(t *testing.T) {
	m := guestManifest("marks")
	m.Handlers = append(m.Handlers, pluginapi.Handler{Number: 2, Kind: pluginapi.KindEndpoint, Method: http.MethodGet, Path: "/marks/trap"})
	mark := []wasmtest.Step{wasmtest.Mark(), wasmtest.Report("response.body.seen")}
	guest := wasmtest.New(m).Handler(1, mark...).Handler(2, append(mark, wasmtest.Trap())...)
	const plugin = "plugins: [{id: marks, module: DIR/marks.wasm, grants: [random]}]"
	s := serve(t, "\ntenants:\n  - {id: a, baseURL: \"http://a.example\", "+plugin+"}\n  - {id: b, baseURL: \"http://b.example\", "+plugin+"}\n", guest)
	parallel(8, func(i int) {
		host := []string{"a.example", "b.example"}[i%2]
		for n := range 30 {
			if n%5 == 0 {
				s.do(request{method: http.MethodGet, host: host, path: "/api/auth/marks/trap"})
			}
			if a := s.do(request{method: http.MethodGet, host: host, path: "/api/auth/marks"}); a.text != `{"seen":0}` {
				t.Errorf("%s: %d %s", host, a.status, a.text)
			}
		}
	})
}

// TestReentrantPlugin has a plugin's hook cause the event that it is called
// for: the circle is cut, the request fails, and nothing is kept.
func TestReentrantPlugin(t *testing.T) {
	needPlugins(t, "email-password", "convex")
	m := &pluginapi.Manifest{ID: "circle", Capabilities: []pluginapi.Capability{{Name: "identity", Write: []string{"user", "account"}}},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindEndpoint, Method: http.MethodGet, Path: "/circle"},
			{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventUserCreating},
		}}
	guest := wasmtest.New(m).Handler(1, create("outer")).Handler(2, create("inner"))
	s := serve(t, oneTenant+"      - {id: circle, module: DIR/circle.wasm, grants: [identity]}\n", guest)
	if a := s.do(request{method: http.MethodGet, path: "/api/auth/circle"}); a.status < 500 || strings.Contains(a.text, "itself") {
		t.Errorf("answered %d %s", a.status, a.text)
	}
	for _, name := range []string{"outer", "inner"} {
		if in := s.signIn("", name+"@example.com", "correct-horse-1"); in.status != http.StatusUnauthorized {
			t.Errorf("%s was kept: %d %s", name, in.status, in.text)
		}
	}
	if reason := s.reasonOf(t, "circle", 2); !strings.Contains(reason, "itself") {
		t.Errorf("the audit log gives the reason %q", reason)
	}
}

// TestSlowHandlerIsLogged: the log tells of a handler that took long, whose it
// is and what it used, and of no other.
func TestSlowHandlerIsLogged(t *testing.T) {
	const text = "\ntenants:\n  - {id: main, baseURL: \"http://main.example\", plugins: [{id: good, module: DIR/good.wasm, grants: [random]}]}\n"
	for name, tt := range map[string]struct {
		from time.Duration
		slow bool
	}{"all are slow": {time.Nanosecond, true}, "none is": {time.Hour, false}} {
		s := serveWith(t, func(o *engine.Options) { o.SlowHandler = tt.from }, text,
			wasmtest.New(guestManifest("good")).Handler(1, wasmtest.Get("request.path"), wasmtest.Set("response.body", "fine")))
		a := s.do(request{method: http.MethodGet, path: "/api/auth/good"})
		if a.text != `"fine"` {
			t.Errorf("%s: answered %d %s", name, a.status, a.text)
		}
		var line string
		for l := range strings.Lines(s.log.String()) {
			if strings.Contains(l, "slow plugin handler") {
				line = l
			}
		}
		if (line != "") != tt.slow {
			t.Errorf("%s: the log has %q", name, line)
		}
		for _, part := range []string{"level=WARN", "tenant=main", "plugin=good", "handler=1", "request=", "took=", "host=", "fuel=", "hostCalls=2"} {
			if tt.slow && !strings.Contains(line, part) {
				t.Errorf("%s: no %s in %s", name, part, line)
			}
		}
	}
}

// TestUsageIsShown: what a plugin used is in the metrics and, in development,
// in the answer.
func TestUsageIsShown(t *testing.T) {
	s := serve(t, "\ntenants:\n  - {id: main, baseURL: \"http://main.example\", plugins: [{id: good, module: DIR/good.wasm, grants: [random]}]}\n",
		wasmtest.New(guestManifest("good")).Handler(1, wasmtest.Get("request.path"), wasmtest.Set("response.body", "fine")))
	a := s.do(request{method: http.MethodGet, path: "/api/auth/good"})
	if timing := a.header.Get("Server-Timing"); !strings.HasPrefix(timing, "good-1;dur=") || !strings.Contains(timing, "host calls 2") {
		t.Errorf("Server-Timing: %q", timing)
	}
	metrics := s.scrape(t)
	for _, want := range []string{
		`authhost_plugin_calls_total{handler="1",outcome="ok",plugin="good",tenant="main"} 1`,
		`authhost_plugin_host_calls_total{plugin="good",tenant="main"} 2`,
		`authhost_plugin_fuel_total{plugin="good",tenant="main"} `,
		`authhost_plugin_bytes_total{direction="out",plugin="good",tenant="main"} `,
		`authhost_sandbox_instances_total{event="fresh"} 1`,
		`authhost_sandbox_instances_total{event="clone"} `, // 1, and one that is made ahead
		`authhost_sandbox_instances_total{event="fault"} 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not have %s", want)
		}
	}
}

// scrape reads from the admin listener.
func (s *server) scrape(t *testing.T) string { return s.adminGet(t, "/metrics") }

func (s *server) adminGet(t *testing.T, path string) string {
	t.Helper()
	resp, err := http.Get(s.admin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBreaker: a plugin that keeps failing is left alone, which its clients,
// the operator and the metrics are told, and is tried again after a while.
func TestBreaker(t *testing.T) {
	m := guestManifest("moody")
	m.Handlers = append(m.Handlers, pluginapi.Handler{Number: 2, Kind: pluginapi.KindEndpoint, Method: http.MethodGet, Path: "/moody/fine"})
	s := serve(t, "\ntenants:\n  - {id: main, baseURL: \"http://main.example\", plugins: [{id: moody, module: DIR/moody.wasm, grants: [random]}]}\n",
		wasmtest.New(m).Handler(1, wasmtest.Trap()).Handler(2, wasmtest.Set("response.body", "fine")))
	get := func(path string) answer { return s.do(request{method: http.MethodGet, path: "/api/auth" + path}) }
	for range 20 {
		if a := get("/moody"); a.status != http.StatusInternalServerError {
			t.Fatalf("a trap is answered %d %s", a.status, a.text)
		}
	}
	if a := get("/moody/fine"); a.status != http.StatusServiceUnavailable || strings.Contains(a.text, "moody") {
		t.Errorf("after 20 failures: %d %s", a.status, a.text)
	}
	if ready := s.adminGet(t, "/readyz"); !strings.Contains(ready, "degraded: tenant main, plugin moody failed 20 times in a row") {
		t.Errorf("readyz says %q", ready)
	}
	if !strings.Contains(s.scrape(t), `authhost_plugin_calls_total{handler="2",outcome="open",plugin="moody",tenant="main"} 1`) {
		t.Error("the metrics do not have the refused call")
	}
	s.clock.Advance(time.Minute)
	if a := get("/moody/fine"); a.text != `"fine"` {
		t.Errorf("the probe: %d %s", a.status, a.text)
	}
	if ready := s.adminGet(t, "/readyz"); strings.Contains(ready, "degraded") {
		t.Errorf("readyz says %q", ready)
	}
}
