package dispatch_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const ada = `{"user":{"name":"Ada","email":"ada@example.com"}}`

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
