package dispatch_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// everything is a manifest that asks for all that guests of these tests use,
// with an endpoint as handler 1.
func everything(id string, hooks ...pluginapi.Handler) *w.Guest {
	post := pluginapi.Handler{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/" + id}
	return w.New(&pluginapi.Manifest{
		ID: id,
		Capabilities: []pluginapi.Capability{
			{Name: pluginapi.CapIdentity, Read: []string{"user", "account"}, Write: []string{"user", "account"}},
			{Name: pluginapi.CapSession}, {Name: pluginapi.CapVerification}, {Name: pluginapi.CapEmail}, {Name: pluginapi.CapRandom}, {Name: pluginapi.CapAudit},
			{Name: pluginapi.CapKeys, Keys: []string{"test"}},
			{Name: pluginapi.CapStorage, Read: []string{id + "Note"}, Write: []string{id + "Note"}},
		},
		Handlers: append([]pluginapi.Handler{post}, hooks...),
		Models: map[string]pluginapi.Model{id + "Note": {Fields: map[string]pluginapi.Field{
			"name": {Type: "string", Unique: true}, "count": {Type: "number"},
		}}},
		Cookies: []pluginapi.Cookie{{Name: id + "_plain", MaxAge: 60}, {Name: id + "_signed", Signed: true}},
	})
}

func on(number int32, event string) pluginapi.Handler {
	return pluginapi.Handler{Number: number, Kind: pluginapi.KindHook, Event: event}
}

const ada = `{"user":{"name":"Ada","email":"ada@example.com"}}`

func post(path string) dispatch.Request { return dispatch.Request{Method: "POST", Path: path} }

// runFirst runs the first endpoint.
func runFirst(t *testing.T, r *realmtest.Realm) (*dispatch.Exchange, error) {
	t.Helper()
	ex := r.Exchange(t, post("/guest"))
	return ex, ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0])
}

func user(t *testing.T, r *realmtest.Realm, email string) *store.Record {
	t.Helper()
	rec, err := r.Store.Find(t.Context(), identity.User, "email", document.Text(email))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func body(ex *dispatch.Exchange) string { return string(ex.Response.Body.JSON()) }

func TestEndpointCommits(t *testing.T) {
	g := everything("guest").Handler(1, w.Call("identity", "createUser", ada), w.Must(), w.Copy("response.body.name", "result.user.name"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if body(ex) != `{"name":"Ada"}` || user(t, r, "ada@example.com") == nil {
		t.Errorf("answer %s, user %v", body(ex), user(t, r, "ada@example.com"))
	}
}

// TestRollback: however a handler ends but well, nothing of it is left.
func TestRollback(t *testing.T) {
	work := []w.Step{
		w.Call("identity", "createUser", ada), w.Must(),
		w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must(),
		w.Call("email", "send", `{"to":"ada@example.com","template":"verify-email"}`), w.Must(),
		w.Set("response.body.x", "y"), w.Set("response.headers.x-a", "b"), w.Set("response.cookies.guest_plain", "c"),
		w.SetKind("response.status", pluginapi.KindNumber, "201"), w.Set("response.redirect", "/away"),
	}
	tests := []struct {
		name    string
		end     []w.Step
		status  int
		outcome string
	}{
		{"deny", []w.Step{w.Deny("418", "TEAPOT", "No coffee")}, 418, "deny"},
		{"failed", []w.Step{w.Return(pluginapi.Failed)}, 500, "failed"},
		{"unknown result", []w.Step{w.Return(77)}, 500, "failed"},
		{"trap", []w.Step{w.Trap()}, 500, "trap"},
		{"endless loop", []w.Step{w.Forever()}, 500, "trap"},
		{"bad pointer", []w.Step{w.BadPointer()}, 500, "trap"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := everything("guest", on(2, pluginapi.EventUserCreated)).Handler(1, append(slices.Clone(work), tt.end...)...).Handler(2)
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Limits: sandbox.Limits{Fuel: 1_000_000}})
			ex, err := runFirst(t, r)
			if err == nil || apierror.From(err).Status != tt.status {
				t.Fatalf("got %v", err)
			}
			if user(t, r, "ada@example.com") != nil || len(r.Outbox.List()) != 0 || ex.Observed() {
				t.Error("work was kept")
			}
			if p := ex.Response; p.Status != 0 || !p.Body.IsAbsent() || len(p.Headers) != 0 || len(p.Cookies) != 0 || p.Redirect != "" {
				t.Errorf("response %+v", p)
			}
			if got := r.Done.List(); !slices.Equal(got, []string{"guest#1 " + tt.outcome}) {
				t.Errorf("outcomes %v", got)
			}
			// The host is well: the next request is served.
			if _, err := runFirst(t, r); apierror.From(err).Status != tt.status {
				t.Errorf("then %v", err)
			}
		})
	}
}

