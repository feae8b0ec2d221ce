package dispatch_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

func durable(number int32, event, to string) pluginapi.Handler {
	h := on(number, event)
	h.Delivery, h.DeliverTo = pluginapi.DeliverDurable, to
	return h
}

// queued returns the entries of a tenant's outbox, and what ends one.
func queued(t *testing.T, r *realmtest.Realm) []*outbox.Entry {
	t.Helper()
	list, err := outbox.New(outbox.Config{Store: r.Store}).List(t.Context(), outbox.Filter{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func deliver(t *testing.T, r *realmtest.Realm, e *outbox.Entry) error {
	t.Helper()
	return r.Exchange(t, dispatch.Request{}).Deliver(t.Context(), e, func(ctx context.Context, tx *store.Tx) error {
		return tx.Delete(ctx, outbox.Model, e.ID)
	})
}

// TestDurable: an event that a plugin must not miss is written with the
// record, for each target that wants it, and ends with what its handler
// writes.
func TestDurable(t *testing.T) {
	hook := everything("hook", durable(2, pluginapi.EventUserCreated, "to"), durable(3, pluginapi.EventSessionCreated, ""), durable(4, pluginapi.EventAccountCreated, "")).
		Handler(2,
			w.Copy("args.record.name", "event.target"), w.SetJSON("args.model", `"hookNote"`), w.Copy("args.record.count", "event.attempt"),
			w.Set("record.name", "x"), w.If(pluginapi.StatusOK, w.Trap()),
			w.Set("response.body.x", "x"), w.If(pluginapi.StatusOK, w.Trap()),
			w.Call("storage", "insert", ""), w.Must()).
		Handler(3, w.Get("record.token"), w.If(0, w.Return(pluginapi.Continue)), w.Trap()).
		Handler(4, w.Get("record.password"), w.If(0, w.Return(pluginapi.Continue)), w.Trap())
	g := everything("guest").Handler(1,
		w.Call("identity", "createUser", `{"user":{"name":"Ada","email":"ada@example.com"},"account":{"providerId":"credential","password":"secret-password"}}`), w.Must(),
		w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), w.Must())
	r := realmtest.New(t, realmtest.Config{
		Guests:   []*w.Guest{g, hook},
		Settings: map[string]string{"hook": `{"to":{"one":{},"two":{"events":["user.created"]},"three":{"events":["user.deleted"]}}}`},
	})
	if _, err := runFirst(t, r); err != nil {
		t.Fatal(err)
	}
	id := user(t, r, "ada@example.com").ID
	list := queued(t, r)
	var names []string
	for _, e := range list {
		names = append(names, e.Name+" "+e.Target)
		if e.Subject != id || e.Version != 1 || len(e.ID) < 16 {
			t.Errorf("entry %+v", e)
		}
		if text := string(e.Record.Get("token").JSON()) + string(e.Record.Get("password").JSON()); text != "" {
			t.Errorf("%s has a secret: %s", e.Name, text)
		}
		if err := deliver(t, r, e); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
	if got := strings.Join(names, ","); got != "account.created ,session.created ,user.created one,user.created two" && len(names) != 4 {
		t.Errorf("queued %s", got)
	}
	if left := queued(t, r); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	notes, err := r.Store.List(t.Context(), store.Query{Model: "hookNote", Index: "name"})
	if err != nil || len(notes.Records) != 2 || notes.Records[0].Str("name") != "one" || notes.Records[1].Str("name") != "two" {
		t.Fatalf("notes %v %v", notes.Records, err)
	}
	if n, _ := notes.Records[0].Int("count"); n != 1 {
		t.Errorf("attempt %d", n)
	}
}

// TestDurableFailure: what a handler wrote is dropped when it did not accept
// the event, and the outbox is told why.
func TestDurableFailure(t *testing.T) {
	insert := w.Call("storage", "insert", `{"model":"hookNote","record":{"name":"x"}}`)
	for name, tt := range map[string]struct {
		steps   []w.Step
		want    string
		refused bool
	}{
		"failed with a reason": {[]w.Step{insert, w.Set("error.message", "HTTP 503"), w.Return(pluginapi.Failed)}, "HTTP 503", false},
		"failed":               {[]w.Step{insert, w.Return(pluginapi.Failed)}, "failed with result 3", false},
		"trap":                 {[]w.Step{insert, w.Trap()}, "unreachable", false},
		"denied":               {[]w.Step{insert, w.Deny("400", "GONE", "no such endpoint")}, "no such endpoint", true},
	} {
		t.Run(name, func(t *testing.T) {
			hook := everything("hook", durable(2, pluginapi.EventUserCreated, "")).Handler(2, tt.steps...)
			g := everything("guest").Handler(1, w.Call("identity", "createUser", ada), w.Must())
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
			ex, err := runFirst(t, r)
			if err != nil {
				t.Fatal(err)
			}
			ex.RunObservers(t.Context()) // it is none of them
			list := queued(t, r)
			if len(list) != 1 {
				t.Fatalf("queued %v", list)
			}
			err = deliver(t, r, list[0])
			var refused *outbox.Refused
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &refused) != tt.refused {
				t.Errorf("got %v", err)
			}
			notes, _ := r.Store.List(t.Context(), store.Query{Model: "hookNote"})
			if len(notes.Records) != 0 || len(queued(t, r)) != 1 {
				t.Error("what it wrote was kept")
			}
		})
	}
}

// TestDurableAndVeto: an event of a unit of work that was refused, or of a
// part of it that was undone, never happened.
func TestDurableAndVeto(t *testing.T) {
	hook := everything("hook", durable(2, pluginapi.EventUserCreated, ""), on(3, pluginapi.EventSessionCreating)).
		Handler(3, w.Call("identity", "createUser", `{"user":{"name":"Bob","email":"bob@example.com"}}`), w.Must(), w.Deny("403", "NO", "No"))
	for name, tt := range map[string]struct {
		end  w.Step
		want int
	}{"all of it": {w.Deny("403", "NO", "No"), 0}, "a part": {w.Return(pluginapi.Continue), 1}} {
		t.Run(name, func(t *testing.T) {
			g := everything("guest").Handler(1, w.Call("identity", "createUser", ada), w.Must(),
				w.Copy("args.userId", "result.user.id"), w.Call("session", "create", ""), tt.end)
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g, hook}})
			_, _ = runFirst(t, r)
			if list := queued(t, r); len(list) != tt.want || tt.want == 1 && list[0].Record.Get("name").Str() != "Ada" {
				t.Errorf("queued %v", list)
			}
		})
	}
}

// TestDurableGone: entries of plugins and targets that are no longer there say
// so, and are kept.
func TestDurableGone(t *testing.T) {
	hook := everything("hook", durable(2, pluginapi.EventUserCreated, "to"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{hook}})
	for _, tt := range []struct {
		event outbox.Event
		want  string
	}{
		{outbox.Event{Plugin: "other", Name: pluginapi.EventUserCreated, Handler: 2}, "is not enabled"},
		{outbox.Event{Plugin: "hook", Name: pluginapi.EventUserCreated, Handler: 3}, "does not take user.created"},
		{outbox.Event{Plugin: "hook", Name: pluginapi.EventUserCreated, Handler: 2, Target: "a"}, `the target "a"`},
	} {
		if err := deliver(t, r, &outbox.Entry{Event: tt.event}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}
