package plugintest_test

import (
	"errors"
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
  "permissions": [{"name": "passwords"}, {"name": "claims"}, {"name": "mails"}, {"name": "requests"}, {"name": "responses"}],
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
	if err := c.Email().Send(made.User.Email, "generic", sdk.EmailSendOptions{}); err != nil {
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

// after carries the cookies of the answer in its body.
func after(c *sdk.Call) error {
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

// scripted is an endpoint that does what a test gives it.
var scripted func(*sdk.Call) error

func init() {
	for _, number := range []int32{320, 321, 322, 323} {
		sdk.Register(number, func(c *sdk.Call) error { return scripted(c) })
	}
}

// TestStorage: order, pages, unique values, types and versions are as in the
// engine.
func TestStorage(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: []byte(`{
	  "id": "counter", "version": "1.0.0", "abi": "1.1", "capabilities": [{"name": "storage", "write": ["entry"]}],
	  "handlers": [{"number": 320, "kind": "endpoint", "method": "GET", "path": "/count"}],
	  "models": {"entry": {
	    "fields": {"group": {"type": "string", "required": true}, "n": {"type": "number"}, "key": {"type": "string", "unique": true}, "at": {"type": "date"}},
	    "indexes": [{"fields": ["group", "n"]}]
	  }}
	}`)})
	scripted = func(c *sdk.Call) error {
		entries := c.Storage("entry")
		for i, group := range []string{"b", "a", "a", "b"} {
			if _, err := entries.Insert([]sdk.Field{sdk.F("group", sdk.String(group)), sdk.F("n", sdk.Int(int64(10-i)))}); err != nil {
				return err
			}
		}
		var got []int64
		for o := (sdk.StorageListOptions{Index: "group+n", Limit: 3}); ; {
			page, err := entries.List(o)
			if err != nil {
				return err
			}
			for _, r := range page.Records {
				got = append(got, r.Fields.Get("n").Int(0))
			}
			if o.Cursor = page.Cursor; o.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, []int64{8, 9, 7, 10}) {
			t.Errorf("in the order of the index: %v", got)
		}
		first, err := entries.Find("group+n", sdk.Strings("b"))
		if err != nil || first.Fields.Get("n").Int(0) != 7 {
			t.Errorf("the first of a group: %s, %v", first.Fields.Text(), err)
		}
		group := sdk.F("group", sdk.String("c"))
		for name, fields := range map[string][]sdk.Field{
			"a required field": {}, "an unknown field": {group, sdk.F("x", sdk.Int(1))}, "another type": {group, sdk.F("n", sdk.String("1"))},
			"no date": {group, sdk.F("at", sdk.String("yesterday"))},
		} {
			if _, err := entries.Insert(fields); !errors.Is(err, sdk.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, want := range []error{nil, sdk.Conflict} {
			if _, err := entries.Insert([]sdk.Field{group, sdk.F("key", sdk.String("k"))}); !errors.Is(err, want) {
				t.Errorf("a unique value: %v, want %v", err, want)
			}
		}
		if _, err := entries.Find("n", sdk.Int(1)); !errors.Is(err, sdk.Invalid) {
			t.Errorf("without an index: %v", err)
		}
		return nil
	}
	if r := h.GET("/count"); r.Status != 200 {
		t.Errorf("got %s", r)
	}
}
