package workbench_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/internal/workbench"
	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/plugins"
)

// visits is a plugin with an endpoint, hooks, a model, a setting and a cookie.
func visits() *wasmtest.Guest {
	g := wasmtest.New(&pluginapi.Manifest{
		ID: "visits",
		Capabilities: []pluginapi.Capability{
			{Name: pluginapi.CapStorage, Write: []string{"visit"}, Reason: "counts visits"}, {Name: pluginapi.CapEmail}, {Name: pluginapi.CapSMS},
		},
		Handlers: []pluginapi.Handler{
			{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/visits", Session: pluginapi.SessionRequired},
			{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventUserCreating},
			{Number: 3, Kind: pluginapi.KindHook, Event: pluginapi.EventTokenClaims},
			{Number: 4, Kind: pluginapi.KindHook, Event: pluginapi.EventSessionCreating},
			{Number: 5, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore, Match: &pluginapi.Match{Paths: []string{"/never"}}},
			{Number: 6, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore, Match: &pluginapi.Match{Paths: []string{"/never"}}},
			{Number: 7, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/visits/:id", Root: true},
			{Number: 8, Kind: pluginapi.KindHook, Event: pluginapi.EventUserCreated, Delivery: pluginapi.DeliverDurable},
			{Number: 9, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestAfter, Match: &pluginapi.Match{Paths: []string{"/never"}}},
		},
		Models:  map[string]pluginapi.Model{"visit": {Fields: map[string]pluginapi.Field{"who": {Type: "string", Unique: true}, "guest": {Type: "string", References: "user"}}}},
		Cookies: []pluginapi.Cookie{{Name: "seen", MaxAge: 60}},
		Config: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["plan"],
			"properties":{"plan":{"type":"string","description":"The plan,\nin words."},"shown":{"type":"boolean","default":true}}}`),
	}).Permit("claims", "responses")
	g.Manifest().Permissions = append(g.Manifest().Permissions, pluginapi.Permission{Name: "fields", Write: []string{"user.plan", "session.why"}})
	g.Handler(1,
		wasmtest.Copy("args.record.who", "session.user.email"), wasmtest.Set("args.model", "visit"),
		wasmtest.Call("storage", "insert", ""), wasmtest.Must(), wasmtest.Copy("response.body.visit", "result.who"),
		wasmtest.Call("email", "send", `{"to":"ada@example.com","template":"verify-email","data":{"title":"Seen"}}`), wasmtest.Must(),
		wasmtest.Call("sms", "send", `{"to":"+4915112345678","kind":"code","data":{"code":"123"}}`), wasmtest.Must(),
		wasmtest.Copy("response.body.at", "now.iso"),
		wasmtest.Copy("response.body.ip", "request.ip"), wasmtest.Copy("response.body.note", "request.body.note"),
		wasmtest.Set("response.cookies.seen", "yes"), wasmtest.Set("response.headers.x-seen", "twice"),
		wasmtest.Log(pluginapi.LevelWarn, "somebody was here"),
	)
	g.Handler(2, wasmtest.Set("record.plan", "x"), wasmtest.Deny("403", "NOBODY", "Nobody may sign up"))
	g.Handler(3, wasmtest.Copy("claims.plan", "config.plan"))
	g.Handler(4, wasmtest.Copy("record.why", "event.reason"), wasmtest.Copy("response.body.remember", "event.rememberMe"), wasmtest.Return(pluginapi.Respond))
	g.Handler(5, wasmtest.Trap())
	g.Handler(6, wasmtest.Get("request.path"), wasmtest.Return(pluginapi.Failed))
	g.Handler(7, wasmtest.Copy("response.body.id", "request.params.id"), wasmtest.Copy("response.body.q", "request.query.q"))
	g.Handler(9, wasmtest.Copy("response.body.b", "response.body.a"))
	g.Handler(8, wasmtest.Copy("error.message", "event.id"), wasmtest.Return(pluginapi.Deny))
	return g
}

const settings = `{"plan":"free"}`

// file writes a guest's module.
func file(t *testing.T, g *wasmtest.Guest) string {
	t.Helper()
	wasm, err := g.Module()
	if err != nil {
		t.Fatal(err)
	}
	return write(t, g.Manifest().ID+".wasm", wasm)
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) *workbench.Module {
	t.Helper()
	m, err := workbench.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T, settings string) *workbench.Bench {
	t.Helper()
	b, err := workbench.Open(t.Context(), read(t, file(t, visits())), json.RawMessage(settings), workbench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func call(t *testing.T, b *workbench.Bench, handler, input string) *workbench.Outcome {
	t.Helper()
	in, err := workbench.ParseInput([]byte(input))
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.Call(t.Context(), handler, in)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestCheck(t *testing.T) {
	path := file(t, visits())
	r, err := workbench.Check(t.Context(), path, workbench.Options{})
	if err != nil || !r.OK() {
		t.Fatalf("%v, problems %v", err, r.Problems)
	}
	if r.ID != "visits" || r.Version != "1.0.0" || r.ABI != "1.1" || len(r.SHA256) != 64 || r.Size == 0 || len(r.Handlers) != 9 {
		t.Errorf("report %+v", r)
	}
	if r.Handlers[0].On != "POST /visits" || r.Handlers[0].Probe != "failed" || r.Handlers[2].Probe != "continue" {
		t.Errorf("handlers %+v", r.Handlers)
	}
	if c := r.Compile; c == nil || c.Millis <= 0 || c.MemoryKiB < 64 || c.ResetMicros <= 0 || c.Fresh != "" {
		t.Errorf("compile %+v", c)
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Message, "handler 5 (request.before), called with an empty document, ends with a trap: wasm error: unreachable") {
		t.Errorf("warnings %v", r.Warnings)
	}
	want := "      - id: visits\n        module: ./visits.wasm\n        sha256: " + r.SHA256 +
		"\n        grants: [storage, email, sms, claims, responses, fields]\n        config:\n          plan: …\n"
	if r.Entry != want {
		t.Errorf("entry:\n%swant:\n%s", r.Entry, want)
	}
	var out strings.Builder
	r.Write(&out)
	for _, line := range []string{"plugin visits 1.0.0, ABI 1.1\n", "    2  user.creating\n", "asks for storage (keeps records of its own): writes visit; counts visits\n", "asks for email (sends mails)\n", "asks for sms (sends text messages to phones)\n", "sends the text messages code\n",
		"asks for claims (sees and changes what tokens of other plugins say)\n", "may refuse new users, tokens of other plugins, new sessions, requests\n", "is told of new users\n",
		"setting plan (string, required): The plan, in words.\n", "setting shown (boolean, default true)\n", "warning: handler 5 "} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no %q in\n%s", line, out.String())
		}
	}
}

// TestCheckRefuses: what keeps a module from being loaded is told with its
// stage and what to do.
func TestCheckRefuses(t *testing.T) {
	manifest := func(change func(*pluginapi.Manifest)) *wasmtest.Guest {
		m := &pluginapi.Manifest{ID: "plain", Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/plain"}}}
		change(m)
		return wasmtest.New(m).Handler(1)
	}
	module := func(change func(*pluginapi.Manifest)) []byte {
		wasm, err := manifest(change).Module()
		if err != nil {
			t.Fatal(err)
		}
		return wasm
	}
	good := module(func(*pluginapi.Manifest) {})
	empty, err := pluginapi.PackModule([]byte("\x00asm\x01\x00\x00\x00"), []byte(`{"id":"plain","version":"1.0.0","abi":"1.0","handlers":[{"number":1,"kind":"hook","event":"user.creating"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	// The guest's only imports of WASI and of the ABI, under names of the same length.
	env := []byte(strings.Replace(string(good), "\x16wasi_snapshot_preview1", "\x16wasi_snapshot_preview9", 1))
	for name, tt := range map[string]struct {
		wasm                   []byte
		stage, message, remedy string
	}{
		"text":           {[]byte("hello"), workbench.StageFile, "not a WebAssembly", "ABI.md"},
		"component":      {[]byte("\x00asm\x0d\x00\x01\x00more"), workbench.StageFile, "", "not wasm32-wasip2"},
		"cut":            {good[:len(good)/2], workbench.StageFile, "", "ABI.md"},
		"no manifest":    {[]byte(strings.Replace(string(good), "authhost.manifest", "authhost.manifold", 1)), workbench.StageManifest, "authhost.manifest", "authhost plugin pack"},
		"unknown import": {env, workbench.StageImports, `"wasi_snapshot_preview9", which is not served`, "authhost_v1"},
		"no exports":     {empty, workbench.StageImports, `does not export "memory"`, "export it"},
		"no handler":     {empty, workbench.StageImports, `does not export "authhost_call"`, "no_mangle"},
		"later ABI":      {[]byte(strings.Replace(string(good), `"abi":"1.1"`, `"abi":"1.9"`, 1)), workbench.StageManifest, "needs plugin ABI 1.9", "a newer authhost"},
		"host's path": {module(func(m *pluginapi.Manifest) { m.Handlers[0].Path = "/get-session" }),
			workbench.StageManifest, "/get-session", "correct the manifest"},
		"host's model": {module(func(m *pluginapi.Manifest) {
			m.Fields = map[string]map[string]pluginapi.Field{"user": {"email": {Type: "number"}}}
		}), workbench.StageManifest, "email", "correct the manifest"},
		"broken settings": {module(func(m *pluginapi.Manifest) { m.Config = json.RawMessage(`{"type":"colour"}`) }),
			workbench.StageManifest, "the schema of its settings is broken", "correct the manifest"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := workbench.Check(t.Context(), write(t, "plain.wasm", tt.wasm), workbench.Options{})
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(r.Problems, func(p workbench.Problem) bool {
				return p.Stage == tt.stage && strings.Contains(p.Message, tt.message) && strings.Contains(p.Remedy, tt.remedy)
			})
			if !found || r.Entry != "" {
				t.Errorf("problems %+v, entry %q", r.Problems, r.Entry)
			}
		})
	}
	if _, err := workbench.Check(t.Context(), "nowhere.wasm", workbench.Options{}); err == nil {
		t.Error("a file that is not there was checked")
	}
}

func TestCallHook(t *testing.T) {
	b := open(t, settings)
	o := call(t, b, "user.creating", `{"record":{"email":"eve@example.com"}}`)
	if o.Result != "deny" || *o.Handler != 2 || *o.Error != (workbench.Refusal{Status: 403, Code: "NOBODY", Message: "Nobody may sign up"}) {
		t.Errorf("outcome %+v, error %+v", o, o.Error)
	}
	if u := o.Handlers; len(u) != 1 || u[0].Fuel == 0 || u[0].HostCalls != 4 || u[0].MemoryKiB < 64 || u[0].BytesOut == 0 {
		t.Errorf("used %+v", u)
	}
	if o := call(t, b, "3", `{"claims":{"sub":"ada"}}`); o.Result != "continue" || string(o.Claims) != `{"sub":"ada","plan":"free"}` {
		t.Errorf("outcome %+v, claims %s", o, o.Claims)
	}
	o = call(t, b, "session.creating", `{"record":{"userId":"u1"},"event":{"reason":"sign-in","rememberMe":false}}`)
	if o.Result != "respond" || string(o.Record) != `{"userId":"u1","why":"sign-in"}` || string(o.Response.Body) != `{"remember":false}` {
		t.Errorf("outcome %+v, record %s", o, o.Record)
	}
	if o := call(t, b, "user.created", `{"record":{"id":"u1"},"event":{"id":"e1"}}`); o.Error == nil || o.Error.Message != "e1" {
		t.Errorf("outcome %+v, error %+v", o, o.Error)
	}
}

// TestCallFails: a handler that traps or fails is told apart, with its reason.
func TestCallFails(t *testing.T) {
	b := open(t, settings)
	if o := call(t, b, "5", `{}`); !o.Failed() || o.Result != "trap" || !strings.Contains(o.Failure, "unreachable") {
		t.Errorf("outcome %+v", o)
	}
	if o := call(t, b, "6", `{}`); !o.Failed() || o.Result != "failed" || !strings.Contains(o.Failure, "failed with result 3") {
		t.Errorf("outcome %+v", o)
	}
}

func TestCallEndpoint(t *testing.T) {
	b := open(t, settings)
	if o := call(t, b, "POST /visits", `{"request":{"body":{}}}`); o.Handler != nil || o.Response.Status != 401 {
		t.Errorf("without a session: %+v, response %+v", o, o.Response)
	}
	o := call(t, b, "POST /visits", `{"now":"2026-01-02T03:04:05Z","session":{"user":{"email":"bob@example.com"}},"request":{"body":{"note":"n"},"ip":"198.51.100.1"}}`)
	if o.Result != "continue" || o.Response.Status != 200 ||
		string(o.Response.Body) != `{"visit":"bob@example.com","at":"2026-01-02T03:04:05.000Z","ip":"198.51.100.1","note":"n"}` {
		t.Fatalf("outcome %+v, response %+v %s", o, o.Response, o.Response.Body)
	}
	if o.Response.Cookies["seen"] != "yes" || o.Response.Headers["x-seen"] != "twice" || o.Response.Headers["server-timing"] != "" {
		t.Errorf("response %+v", o.Response)
	}
	if len(o.Storage["visit"]) != 1 || !strings.Contains(string(o.Storage["visit"][0]), `"who":"bob@example.com"`) {
		t.Errorf("storage %s", o.Storage)
	}
	if len(o.Mails) != 1 || o.Mails[0].To != "ada@example.com" || !slices.Contains(o.Log, workbench.Line{Level: "warn", Message: "somebody was here"}) {
		t.Errorf("mails %v, log %v", o.Mails, o.Log)
	}
	if want := (workbench.TextMessage{To: "+4915112345678", Kind: "code", Message: "123 for App"}); len(o.Messages) != 1 || o.Messages[0] != want {
		t.Errorf("text messages %+v", o.Messages)
	}
	// The session goes on, and so does the store: who is there already cannot
	// be there again.
	if o := call(t, b, "POST /visits", `{"now":"2026-01-02T03:04:06Z","request":{"body":{}}}`); !o.Failed() || len(o.Storage["visit"]) != 1 || len(o.Mails)+len(o.Messages) != 0 {
		t.Errorf("outcome %+v", o)
	}
	if o := call(t, b, "GET /visits/7?q=x", `{}`); o.Result != "continue" || *o.Handler != 7 || string(o.Response.Body) != `{"id":"7","q":"x"}` {
		t.Errorf("at the origin: %+v, response %+v", o, o.Response)
	}
	if o := call(t, b, "GET /nowhere", `{}`); o.Handler != nil || o.Response.Status != 404 {
		t.Errorf("nowhere: %+v", o)
	}
}

// TestCallWith: hooks are also called by what the plugins do that come with
// the server.
func TestCallWith(t *testing.T) {
	if _, err := plugins.Module("email-password"); err != nil {
		t.Skipf("%v: run make plugins", err)
	}
	o := workbench.Options{BuiltIn: plugins.Module, With: []workbench.With{{ID: "email-password", Config: json.RawMessage(`{"minPasswordLength":4}`)}}}
	b, err := workbench.Open(t.Context(), read(t, file(t, visits())), json.RawMessage(settings), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	got := call(t, b, "POST /sign-up/email", `{"request":{"body":{"name":"Eve","email":"eve@example.com","password":"1234"}}}`)
	if got.Handler != nil || got.Response.Status != 403 || string(got.Response.Body) != `{"message":"Nobody may sign up","code":"NOBODY"}` {
		t.Errorf("outcome %+v, response %s", got, got.Response.Body)
	}
	if h := got.Handlers; len(h) != 2 || h[0].Plugin != "" || h[0].On != "user.creating" || h[0].Result != "deny" || h[1].Plugin != "email-password" || h[1].Result != "deny" {
		t.Errorf("handlers %+v", h)
	}
	var out strings.Builder
	got.Write(&out)
	if !strings.Contains(out.String(), "POST /sign-up/email: not answered by a handler of the plugin\n") || !strings.Contains(out.String(), "  used      handler 2 (user.creating) deny: fuel ") {
		t.Errorf("written:\n%s", out.String())
	}
}

// TestCallAnswer: a hook on an answer is given one.
func TestCallAnswer(t *testing.T) {
	b := open(t, settings)
	o := call(t, b, "request.after", `{"response":{"status":201,"body":{"a":1},"headers":{"x-before":"yes"}}}`)
	if o.Result != "continue" || o.Response.Status != 201 || string(o.Response.Body) != `{"a":1,"b":1}` || o.Response.Headers["x-before"] != "yes" {
		t.Errorf("outcome %+v, response %+v", o, o.Response)
	}
	for handler, input := range map[string]string{"POST /visits": `{"response":{"status":200}}`, "request.after": `{"response":{"cookies":{"a":"b"}}}`} {
		in, err := workbench.ParseInput([]byte(input))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Call(t.Context(), handler, in); err == nil || !strings.Contains(err.Error(), "input: response") {
			t.Errorf("%s: got %v", handler, err)
		}
	}
}

func TestCallStorage(t *testing.T) {
	b := open(t, settings)
	o := call(t, b, "POST /visits", `{"session":{},"storage":{"visit":[{"who":"ada@example.com"}]},"request":{"body":{}}}`)
	if !o.Failed() || len(o.Storage["visit"]) != 1 {
		t.Errorf("a taken value: %+v", o)
	}
}

func TestCallRefuses(t *testing.T) {
	b := open(t, settings)
	for handler, want := range map[string]string{
		"user.updating":    `no hook on "user.updating"; it has "POST /visits", "user.creating"`,
		"request.before":   "several hooks on \"request.before\"; name one: 5, 6",
		"1":                `an endpoint; call it as "POST /visits"`,
		"POST not-a-path":  "is no path",
		"GET /visits/\x01": "is no path",
	} {
		if _, err := b.Call(t.Context(), handler, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", handler, err, want)
		}
	}
	for input, want := range map[string]string{
		`{"storage":{"user":[{}]}}`:           `no model "user"`,
		`{"storage":{"visit":[{"who":1}]}}`:   "who",
		`{"record":[]}`:                       "record is not a JSON object",
		`{"now":"yesterday"}`:                 "now",
		`{"session":{"user":{"colour":"b"}}}`: "colour",
	} {
		in, err := workbench.ParseInput([]byte(input))
		if err == nil {
			_, err = b.Call(t.Context(), "user.creating", in)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", input, err, want)
		}
	}
	for _, input := range []string{`{"recrod":{}}`, `{} {}`, `[]`, ``} {
		if _, err := workbench.ParseInput([]byte(input)); err == nil {
			t.Errorf("%q was taken", input)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	m := read(t, file(t, visits()))
	for settings, want := range map[string]string{
		`{}`:                         `plugin "visits": config: missing property 'plan'; give the plugin its settings`,
		`{"plan":1}`:                 `config.plan: got number, want string`,
		`{"plan":"free","colour":1}`: "colour",
		`{`:                          "config: line 1: the text ends within the JSON value",
	} {
		_, err := workbench.Open(t.Context(), m, json.RawMessage(settings), workbench.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "settings:1") {
			t.Errorf("%s: got %v, want %s", settings, err, want)
		}
	}
}

// TestCheckUnregistered: a handler of the manifest that the module does not have
// is a problem, and one that fails because there is nothing to work with is none.
func TestCheckUnregistered(t *testing.T) {
	g := wasmtest.New(&pluginapi.Manifest{ID: "half", Handlers: []pluginapi.Handler{
		{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventUserCreating},
		{Number: 2, Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/half"},
	}}).Handler(1, wasmtest.Get("record.email"), wasmtest.Return(pluginapi.Failed))
	r, err := workbench.Check(t.Context(), file(t, g), workbench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "handler 2 (GET /half) fails as a number does that the module has no handler for"
	if len(r.Problems) != 1 || r.Problems[0].Message != want || !strings.Contains(r.Problems[0].Remedy, "authhost plugin bind") {
		t.Errorf("problems %+v", r.Problems)
	}
}