func TestDenial(t *testing.T) {
	tests := []struct {
		name  string
		steps []w.Step
		want  apierror.Error
	}{
		{"full", []w.Step{w.Deny("403", "NO", "Not you")}, apierror.Error{Status: 403, Code: "NO", Message: "Not you"}},
		{"bare", []w.Step{w.Return(pluginapi.Deny)}, apierror.Error{Status: 400, Empty: true}},
		{"status out of range", []w.Step{w.SetKind("error.status", pluginapi.KindNumber, "200"), w.Report("args.s"), w.Copy("error.message", "args.s"), w.Return(pluginapi.Deny)}, apierror.Error{Status: 400, Empty: true}},
		{"message alone", []w.Step{w.Set("error.message", "Hm"), w.Return(pluginapi.Deny)}, apierror.Error{Status: 400, Message: "Hm"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1, tt.steps...)}})
			_, err := runFirst(t, r)
			var denied *dispatch.Denied
			if !errors.As(err, &denied) || denied.Plugin != "guest" {
				t.Fatalf("got %v", err)
			}
			if got := *apierror.From(err); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestRefusedCallIsTheAnswer: a plugin that cannot go on passes the host's
// refusal to the client, and a plugin's own failure is a fault.
func TestRefusedCallIsTheAnswer(t *testing.T) {
	veto := everything("veto", on(2, pluginapi.EventUserCreating)).Handler(2, w.Deny("451", "NOT_HERE", "Not in this country"))
	g := everything("guest").Handler(1, w.Call("identity", "createUser", ada), w.Report("response.body.s"), w.Must())
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, veto}})
	_, err := runFirst(t, r)
	if e := apierror.From(err); e.Status != 451 || e.Code != "NOT_HERE" || user(t, r, "ada@example.com") != nil {
		t.Errorf("got %v", err)
	}
}

