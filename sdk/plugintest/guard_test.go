package plugintest_test

import (
	"cmp"
	"errors"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// setRecord sets a field of the record to "new", and reads it.
func setRecord(name string) func(*sdk.Call) string {
	return func(c *sdk.Call) string {
		c.SetRecord(name, sdk.String("new"))
		return c.Record(name).String()
	}
}

// signAbout signs a token with a subject, by default the user of the session.
func signAbout(sub string) func(*sdk.Call) string {
	return func(c *sdk.Call) string {
		_, err := c.Keys().Sign("guard", 60, sdk.KeySignOptions{Claims: []sdk.Field{sdk.F("sub", sdk.String(cmp.Or(sub, c.Session().UserID)))}})
		if err == nil {
			return "ok"
		}
		return errors.Unwrap(err).Error()
	}
}

// TestGuard: what a hook sees and changes takes the permissions of the manifest.
func TestGuard(t *testing.T) {
	manifest := func(permissions string) []byte {
		return []byte(`{
		  "id": "watcher", "version": "1.0.0", "abi": "1.1", "permissions": [` + permissions + `], "capabilities": [{"name": "session"}, {"name": "keys", "keys": ["guard"]}], "fields": {"session": {"device": {"type": "string"}}},
		  "handlers": [
		    {"number": 321, "kind": "hook", "event": "request.before"}, {"number": 322, "kind": "hook", "event": "session.creating"},
		    {"number": 323, "kind": "endpoint", "method": "POST", "path": "/own"}
		  ]
		}`)
	}
	none, all := manifest(""), manifest(`{"name": "passwords"}, {"name": "tokens"}, {"name": "authorization"}, {"name": "requests"}, {"name": "responses"}, {"name": "subjects"}, {"name": "fields", "write": ["session.*"]}, {"name": "impersonation"}, {"name": "authentication"}`)
	body := `{"password":"p","list":[{"token":"t","name":"n"}]}`
	read := func(path string) func(*sdk.Call) string {
		return func(c *sdk.Call) string { return c.Get(path).Text() }
	}
	for name, tt := range map[string]struct {
		event     string // "" is a request to the endpoint
		do        func(*sdk.Call) string
		want, may string // without permissions and with them
	}{
		"a password":       {"request.before", read("request.body.password"), "", "p"},
		"its own password": {"", read("request.body.password"), "p", "p"},
		"the whole body":   {"request.before", read("request.body"), `{"list":[{"name":"n"}]}`, `{"list":[{"name":"n","token":"t"}],"password":"p"}`},
		"a token in a copy": {"request.before", func(c *sdk.Call) string {
			c.Keep("x", sdk.Copy("request.body"))
			return c.Get("scratch.x.list.0").Text()
		}, `{"name":"n"}`, `{"name":"n","token":"t"}`},
		"the raw body":           {"request.before", read("request.rawBody"), "", body},
		"credentials":            {"request.before", read("request.headers.Authorization"), "", "Bearer x"},
		"credentials, its own":   {"", read("request.headers.Authorization"), "", "Bearer x"},
		"another's cookie":       {"request.before", read("request.cookies.other"), "", ""},
		"a session's token":      {"session.creating", read("record.token"), "", "secret"},
		"a session's owner":      {"session.creating", read("record.userId"), "u1", "u1"},
		"the record":             {"session.creating", read("record"), `{"userId":"u1"}`, `{"token":"secret","userId":"u1"}`},
		"a change of a request":  {"request.before", func(c *sdk.Call) string { c.Request().SetBody("x", sdk.Int(1)); return c.Get("request.body.x").Text() }, "", "1"},
		"a field of its own":     {"session.creating", setRecord("device"), "new", "new"},
		"a field of others":      {"session.creating", setRecord("userId"), "u1", "new"},
		"a token about another":  {"", signAbout("u2"), "denied", "ok"},
		"a token about the user": {"", signAbout(""), "ok", "ok"},
		"a way back": {"", func(c *sdk.Call) string {
			_, err := c.Sessions().Restore(sdk.SessionRestoreOptions{})
			return errors.Unwrap(err).Error()
		}, "denied", "invalid"},
		"whom it is from": {"request.before", func(c *sdk.Call) string {
			_, err := c.Sessions().Assume("unheard of", sdk.SessionAssumeOptions{})
			return errors.Unwrap(err).Error()
		}, "denied", "not found"},
		"a header of an answer": {"session.creating", func(c *sdk.Call) string { c.SetHeader("x", sdk.String("1")); return c.Get("response.headers.x").Text() }, "", "1"},
	} {
		for i, m := range [][]byte{none, all} {
			want := []string{tt.want, tt.may}[i]
			h := plugintest.New(t, plugintest.Config{Manifest: m})
			got := ""
			scripted = func(c *sdk.Call) error {
				if c.Event() == tt.event {
					got = tt.do(c)
				}
				return nil
			}
			h.SignIn(h.AddUser("ada@example.com", ""))
			r := plugintest.Request{Method: "POST", Path: "/own", Body: body, Headers: map[string]string{"Authorization": "Bearer x"}, Cookies: map[string]string{"other": "c"}}
			if tt.event == "" {
				h.Do(r)
			} else {
				r.Path = "/sign-in/email"
				h.Fire(plugintest.Event{Name: tt.event, Request: r, Record: plugintest.Object{"token": "secret", "userId": "u1"}})
			}
			if got != want {
				t.Errorf("%s, with permissions %v: got %q, want %q", name, i == 1, got, want)
			}
		}
	}
	scripted = func(*sdk.Call) error { return sdk.Respond }
	for i, m := range [][]byte{none, all} {
		h := plugintest.New(t, plugintest.Config{Manifest: m})
		if r := h.Fire(plugintest.Event{Name: "request.before", Request: plugintest.Request{Path: "/ok"}}); (r.Status == 200) != (i == 1) {
			t.Errorf("an answer in place of the engine's, with permissions %v: got %s", i == 1, r)
		}
	}
}
