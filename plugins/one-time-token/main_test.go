//go:build !wasip1

package main

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

func newHost(t *testing.T, config string) *plugintest.Host {
	t.Helper()
	return plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
}

func verifyToken(h *plugintest.Host, token string) plugintest.Response {
	return h.POST("/one-time-token/verify", `{"token":"`+token+`"}`)
}

func wantMessage(t *testing.T, r plugintest.Response, status int, message string) {
	t.Helper()
	if r.Status != status || r.Text("message") != message || r.Get("code") != nil {
		t.Errorf("got %s, want %d %s", r, status, message)
	}
}

func TestExchange(t *testing.T) {
	for _, config := range []string{"", `{"storeToken":"hashed"}`} {
		h := newHost(t, config)
		if r := h.GET("/one-time-token/generate"); r.Status != 401 {
			t.Errorf("without a session: got %s", r)
		}
		session := h.SignIn(h.AddUser("ada@example.com", ""))
		token := h.GET("/one-time-token/generate").Text("token")
		if len(token) != 32 {
			t.Fatalf("token %q", token)
		}
		for name := range h.Verifications() {
			if strings.Contains(name, token) == (config != "") {
				t.Errorf("%s: kept under %s", config, name)
			}
		}
		h.SignOut()
		r := verifyToken(h, token)
		if r.Text("session.token") != session || r.Text("user.email") != "ada@example.com" || h.CurrentSession()["token"] != session {
			t.Errorf("got %s", r)
		}
		h.SignOut()
		wantMessage(t, verifyToken(h, token), 400, "Invalid token")
		if h.CurrentSession() != nil {
			t.Error("a used token signs in")
		}
	}
}

func TestLife(t *testing.T) {
	for _, tt := range []struct {
		config string
		life   time.Duration
	}{{"", 3 * time.Minute}, {`{"expiresIn":60}`, time.Minute}} {
		h := newHost(t, tt.config)
		h.SignIn(h.AddUser("ada@example.com", ""))
		early, late := h.GET("/one-time-token/generate").Text("token"), h.GET("/one-time-token/generate").Text("token")
		h.Advance(tt.life - time.Second)
		if r := verifyToken(h, early); r.Status != 200 {
			t.Errorf("%s: before its end: got %s", tt.config, r)
		}
		h.Advance(time.Second)
		wantMessage(t, verifyToken(h, late), 400, "Invalid token")
	}
}

func TestSessionGone(t *testing.T) {
	h := newHost(t, "")
	h.SignIn(h.AddUser("ada@example.com", ""))
	token := h.GET("/one-time-token/generate").Text("token")
	h.On("session.adopt", func(plugintest.Object) (sdk.Status, any) { return sdk.NotFound, nil })
	wantMessage(t, verifyToken(h, token), 400, "Session not found")
	wantMessage(t, verifyToken(h, token), 400, "Invalid token")
}

func TestWithoutCookie(t *testing.T) {
	h := newHost(t, `{"disableSetSessionCookie":true}`)
	session := h.SignIn(h.AddUser("ada@example.com", ""))
	token := h.GET("/one-time-token/generate").Text("token")
	h.SignOut()
	if r := verifyToken(h, token); r.Text("session.token") != session || h.CurrentSession() != nil {
		t.Errorf("got %s", r)
	}
}

func TestClientRequestsDisabled(t *testing.T) {
	h := newHost(t, `{"disableClientRequest":true}`)
	h.SignIn(h.AddUser("ada@example.com", ""))
	wantMessage(t, h.GET("/one-time-token/generate"), 400, "Client requests are disabled")
}

func TestHeader(t *testing.T) {
	for config, offered := range map[string]bool{"": false, `{"setOttHeaderOnNewSession":true}`: true} {
		h := newHost(t, config)
		session := h.SignIn(h.AddUser("ada@example.com", ""))
		r := h.Fire(plugintest.Event{Name: pluginapi.EventResponseSession, Phase: pluginapi.PhaseIssued})
		token := r.Headers["set-ott"]
		if offered != (token != "") || offered != (r.Headers["access-control-expose-headers"] == "set-ott") {
			t.Fatalf("%s: headers %v", config, r.Headers)
		}
		if offered && verifyToken(h, token).Text("session.token") != session {
			t.Error("the token in the header is not good")
		}
	}
}

func createToken(h *plugintest.Host, key, user string) plugintest.Response {
	return h.Do(plugintest.Request{Method: "POST", Path: "/one-time-token/create", Body: `{"userId":"` + user + `"}`, ServiceKey: key})
}

// TestServersToken: a server gets a token for a user who has no session, and
// the token begins one, once, while the user is the same.
func TestServersToken(t *testing.T) {
	for _, config := range []string{"", `{"storeToken":"hashed","disableSetSessionCookie":true,"disableClientRequest":true}`} {
		h := newHost(t, config)
		ada := h.AddUser("ada@example.com", "correct-horse-1")
		if r := createToken(h, "", ada); r.Status != 404 {
			t.Errorf("without a service key: %s", r)
		}
		if r := createToken(h, "deployment", "nobody"); r.Status != 404 || r.Text("code") != "USER_NOT_FOUND" {
			t.Errorf("for nobody: %s", r)
		}
		r := createToken(h, "deployment", ada)
		token := r.Text("token")
		if r.Status != 200 || len(token) != len(userPrefix)+userLength || h.CurrentSession() != nil || len(h.SessionsOf(ada)) != 0 {
			t.Fatalf("%s: %s, sessions %v", config, r, h.SessionsOf(ada))
		}
		if audit := h.Audit(); len(audit) != 1 || audit[0]["userId"] != ada {
			t.Errorf("the audit log is %v", audit)
		}
		for name := range h.Verifications() {
			if strings.Contains(name, token) == (config != "") {
				t.Errorf("%s: kept under %s", config, name)
			}
		}
		r = verifyToken(h, token)
		if r.Status != 200 || r.Text("user.id") != ada || r.Text("session.token") == "" || h.CurrentSession()["userId"] != ada {
			t.Errorf("%s: %s, the session is %v", config, r, h.CurrentSession())
		}
		h.SignOut()
		wantMessage(t, verifyToken(h, token), 400, "Invalid token")
	}
}

// TestServersTokenEnds: with its time, and when the user has another address.
func TestServersTokenEnds(t *testing.T) {
	for name, change := range map[string]func(h *plugintest.Host, user string){
		"time":    func(h *plugintest.Host, _ string) { h.Advance(3 * time.Minute) },
		"address": func(h *plugintest.Host, user string) { h.SetUser(user, plugintest.Object{"email": "eve@example.com"}) },
	} {
		h := newHost(t, "")
		ada := h.AddUser("ada@example.com", "correct-horse-1")
		token := createToken(h, "deployment", ada).Text("token")
		change(h, ada)
		if r := verifyToken(h, token); r.Status != 400 || r.Text("message") != "Invalid token" || len(h.SessionsOf(ada)) != 0 {
			t.Errorf("%s: %s", name, r)
		}
	}
}

// TestServersTokenWaits: a step before the session is asked for.
func TestServersTokenWaits(t *testing.T) {
	h := newHost(t, "")
	token := createToken(h, "deployment", h.AddUser("ada@example.com", "")).Text("token")
	h.On("session.create", func(plugintest.Object) (sdk.Status, any) { return sdk.OK, plugintest.Object{"pending": true} })
	if r := verifyToken(h, token); r.Result != sdk.ResultRespond || h.CurrentSession() != nil {
		t.Errorf("got %s", r)
	}
}
