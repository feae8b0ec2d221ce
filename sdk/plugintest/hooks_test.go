package plugintest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// A plugin whose hooks take part in what its own endpoint does.
var gateManifest = []byte(`{
  "id": "gate", "version": "1.0.0", "abi": "1.1",
  "capabilities": [
    {"name": "identity", "write": ["user", "account"]}, {"name": "session"}, {"name": "cookies"},
    {"name": "storage", "write": ["visit"]}, {"name": "keys", "keys": ["gate"]}, {"name": "email"}
  ],
  "permissions": [
    {"name": "passwords"}, {"name": "claims"}, {"name": "mails"}, {"name": "requests"}, {"name": "responses"}, {"name": "subjects"}
  ],
  "handlers": [
    {"number": 301, "kind": "endpoint", "method": "POST", "path": "/enter"},
    {"number": 302, "kind": "endpoint", "method": "GET", "path": "/vip", "session": "fresh"},
    {"number": 310, "kind": "hook", "event": "request.before", "match": {"paths": ["/vip", "/members/*"], "headers": ["x-token", "x-closed"]}},
    {"number": 311, "kind": "hook", "event": "password.policy"},
    {"number": 312, "kind": "hook", "event": "user.creating"},
    {"number": 313, "kind": "hook", "event": "user.created"},
    {"number": 314, "kind": "hook", "event": "session.creating"},
    {"number": 315, "kind": "hook", "event": "token.claims"},
    {"number": 316, "kind": "hook", "event": "mail.sending"},
    {"number": 317, "kind": "hook", "event": "response.session", "match": {"phases": ["issued"]}},
    {"number": 318, "kind": "hook", "event": "request.after", "match": {"methods": ["POST"]}},
    {"number": 319, "kind": "hook", "event": "request.refused"}
  ],
  "models": {"visit": {"fields": {"email": {"type": "string", "index": true}, "n": {"type": "number"}}}},
  "fields": {"user": {"plan": {"type": "string", "default": "free", "input": false}}},
  "mails": {"welcome": {"subject": "Welcome to {{.app}}", "text": "You are in."}},
  "cookies": [{"name": "pass", "maxAge": 60}]
}`)

var errClosed = &sdk.Error{Status: 403, Code: "CLOSED", Message: "The gate is closed"}

func init() {
	for number, handler := range map[int32]sdk.Handler{
		301: enter, 310: before, 313: visited, 314: challenge,
		302: func(c *sdk.Call) error { return c.Reply(sdk.F("id", sdk.Copy("session.user.id"))) },
		311: func(c *sdk.Call) error {
			if c.Record("password").String() == "weak" {
				return &sdk.Error{Status: 400, Code: "WEAK", Message: "Another password"}
			}
			return nil
		},
		312: func(c *sdk.Call) error {
			c.SetRecord("plan", sdk.String("pro"))
			return nil
		},
		315: func(c *sdk.Call) error {
			c.SetClaim("gate", sdk.String("open"))
			return nil
		},
		316: func(c *sdk.Call) error {
			c.SetRecord("subject", sdk.String("Changed"))
			return nil
		},
		317: func(c *sdk.Call) error {
			c.SetHeader("x-phase", sdk.String(c.Phase()+" "+c.Reason()))
			return nil
		},
		318: after,
		319: func(c *sdk.Call) error {
			c.SetHeader("x-refused", sdk.String("yes"))
			return nil
		},
	} {
		sdk.Register(number, handler)
	}
}

// before closes the gate, or lets the session with a token through.
func before(c *sdk.Call) error {
	if c.Request().Header("x-closed") != "" {
		return errClosed
	}
	return c.Sessions().Use(sdk.SessionUseOptions{Token: c.Request().Header("x-token")})
}

func enter(c *sdk.Call) error {
	made, err := c.Identity().CreateUser(sdk.NewUser{Email: c.Request().Body("email").String()}, sdk.CreateUserOptions{
		Account: sdk.NewAccount{ProviderID: "credential", Password: sdk.Copy("request.body.password")},
	})
	if err != nil {
		return err
	}
	if err := c.Email().Send(made.User.Email, "welcome", sdk.EmailSendOptions{}); err != nil {
		return err
	}
	token, err := c.Keys().Sign("gate", 60, sdk.KeySignOptions{})
	if err != nil {
		return err
	}
	session, err := c.Sessions().Create(made.User.ID, sdk.SessionCreateOptions{Reason: "enter"})
	if err != nil || session.Pending {
		return err
	}
	c.SetCookie("pass", "yes")
	return c.Reply(sdk.F("token", sdk.String(token.Token)), sdk.F("plan", made.User.Fields.Get("plan")))
}

// visited notes a user that was created.
func visited(c *sdk.Call) error {
	_, err := c.Storage("visit").Insert([]sdk.Field{sdk.F("email", c.Record("email"))})
	return err
}

