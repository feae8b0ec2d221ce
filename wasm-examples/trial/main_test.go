package main

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

const day = 24 * time.Hour

// world is a host that tells the plugin of users as the engine does.
type world struct {
	*plugintest.Host
	*testing.T
}

func newWorld(t *testing.T) world {
	t.Helper()
	return world{plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"url":"https://app.example","days":10}`}), t}
}

// signUp creates a user as the engine does: the plugin is asked before.
func (w world) signUp(email string, verified bool) (user string) {
	w.Helper()
	user = w.AddUser(email, "")
	w.SetUser(user, plugintest.Object{"emailVerified": verified})
	if r := w.Fire(plugintest.Event{Name: "user.creating", Record: w.User(user)}); r.Status != 200 {
		w.Errorf("got %s", r)
	}
	return user
}

// tell delivers an event about a user, durably.
func (w world) tell(event string, record plugintest.Object) {
	w.Helper()
	if r := w.Fire(plugintest.Event{Name: event, Record: record, Delivery: &plugintest.Delivery{}}); r.Status != 200 {
		w.Errorf("%s: got %s", event, r)
	}
}

// pass moves the clock and lets what is due come.
func (w world) pass(d time.Duration) {
	w.Helper()
	w.Advance(d)
	if err := w.RunDue(); err != nil {
		w.Error(err)
	}
}

// coming lists what is to come, with the days until then.
func (w world) coming() string {
	var list []string
	for _, a := range w.Appointments() {
		list = append(list, a.Schedule+" "+a.At.Sub(plugintest.Start).String())
	}
	return strings.Join(list, ", ")
}

// active asks for a user's trial.
func (w world) active(user string) bool {
	w.Helper()
	out, err := w.CallService("status", plugintest.Object{"userId": user})
	if err != nil {
		w.Fatal(err)
	}
	return out["active"] == true
}

func TestTrial(t *testing.T) {
	w := newWorld(t)
	ada := w.signUp("ada@example.com", false)
	if got := w.coming(); got != "remind 72h0m0s, end 240h0m0s" {
		t.Errorf("to come are %s", got)
	}
	w.pass(2 * day)
	if len(w.Mails()) != 0 || !w.active(ada) {
		t.Errorf("after two days: %v", w.Mails())
	}
	w.pass(day)
	if mail := w.LastMail(); mail.To != "ada@example.com" || !strings.Contains(mail.Text, "https://app.example") || !strings.Contains(mail.Text, "2026-01-12 03:04 UTC") {
		t.Errorf("the mail is %+v", mail)
	}
	w.pass(7 * day)
	if raised := w.Raised(); len(raised) != 1 || raised[0].Event != "trial.ended" || raised[0].Record["userId"] != ada {
		t.Errorf("raised %v", raised)
	}
	if w.active(ada) || len(w.Appointments()) != 0 || len(w.Mails()) != 1 {
		t.Errorf("after ten days: %v, %v", w.Appointments(), w.Mails())
	}
}

// TestNotReminded: who has verified the address, or is gone, gets no mail.
func TestNotReminded(t *testing.T) {
	for name, change := range map[string]func(w world, user string){
		"verified, and told of it": func(w world, user string) {
			w.SetUser(user, plugintest.Object{"emailVerified": true})
			w.tell("user.updated", w.User(user))
			if got := w.coming(); got != "end 240h0m0s" {
				w.Errorf("to come are %s", got)
			}
		},
		"verified, and not told yet": func(w world, user string) { w.SetUser(user, plugintest.Object{"emailVerified": true}) },
		"deleted": func(w world, user string) {
			gone := w.User(user)
			w.RemoveUser(user)
			w.tell("user.deleted", gone)
			w.tell("user.deleted", gone) // again, as durable deliveries may
			if got := w.coming(); got != "" {
				w.Errorf("to come are %s", got)
			}
		},
		"deleted, and not told yet": func(w world, user string) { w.RemoveUser(user) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ada := w.signUp("ada@example.com", false)
			w.SetUser(ada, plugintest.Object{"name": "Ada"})
			w.tell("user.updated", w.User(ada)) // of another change
			change(w, ada)
			w.pass(10 * day)
			if len(w.Mails()) != 0 || w.active(ada) {
				t.Errorf("sent %v", w.Mails())
			}
		})
	}
}

// TestVerifiedBefore: a user who comes with a verified address is not reminded.
func TestVerifiedBefore(t *testing.T) {
	w := newWorld(t)
	w.signUp("ada@example.com", true)
	if got := w.coming(); got != "end 240h0m0s" {
		t.Errorf("to come are %s", got)
	}
}

// TestFull: somebody can sign up when there is no room for an appointment.
func TestFull(t *testing.T) {
	w := newWorld(t)
	w.On("schedule.at", func(plugintest.Object) (sdk.Status, any) { return sdk.Limit, nil })
	ada := w.signUp("ada@example.com", false)
	if !w.active(ada) || w.coming() != "" {
		t.Errorf("to come are %s", w.coming())
	}
}

// TestSweep: a trial is known for thirty days after its end.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	w.signUp("ada@example.com", true)
	w.Advance(30 * day)
	bob := w.signUp("bob@example.com", true)
	for _, step := range []struct {
		pass time.Duration
		left int
	}{{10 * day, 2}, {time.Millisecond, 1}, {day, 1}} {
		w.Advance(step.pass)
		if err := w.RunSchedule("sweep"); err != nil {
			t.Error(err)
		}
		if left := w.Records("trial"); len(left) != step.left || left[len(left)-1]["userId"] != bob {
			t.Errorf("left are %v", left)
		}
	}
}