func TestUnitRetries(t *testing.T) {
	g := everything("guest")
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	insert := func(tx *store.Tx, name string) error {
		_, err := tx.Insert(t.Context(), "guestNote", "n", document.NewObject(2).Set("name", document.Text(name)).Set("count", document.Int(0)))
		return err
	}
	ex := r.Exchange(t, post("/guest"))
	if err := ex.Unit(t.Context(), func(context.Context) error { return insert(ex.Tx(), "x") }); err != nil {
		t.Fatal(err)
	}
	// disturb changes the record behind the unit's back.
	disturb := func() {
		if _, err := r.Store.Increment(t.Context(), "guestNote", "n", "count", 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, disturbances := range []int{0, 1, dispatch.MaxAttempts - 1, dispatch.MaxAttempts} {
		t.Run(strconv.Itoa(disturbances), func(t *testing.T) {
			ex := r.Exchange(t, post("/guest"))
			attempts := 0
			err := ex.Unit(t.Context(), func(ctx context.Context) error {
				attempts++
				ex.Response.Headers.Add("X-Attempt", strconv.Itoa(attempts))
				ex.Response.Body = document.Int(int64(attempts))
				ex.Tx().OnCommit(func() { ex.Response.Headers.Add("X-Committed", "1") })
				if _, err := ex.Tx().Get(ctx, "guestNote", "n"); err != nil {
					return err
				}
				if attempts <= disturbances {
					disturb()
				}
				_, err := ex.Tx().Update(ctx, "guestNote", "n", document.NewObject(1).Set("name", document.Text("y"+strconv.Itoa(disturbances))))
				return err
			})
			fails := disturbances == dispatch.MaxAttempts
			if (err != nil) != fails || attempts != min(disturbances+1, dispatch.MaxAttempts) {
				t.Fatalf("%d attempts: %v", attempts, err)
			}
			if fails {
				if !errors.Is(err, store.ErrConflict) || apierror.From(err).Status != http.StatusServiceUnavailable {
					t.Errorf("got %v", err)
				}
				if len(ex.Response.Headers) != 0 || !ex.Response.Body.IsAbsent() {
					t.Errorf("response %+v", ex.Response)
				}
				return
			}
			if got := ex.Response.Headers.Values("X-Attempt"); !slices.Equal(got, []string{strconv.Itoa(attempts)}) || len(ex.Response.Headers.Values("X-Committed")) != 1 {
				t.Errorf("headers %v", ex.Response.Headers)
			}
		})
	}
}

func TestUnitRestoresRequest(t *testing.T) {
	before := everything("guest", on(2, pluginapi.EventRequestBefore)).Handler(2,
		w.Set("request.body.list.-", "again"), w.Set("request.headers.x-a", "changed"),
		w.Call("storage", "update", `{"model":"guestNote","id":"n","set":{"name":"z"}}`), w.Must())
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{before}})
	original := http.Header{"X-A": {"original"}}
	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/x", Headers: original, Body: document.Obj(document.NewObject(1).Set("list", document.List()))})
	if _, err := ex.Before(t.Context()); err == nil { // there is no such note
		t.Fatal("no error")
	}
	if got := string(ex.Request.Body.JSON()); got != `{"list":[]}` || ex.Request.Headers.Get("X-A") != "original" {
		t.Errorf("request %s %v", got, ex.Request.Headers)
	}
	err := r.Store.Apply(t.Context(), []store.Op{{Kind: store.Insert, Model: "guestNote", ID: "n", Fields: document.NewObject(1).Set("name", document.Text("x"))}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ex.Before(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := string(ex.Request.Body.JSON()); got != `{"list":["again"]}` || ex.Request.Headers.Get("X-A") != "changed" || original.Get("X-A") != "original" {
		t.Errorf("request %s %v, original %v", got, ex.Request.Headers, original)
	}
}

// TestOneWinner: of many handlers that consume one record, exactly one does.
func TestOneWinner(t *testing.T) {
	g := everything("guest").Handler(1,
		w.Call("verification", "consume", `{"identifier":"reset"}`),
		w.If(pluginapi.StatusNotFound, w.Deny("400", "GONE", "Used")), w.Must(), w.Set("response.body", "won"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	ex := r.Exchange(t, post("/"))
	err := ex.Unit(t.Context(), func(ctx context.Context) error {
		_, err := r.Identity.CreateVerification(ctx, ex.Tx(), ex, "guest/reset", "v", time.Hour, ex.Now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const n = 50
	var wg sync.WaitGroup
	results := make(chan error, n)
	for range n {
		ex := r.Exchange(t, post("/guest"))
		wg.Go(func() { results <- ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]) })
	}
	wg.Wait()
	won := 0
	for range n {
		if err := <-results; err == nil {
			won++
		} else if apierror.From(err).Code != "GONE" {
			t.Errorf("got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d winners", won)
	}
}

// TestStaleReadRunsAgain: a guest that was told of a conflict because its data
// is old does not get to answer with it.
func TestStaleReadRunsAgain(t *testing.T) {
	g := everything("guest").Handler(1,
		w.Call("storage", "get", `{"model":"guestNote","id":"n"}`), w.Must(),
		w.Call("audit", "record", `{"action":"between"}`), w.Must(),
		w.Call("storage", "update", `{"model":"guestNote","id":"n","set":{"name":"z"}}`),
		w.If(pluginapi.StatusConflict, w.Deny("409", "TAKEN", "Somebody has that name")))
	between := &interruption{}
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Audit: between})
	between.act = func() {
		if _, err := r.Store.Increment(t.Context(), "guestNote", "n", "count", 1); err != nil {
			t.Error(err)
		}
	}
	err := r.Store.Apply(t.Context(), []store.Op{{Kind: store.Insert, Model: "guestNote", ID: "n", Fields: document.NewObject(1).Set("name", document.Text("x"))}})
	if err != nil {
		t.Fatal(err)
	}
	for times, want := range []int{200, 200, 200, http.StatusServiceUnavailable} {
		between.times = times
		_, err := runFirst(t, r)
		if (err == nil) != (want == 200) || err != nil && apierror.From(err).Status != want {
			t.Errorf("changed %d times: got %v", times, err)
		}
	}
}

// interruption acts whenever a guest records something, a number of times.
type interruption struct {
	times int
	act   func()
}

func (i *interruption) Record(context.Context, audit.Event) error {
	if i.times--; i.times >= 0 {
		i.act()
	}
	return nil
}

func (*interruption) Close() error { return nil }

// TestIncrementOfOwn: a counter counts at once, and does not disturb the unit
// of work that counts.
func TestIncrementOfOwn(t *testing.T) {
	count := w.Call("storage", "increment", `{"model":"guestNote","id":"n","field":"count"}`)
	rename := w.Call("storage", "update", `{"model":"guestNote","id":"n","set":{"name":"z"}}`)
	read := w.Call("storage", "get", `{"model":"guestNote","id":"n"}`)
	tests := []struct {
		name  string
		steps []w.Step
	}{
		{"after reading", []w.Step{read, w.Must(), count, w.Must(), rename, w.Must()}},
		{"between writes", []w.Step{rename, w.Must(), count, w.Must(), rename, w.Must()}},
		{"after a write", []w.Step{rename, w.Must(), count, w.Must()}},
		{"before all", []w.Step{count, w.Must(), rename, w.Must()}},
		{"before a refusal", []w.Step{read, w.Must(), count, w.Must(), w.Deny("400", "WRONG", "")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1, tt.steps...)}})
			err := r.Store.Apply(t.Context(), []store.Op{{Kind: store.Insert, Model: "guestNote", ID: "n", Fields: document.NewObject(1).Set("name", document.Text("x"))}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := runFirst(t, r); err != nil && apierror.From(err).Code != "WRONG" {
				t.Fatal(err)
			}
			rec, err := r.Store.Get(t.Context(), "guestNote", "n")
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := rec.Int("count"); n != 1 || len(r.Done.List()) != 1 {
				t.Errorf("counted %d in %v", n, r.Done.List())
			}
		})
	}
}

func TestRecordHooks(t *testing.T) {
	hook := everything("hook", on(2, pluginapi.EventUserCreating), on(3, pluginapi.EventUserCreated)).
		Handler(2,
			w.Set("record.name", "Changed"),
			w.Set("record.email", "ADA@EXAMPLE.COM"), w.Set("record.id", "mine"),
			w.Set("response.body.x", "y"), w.If(pluginapi.StatusOK, w.Trap()),
			w.Set("request.body.x", "y"), w.If(pluginapi.StatusOK, w.Trap()),
			w.Set("claims.x", "y"), w.If(pluginapi.StatusOK, w.Trap()),
			w.Set("record", "whole"), w.If(pluginapi.StatusOK, w.Trap()),
			w.Call("storage", "insert", `{"model":"hookNote","record":{"name":"during"}}`), w.Must()).
		Handler(3,
			w.Set("record.name", "Too late"), w.If(pluginapi.StatusOK, w.Trap()),
			w.Call("storage", "insert", `{"model":"hookNote","record":{"name":"after"}}`), w.Must())
	hook.Manifest().Handlers[1].Failure = ""
	g := everything("guest").Handler(1, w.Call("identity", "createUser", ada), w.Must())
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	rec := user(t, r, "ada@example.com")
	if rec == nil || rec.Str("name") != "Changed" || rec.ID == "mine" {
		t.Fatalf("got %v", rec)
	}
	notes := func() (names []string) {
		page, err := r.Store.List(t.Context(), store.Query{Model: "hookNote"})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range page.Records {
			names = append(names, n.Str("name"))
		}
		slices.Sort(names)
		return names
	}
	if got := notes(); !slices.Equal(got, []string{"during"}) {
		t.Errorf("notes %v", got)
	}
	ex.RunObservers(t.Context())
	if got := notes(); !slices.Equal(got, []string{"after", "during"}) {
		t.Errorf("notes %v", got)
	}
	if got := r.Done.List(); !slices.Equal(got, []string{"hook#2 ok", "guest#1 ok", "hook#3 ok"}) {
		t.Errorf("outcomes %v", got)
	}
}

// TestNestedFailureIsUndone: what a hook did before it failed is gone even if
// the handler that raised the event goes on.
func TestNestedFailureIsUndone(t *testing.T) {
	for name, end := range map[string]w.Step{"deny": w.Deny("403", "NO", "No"), "trap": w.Trap(), "failed": w.Return(pluginapi.Failed)} {
		t.Run(name, func(t *testing.T) {
			hook := everything("hook", on(2, pluginapi.EventSessionCreating)).Handler(2,
				w.Call("storage", "insert", `{"model":"hookNote","record":{"name":"x"}}`), w.Must(),
				w.Set("response.cookies.hook_plain", "c"), w.Set("response.headers.x-a", "b"), w.Set("response.body.x", "y"), end)
			g := everything("guest").Handler(1,
				w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"),
				w.Set("response.body.before", "kept"),
				w.Call("session", "create", ""), w.Report("response.body.status"))
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
			ex, err := runFirst(t, r)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(body(ex), `{"before":"kept","status":`) || strings.Contains(body(ex), `"status":0`) || len(ex.Response.Cookies) != 0 || len(ex.Response.Headers) != 0 {
				t.Errorf("response %s %v %v", body(ex), ex.Response.Cookies, ex.Response.Headers)
			}
			if page, _ := r.Store.List(t.Context(), store.Query{Model: "hookNote"}); len(page.Records) != 0 {
				t.Error("the hook's record is kept")
			}
			if user(t, r, "ada@example.com") == nil {
				t.Error("the handler's own work is gone")
			}
		})
	}
}

func TestPendingSession(t *testing.T) {
	hook := everything("hook", on(2, pluginapi.EventSessionCreating), on(3, pluginapi.EventRequestAfter), on(4, pluginapi.EventResponseSession)).
		Handler(2,
			w.Copy("response.body.seen", "response.body"),
			w.Copy("response.body.reason", "event.reason"), w.Copy("response.body.plugin", "event.plugin"), w.Copy("response.body.rememberMe", "event.rememberMe"),
			w.SetKind("response.body.twoFactorRedirect", pluginapi.KindBool, "true"),
			w.Set("response.cookies.hook_signed", "challenge"),
			w.Call("storage", "insert", `{"model":"hookNote","record":{"name":"challenge"}}`), w.Must(),
			w.Return(pluginapi.Respond)).
		Handler(3, w.Set("response.headers.x-after", "ran"), w.Copy("response.headers.x-session", "session.user.id")).
		Handler(4, w.Set("response.headers.x-issued", "ran"))
	g := everything("guest").Handler(1,
		w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"),
		w.Copy("response.body.user", "result.user"), w.Set("response.headers.x-user", "ada"), w.Set("response.cookies.guest_plain", "c"),
		w.SetKind("args.rememberMe", pluginapi.KindBool, "false"), w.Set("args.reason", "sign-in"),
		w.Call("session", "create", ""), w.Must(),
		w.Copy("response.body.pending", "result.pending"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := ex.After(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := body(ex); got != `{"reason":"sign-in","plugin":"guest","rememberMe":false,"twoFactorRedirect":true}` {
		t.Errorf("answer %s", got)
	}
	h := ex.Response.Headers
	if h.Get("X-User") != "" || h.Get("X-Issued") != "" || h.Get("X-Session") != "" || h.Get("X-After") != "ran" {
		t.Errorf("headers %v", h)
	}
	for _, c := range ex.Response.Cookies {
		switch {
		case c.Name == "hook_signed" && c.Value == r.Secrets.Sign("challenge"), c.Name == "dont_remember", c.Value == "":
		default:
			t.Errorf("cookie %+v", c)
		}
	}
	if page, _ := r.Store.List(t.Context(), store.Query{Model: "session"}); len(page.Records) != 0 {
		t.Error("there is a session")
	}
	if page, _ := r.Store.List(t.Context(), store.Query{Model: "hookNote"}); len(page.Records) != 1 {
		t.Error("the challenge is not stored")
	}
}

// TestPendingAfterSession: a session that a handler got first is not handed
// out when a second one is held back.
func TestPendingAfterSession(t *testing.T) {
	hook := everything("hook", on(2, pluginapi.EventSessionCreating)).Handler(2,
		w.Call("storage", "insert", `{"model":"hookNote","record":{"name":"first"}}`),
		w.If(pluginapi.StatusOK, w.Return(pluginapi.Continue)),
		w.Set("response.body.held", "back"), w.Return(pluginapi.Respond))
	hook.Manifest().Handlers = append(hook.Manifest().Handlers, on(3, pluginapi.EventResponseSession))
	hook.Handler(3, w.Set("response.body.issued", "yes"))
	g := everything("guest").Handler(1,
		w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must(),
		w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must())
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
	ex, err := runFirst(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := ex.After(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := body(ex); got != `{"held":"back"}` {
		t.Errorf("answer %s", got)
	}
	for _, c := range ex.Response.Cookies {
		if c.Value != "" {
			t.Errorf("cookie %+v", c)
		}
	}
}

func TestSessionPhases(t *testing.T) {
	watcher := everything("watcher", on(2, pluginapi.EventResponseSession)).Handler(2,
		w.Copy("response.headers.x-phase", "event.phase"), w.Copy("response.headers.x-reason", "event.reason"), w.Copy("response.headers.x-user", "session.user.name"))
	signIn := []w.Step{w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"), w.Set("args.reason", "test"), w.Call("session", "create", ""), w.Must()}
	tests := []struct {
		name                string
		steps               []w.Step
		phase, reason, user string
	}{
		{"nothing", nil, "", "", ""},
		{"issued", signIn, "issued", "test", "Ada"},
		{"ended", []w.Step{w.Call("session", "end", `{"reason":"bye"}`), w.Must()}, "ended", "bye", ""},
		{"issued after the end of another", append([]w.Step{w.Call("session", "end", `{}`), w.Must()}, signIn...), "issued", "test", "Ada"},
		{"ended after it was issued", append(slices.Clone(signIn), w.Call("session", "end", `{}`), w.Must()), "ended", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1, tt.steps...), watcher}})
			ex, err := runFirst(t, r)
			if err != nil {
				t.Fatal(err)
			}
			if err := ex.After(t.Context()); err != nil {
				t.Fatal(err)
			}
			h := ex.Response.Headers
			if h.Get("X-Phase") != tt.phase || h.Get("X-Reason") != tt.reason || h.Get("X-User") != tt.user {
				t.Errorf("headers %v", h)
			}
		})
	}
}

// TestDepth: hooks that raise events that raise hooks come to an end.
func TestDepth(t *testing.T) {
	var guests []*w.Guest
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	for _, name := range names {
		guests = append(guests, everything(name, on(2, pluginapi.EventVerificationCreating)).
			Handler(1, w.Call("verification", "create", `{"identifier":"first","value":"v","expiresIn":60}`), w.Must()).
			Handler(2, w.Call("verification", "create", `{"identifier":"`+name+`","value":"v","expiresIn":60}`), w.Must()))
	}
	r := realmtest.New(t, realmtest.Config{Guests: guests})
	_, err := runFirst(t, r)
	if apierror.From(err).Status != 500 || !strings.Contains(r.Log.String()+err.Error(), "nest deeper") && !strings.Contains(err.Error(), "calls itself") {
		t.Errorf("got %v", err)
	}
	if n := len(r.Done.List()); n > dispatch.MaxDepth {
		t.Errorf("%d handlers ran", n)
	}
}

func TestOwnHook(t *testing.T) {
	g := everything("guest", on(2, pluginapi.EventVerificationCreating)).
		Handler(1, w.Call("verification", "create", `{"identifier":"one","value":"v","expiresIn":60}`), w.Must()).
		Handler(2, w.Call("verification", "create", `{"identifier":"two","value":"v","expiresIn":60}`), w.If(pluginapi.StatusOK, w.Set("record.value", "nested")))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	if _, err := runFirst(t, r); err != nil {
		t.Fatal(err)
	}
	rec, err := r.Store.Find(t.Context(), "verification", "identifier", document.Text("guest/one"))
	if err != nil || rec.Str("value") != "v" {
		t.Errorf("the hook was called from itself: %v %v", rec, err)
	}
}
