//go:build !wasip1

package main

import (
	_ "embed"
	"testing"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

// device is a client with the sessions of two users.
type device struct {
	*plugintest.Host
	ada, bob string // session tokens
	cookies  map[string]string
}

func newDevice(t *testing.T, config string) device {
	t.Helper()
	h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
	d := device{Host: h, ada: h.AddSession(h.AddUser("ada@example.com", "")), bob: h.SignIn(h.AddUser("bob@example.com", ""))}
	d.cookies = map[string]string{cookieOf(d.ada): d.ada, cookieOf(d.bob): d.bob}
	return d
}

func (d device) post(path, token string) plugintest.Response {
	return d.Do(plugintest.Request{Method: "POST", Path: path, Body: `{"sessionToken":"` + token + `"}`, Cookies: d.cookies})
}

func (d device) fire(phase, reason string) plugintest.Response {
	return d.Fire(plugintest.Event{Name: pluginapi.EventResponseSession, Phase: phase, Reason: reason, Request: plugintest.Request{Cookies: d.cookies}})
}

func TestList(t *testing.T) {
	d := newDevice(t, "")
	get := func() []any {
		t.Helper()
		list, ok := d.Do(plugintest.Request{Path: "/multi-session/list-device-sessions", Cookies: d.cookies}).Body.([]any)
		if !ok {
			t.Fatal("the answer is no list")
		}
		return list
	}
	d.cookies[cookieOf("gone")] = "gone"
	again := d.AddSession(d.CurrentSession()["userId"].(string))
	d.cookies[cookieOf(again)] = again
	if list := get(); len(list) != 2 || list[0].(plugintest.Object)["user"] == nil || list[0].(plugintest.Object)["session"] == nil {
		t.Errorf("got %v", list)
	}
	d.cookies = nil
	if list := get(); len(list) != 0 {
		t.Errorf("without cookies: %v", list)
	}
}

func TestSetActive(t *testing.T) {
	d := newDevice(t, "")
	if r := d.post("/multi-session/set-active", "unknown"); r.Status != 401 || r.Text("code") != "INVALID_SESSION_TOKEN" {
		t.Errorf("got %s", r)
	}
	if r := d.post("/multi-session/set-active", d.ada); r.Text("user.email") != "ada@example.com" || d.CurrentSession()["token"] != d.ada {
		t.Errorf("got %s", r)
	}
	d.Advance(8 * 24 * time.Hour)
	r := d.post("/multi-session/set-active", d.bob)
	if r.Status != 401 || r.Text("message") != "Invalid session token" || !r.Cookies[cookieOf(d.bob)].Expired {
		t.Errorf("of an expired session: got %s with cookies %v", r, r.Cookies)
	}
}

func TestRevoke(t *testing.T) {
	d := newDevice(t, "")
	if r := d.post("/multi-session/revoke", "unknown"); r.Status != 401 {
		t.Errorf("got %s", r)
	}
	r := d.post("/multi-session/revoke", d.bob)
	if r.Get("status") != true || !r.Cookies[cookieOf(d.bob)].Expired || d.CurrentSession()["token"] != d.ada {
		t.Errorf("the active one: got %s, the session is %v", r, d.CurrentSession())
	}
	delete(d.cookies, cookieOf(d.bob))
	if r := d.post("/multi-session/revoke", d.ada); r.Get("status") != true || d.CurrentSession() != nil {
		t.Errorf("the last one: got %s, the session is %v", r, d.CurrentSession())
	}

	d = newDevice(t, "")
	if d.post("/multi-session/revoke", d.ada); d.CurrentSession()["token"] != d.bob {
		t.Error("another than the active one: the active one has changed")
	}
	d.SignOut()
	if r := d.post("/multi-session/revoke", d.bob); r.Status != 401 {
		t.Errorf("without a session: got %s", r)
	}
}

func TestRemember(t *testing.T) {
	d := newDevice(t, `{"maximumSessions":2}`)
	carol := d.SignIn(d.AddUser("carol@example.com", ""))
	if r := d.fire(pluginapi.PhaseIssued, "sign-up"); len(r.Cookies) != 0 {
		t.Errorf("a third session: cookies %v", r.Cookies)
	}
	d.cookies[cookieOf(d.ada)] = "gone"
	r := d.fire(pluginapi.PhaseIssued, "sign-up")
	if c := r.Cookies[cookieOf(carol)]; c.Value != carol || c.MaxAge != 7*24*3600 || !r.Cookies[cookieOf(d.ada)].Expired || len(r.Cookies) != 2 {
		t.Errorf("in the place of one that is gone: cookies %v", r.Cookies)
	}
	d.cookies = map[string]string{cookieOf(carol): carol}
	if r := d.fire(pluginapi.PhaseIssued, "multi-session"); len(r.Cookies) != 0 {
		t.Errorf("one that has its cookie: cookies %v", r.Cookies)
	}
	if r := d.fire(pluginapi.PhaseRefreshed, ""); r.Cookies[cookieOf(carol)].Value != carol {
		t.Errorf("one that was extended: cookies %v", r.Cookies)
	}
}

func TestSameUserAgain(t *testing.T) {
	d := newDevice(t, "")
	user := d.CurrentSession()["userId"].(string)
	again := d.SignIn(user)
	r := d.fire(pluginapi.PhaseIssued, "sign-in")
	if !r.Cookies[cookieOf(d.bob)].Expired || r.Cookies[cookieOf(again)].Value != again || len(d.SessionsOf(user)) != 1 {
		t.Errorf("cookies %v, sessions %v", r.Cookies, d.SessionsOf(user))
	}
}

func TestEnded(t *testing.T) {
	d := newDevice(t, "")
	if r := d.fire(pluginapi.PhaseEnded, ""); len(r.Cookies) != 0 {
		t.Errorf("without a session: cookies %v", r.Cookies)
	}
	r := d.fire(pluginapi.PhaseEnded, "sign-out")
	if !r.Cookies[cookieOf(d.ada)].Expired || !r.Cookies[cookieOf(d.bob)].Expired || d.CurrentSession() != nil {
		t.Errorf("at sign-out: cookies %v", r.Cookies)
	}
}