// challenge puts a step before the sessions of some.
func challenge(c *sdk.Call) error {
	if c.Request().Body("challenge").IsAbsent() {
		c.SetHeader("x-hook", sdk.String("creating"))
		return nil
	}
	c.SetBody("challenge", sdk.Bool(true))
	return sdk.Respond
}

// after carries the cookies of the answer in its body, or refuses it.
func after(c *sdk.Call) error {
	if !c.Request().Query("closed").IsAbsent() {
		return errClosed
	}
	if c.Request().Query("detach").IsAbsent() {
		return nil
	}
	lines, err := c.Cookies().Detach()
	c.SetBody("lines", sdk.Strings(lines...))
	return err
}

func TestPipeline(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: gateManifest})
	r := h.POST("/enter", `{"email":"Ada@example.com","password":"correct horse"}`)
	if r.Status != 200 || r.Text("plan") != "pro" || h.Claims(r.Text("token"))["gate"] != "open" || r.Cookies["pass"].Value != "yes" {
		t.Fatalf("got %s, cookies %v", r, r.Cookies)
	}
	if r.Headers["x-hook"] != "creating" || r.Headers["x-phase"] != "issued enter" {
		t.Errorf("headers %v", r.Headers)
	}
	if user := h.Users()[0]; user["plan"] != "pro" || h.CurrentSession()["userId"] != user["id"] {
		t.Errorf("user %v, session %v", user, h.CurrentSession())
	}
	if visits := h.Records("visit"); len(visits) != 1 || visits[0]["email"] != "ada@example.com" {
		t.Errorf("visits %v", visits)
	}
	if h.LastMail().Subject != "Changed" {
		t.Errorf("mail %+v", h.LastMail())
	}
}

// TestVeto: what a hook says of a host call reaches the client, and nothing is
// left of the rest.
func TestVeto(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: gateManifest})
	r := h.POST("/enter", `{"email":"ada@example.com","password":"weak"}`)
	if r.Status != 400 || r.Text("code") != "WEAK" || r.Result != sdk.ResultFailed {
		t.Errorf("got %s", r)
	}
	if len(h.Users()) != 0 || len(h.Records("visit")) != 0 || r.Headers["x-hook"] != "" || r.Headers["x-refused"] != "yes" {
		t.Errorf("users %v, visits %v, headers %v", h.Users(), h.Records("visit"), r.Headers)
	}
}

// TestStepBeforeSession: a hook that responds answers in place of the endpoint,
// and nobody is signed in.
func TestStepBeforeSession(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: gateManifest})
	r := h.POST("/enter", `{"email":"ada@example.com","password":"correct horse","challenge":1}`)
	if r.Status != 200 || r.Get("challenge") != true || r.Get("token") != nil || h.CurrentSession() != nil || len(h.Users()) != 1 {
		t.Errorf("got %s, session %v", r, h.CurrentSession())
	}
}

func TestRequestBefore(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: gateManifest})
	ada := h.AddUser("ada@example.com", "")
	token := h.AddSession(ada)
	get := func(header, value string) plugintest.Response {
		return h.Do(plugintest.Request{Path: "/vip", Headers: map[string]string{header: value}})
	}
	if r := h.GET("/vip"); r.Status != 401 {
		t.Errorf("without a session: got %s", r)
	}
	if r := get("X-Token", token); r.Text("id") != ada || h.CurrentSession() != nil {
		t.Errorf("with a token: got %s, afterwards %v", r, h.CurrentSession())
	}
	if r := get("X-Closed", "1"); r.Status != 403 || r.Text("code") != "CLOSED" || r.Headers["x-refused"] != "yes" {
		t.Errorf("closed: got %s", r)
	}
	h.Advance(25 * time.Hour)
	if r := get("X-Token", token); r.Text("code") != "SESSION_NOT_FRESH" {
		t.Errorf("a day later: got %s", r)
	}
}

// TestRefusedAnswer: of an answer that a hook refuses, nothing reaches the
// client.
func TestRefusedAnswer(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: gateManifest})
	r := h.POST("/enter?closed=1", `{"email":"ada@example.com","password":"correct horse"}`)
	if r.Status != 403 || r.Text("code") != "CLOSED" || len(r.Cookies) != 0 || r.Headers["x-phase"] != "" || h.CurrentSession() != nil {
		t.Errorf("got %s, headers %v, cookies %v, session %v", r, r.Headers, r.Cookies, h.CurrentSession())
	}
}

func TestDetachedCookies(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: gateManifest})
	r := h.POST("/enter?detach=1", `{"email":"ada@example.com","password":"correct horse"}`)
	want := []any{
		"better-auth.session_token=" + h.CurrentSession()["token"].(string) + ".signature; Path=/; Max-Age=604800; HttpOnly",
		"better-auth.pass=yes; Path=/; Max-Age=60; HttpOnly",
	}
	lines, _ := r.Get("lines").([]any)
	if !slices.Equal(lines, want) || len(r.Cookies) != 0 {
		t.Errorf("got %v, cookies %v", lines, r.Cookies)
	}
}
