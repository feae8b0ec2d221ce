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
			if user(t, r, "ada@example.com") != nil || len(r.Mails.List()) != 0 || ex.Observed() {
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
	const forever = -1
	for _, disturbances := range []int{0, 1, 12, forever} {
		t.Run(strconv.Itoa(disturbances), func(t *testing.T) {
			ex := r.Exchange(t, post("/guest"))
			attempts := 0
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if disturbances == forever {
				ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
			}
			defer cancel()
			err := ex.Unit(ctx, func(ctx context.Context) error {
				attempts++
				ex.Response.Header().Add("X-Attempt", strconv.Itoa(attempts))
				ex.Response.Body = document.Int(int64(attempts))
				ex.Tx().OnCommit(func() { ex.Response.Header().Add("X-Committed", "1") })
				if _, err := ex.Tx().Get(ctx, "guestNote", "n"); err != nil {
					return err
				}
				if attempts <= disturbances || disturbances == forever {
					disturb()
				}
				_, err := ex.Tx().Update(ctx, "guestNote", "n", document.NewObject(1).Set("name", document.Text("y"+strconv.Itoa(disturbances))))
				return err
			})
			if (err != nil) != (disturbances == forever) || err == nil && attempts != disturbances+1 {
				t.Fatalf("%d attempts: %v", attempts, err)
			}
			if err != nil {
				if !errors.Is(err, store.ErrConflict) && !errors.Is(err, context.DeadlineExceeded) || apierror.From(err).Status != http.StatusServiceUnavailable {
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

// TestUnitGivesUp: a conflict that is there at each attempt is not one with a
// concurrent unit.
func TestUnitGivesUp(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest")}})
	ex := r.Exchange(t, post("/guest"))
	attempts := 0
	err := ex.Unit(t.Context(), func(context.Context) error {
		attempts++
		return &store.ConflictError{Model: "guestNote", Index: "name", ID: "n"}
	})
	if attempts != dispatch.MaxAttempts || !errors.Is(err, store.ErrConflict) || apierror.From(err).Status != http.StatusServiceUnavailable {
		t.Errorf("%d attempts: %v", attempts, err)
	}
}

// TestUnitSeesOneState: an account is not there, and its user, whom somebody made
// together with it in between, is. What was decided by that is decided again,
// whatever the unit of work has written before.
func TestUnitSeesOneState(t *testing.T) {
	for name, before := range map[string]func(context.Context, *store.Tx) error{
		"nothing": func(context.Context, *store.Tx) error { return nil },
		"a deletion": func(ctx context.Context, tx *store.Tx) error {
			return tx.Delete(ctx, "user", "gone")
		},
		"an account": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Insert(ctx, "account", "other", accountOf("gone", "other"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { testOneState(t, before) })
	}
}

func accountOf(user, id string) *document.Object {
	return document.NewObject(3).Set("userId", document.Text(user)).Set("providerId", document.Text("p")).Set("accountId", document.Text(id))
}

func testOneState(t *testing.T, before func(context.Context, *store.Tx) error) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest")}})
	user := document.NewObject(2).Set("name", document.Text("Ada")).Set("email", document.Text("ada@example.com"))
	gone := document.NewObject(2).Set("name", document.Text("Eve")).Set("email", document.Text("eve@example.com"))
	if err := r.Store.Apply(t.Context(), []store.Op{{Kind: store.Insert, Model: "user", ID: "gone", Fields: gone}}); err != nil {
		t.Fatal(err)
	}
	refused := &dispatch.Denied{Plugin: "guest", Answer: apierror.New(http.StatusForbidden, "UNLINKED", "")}
	attempts := 0
	ex := r.Exchange(t, post("/guest"))
	err := ex.Unit(t.Context(), func(ctx context.Context) error {
		attempts++
		if err := before(ctx, ex.Tx()); err != nil {
			return err
		}
		_, err := ex.Tx().Find(ctx, "account", "providerId+accountId", document.Text("p"), document.Text("a"))
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if attempts == 1 {
			if err := r.Store.Apply(ctx, []store.Op{
				{Kind: store.Insert, Model: "user", ID: "u", Fields: user}, {Kind: store.Insert, Model: "account", ID: "a", Fields: accountOf("u", "a")},
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ex.Tx().Find(ctx, "user", "email", document.Text("ada@example.com")); err != nil {
			return err
		}
		return refused
	})
	if err != nil || attempts != 2 {
		t.Errorf("%d attempts: %v", attempts, err)
	}
}

// TestUnitMissesItsOwnDeletions: a key is not there because the unit of work has
// deleted its record, or the one that it refers to. Nothing is wrong with that.
func TestUnitMissesItsOwnDeletions(t *testing.T) {
	for _, deleted := range [][2]string{{"account", "a"}, {"user", "u"}} {
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest")}})
		var ops []store.Op
		for _, id := range []string{"u", "v"} {
			fields := document.NewObject(2).Set("name", document.Text(id)).Set("email", document.Text(id+"@example.com"))
			ops = append(ops, store.Op{Kind: store.Insert, Model: "user", ID: id, Fields: fields})
		}
		ops = append(ops, store.Op{Kind: store.Insert, Model: "account", ID: "a", Fields: accountOf("u", "a")})
		if err := r.Store.Apply(t.Context(), ops); err != nil {
			t.Fatal(err)
		}
		ex := r.Exchange(t, post("/guest"))
		attempts := 0
		err := ex.Unit(t.Context(), func(ctx context.Context) error {
			attempts++
			if err := ex.Tx().Delete(ctx, deleted[0], deleted[1]); err != nil {
				return err
			}
			if _, err := ex.Tx().Find(ctx, "account", "providerId+accountId", document.Text("p"), document.Text("a")); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("after %v: got %v", deleted, err)
			}
			_, err := ex.Tx().Get(ctx, "user", "v")
			return err
		})
		if err != nil || attempts != 1 {
			t.Errorf("after %v: %d attempts, %v", deleted, attempts, err)
		}
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
		_, err := r.Identity.CreateVerification(ctx, ex.Work(), identity.NewVerification{Identifier: "guest/reset", Value: "v", Life: time.Hour})
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
	for times := range 2 * dispatch.MaxAttempts {
		between.times = times
		if _, err := runFirst(t, r); err != nil {
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

// countingStore counts the units of work that begin: each asks for the catalog.
type countingStore struct {
	store.Tenant
	begun int
}

func (s *countingStore) Catalog() *store.Catalog {
	s.begun++
	return s.Tenant.Catalog()
}

// TestUnitBeginsWhenItIsUsed: a handler that neither reads nor writes costs no
// unit of work, one that does costs one, whatever nests in it.
func TestUnitBeginsWhenItIsUsed(t *testing.T) {
	hook := everything("hook", on(2, pluginapi.EventRequestBefore), on(3, pluginapi.EventUserCreating)).
		Handler(2, w.Set("response.headers.x-a", "b"), w.Call("random", "uuid", `{}`), w.Must()).
		Handler(3, w.Set("record.name", "changed"))
	guest := everything("guest").Handler(1, w.Call("identity", "createUser", ada), w.Must())
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{hook, guest}})
	counted := &countingStore{Tenant: r.Store}
	r.Store = counted
	ex := r.Exchange(t, post("/guest"))
	if _, err := ex.Before(t.Context()); err != nil || counted.begun != 0 || ex.Response.Headers.Get("X-A") != "b" {
		t.Errorf("a hook without reads and writes: %d units of work, %v", counted.begun, err)
	}
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[1]); err != nil || counted.begun != 1 {
		t.Errorf("an endpoint with a nested hook: %d units of work, %v", counted.begun, err)
	}
	if u := user(t, r, "ada@example.com"); u == nil || u.Str("name") != "changed" {
		t.Errorf("stored %+v", u)
	}
	if ex.Tx() != nil {
		t.Error("a unit of work is open")
	}
}
