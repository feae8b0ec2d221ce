package plugintest_test

import (
	"errors"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// A plugin of three handlers. In a real one they are in main.go, the manifest
// is a file that is embedded, and the test is in the same package main.
func init() {
	sdk.Register(101, greet)
	sdk.Register(102, remember)
	sdk.Register(103, count)
}

var manifest = []byte(`{
  "id": "greeter", "version": "1.0.0", "abi": "1.0",
  "capabilities": [
    {"name": "storage", "write": ["note"]}, {"name": "email"}, {"name": "audit"}
  ],
  "handlers": [
    {"number": 101, "kind": "endpoint", "method": "GET", "path": "/greet/:name", "session": "required"},
    {"number": 102, "kind": "endpoint", "method": "POST", "path": "/remember"},
    {"number": 103, "kind": "hook", "event": "session.creating"}
  ],
  "models": {"note": {"fields": {"key": {"type": "string", "unique": true}, "text": {"type": "string"}}}},
  "cookies": [{"name": "greeted", "maxAge": 60}],
  "config": {"type": "object", "properties": {
    "greeting": {"type": "string", "default": "Hello"},
    "limits": {"type": "object", "properties": {"notes": {"type": "integer", "default": 2}}}
  }}
}`)

func greet(c *sdk.Call) error {
	c.SetHeader("x-greeted", sdk.String("yes"))
	c.SetCookie("greeted", "yes")
	return c.Reply(
		sdk.F("greeting", sdk.String(c.Config("greeting").String()+", "+c.Request().Param("name"))),
		sdk.F("from", sdk.Copy("session.user.email")),
	)
}

var (
	errKeyTaken = &sdk.Error{Status: 409, Code: "KEY_TAKEN", Message: "There is such a note"}
	errTooMany  = &sdk.Error{Status: 400, Code: "TOO_MANY", Message: "There are too many notes"}
	errBanned   = &sdk.Error{Status: 403, Code: "BANNED", Message: "You are banned"}
)

func remember(c *sdk.Call) error {
	notes := c.Storage("note")
	note, err := notes.Insert([]sdk.Field{
		sdk.F("key", sdk.Copy("request.body.key")),
		sdk.F("text", sdk.Copy("request.body.text")),
	})
	if errors.Is(err, sdk.Conflict) {
		return errKeyTaken
	} else if err != nil {
		return err
	}
	if err := c.Email().Send("ada@example.com", "generic", sdk.EmailSendOptions{Data: []sdk.Field{sdk.F("title", sdk.String("Noted"))}}); err != nil {
		return err
	}
	list, err := notes.List(sdk.StorageListOptions{})
	if err != nil {
		return err
	}
	if int64(len(list.Records)) > c.Config("limits.notes").Int(0) {
		return errTooMany
	}
	return c.Reply(sdk.F("note", note.Fields))
}

func count(c *sdk.Call) error {
	c.SetRecord("count", sdk.Int(c.Record("count").Int(0)+1))
	user := c.Record("userId").String()
	if err := c.Audit().Record("counted", sdk.AuditRecordOptions{UserID: user}); err != nil {
		return err
	}
	if user == "banned" {
		return errBanned
	}
	return nil
}

func TestGreet(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"greeting":"Hi"}`})
	if r := h.GET("/greet/ada"); r.Status != 401 {
		t.Errorf("without a session: got %s", r)
	}
	h.SignIn(h.AddUser("ada@example.com", "correct horse"))
	r := h.GET("/greet/ada")
	if r.Status != 200 || r.Text("greeting") != "Hi, ada" || r.Text("from") != "ada@example.com" {
		t.Errorf("got %s", r)
	}
	if r.Headers["x-greeted"] != "yes" || r.Cookies["greeted"] != (plugintest.Cookie{Value: "yes", MaxAge: 60}) {
		t.Errorf("headers %v, cookies %v", r.Headers, r.Cookies)
	}
	if r := h.POST("/greet/ada", "{}"); r.Status != 404 {
		t.Errorf("another method: got %s", r)
	}
}

// TestRemember: what a handler wrote before it denied is dropped, mails
// included.
func TestRemember(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	if r := h.POST("/remember", `{"key":"a","text":"x"}`); r.Text("note.text") != "x" || r.Text("note.id") == "" {
		t.Fatalf("got %s", r)
	}
	if r := h.POST("/remember", `{"key":"a","text":"y"}`); r.Status != 409 || r.Text("code") != "KEY_TAKEN" {
		t.Errorf("a key that is taken: got %s", r)
	}
	h.POST("/remember", `{"key":"b"}`)
	if r := h.POST("/remember", `{"key":"c"}`); r.Text("code") != "TOO_MANY" {
		t.Errorf("one note too many: got %s", r)
	}
	if len(h.Records("note")) != 2 || len(h.Mails()) != 2 || h.LastMail().Data["title"] != "Noted" {
		t.Errorf("records %v, mails %v", h.Records("note"), h.Mails())
	}
}

func TestCount(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	record := plugintest.Object{"userId": "u1"}
	r := h.Fire(plugintest.Event{Name: "session.creating", Record: record})
	if r.Result != sdk.ResultContinue || h.Read("record.count") == nil || h.Audit()[0]["userId"] != "u1" {
		t.Errorf("result %d, record %v, audit %v", r.Result, record, h.Audit())
	}
	r = h.Fire(plugintest.Event{Name: "session.creating", Record: plugintest.Object{"userId": "banned"}})
	if r.Result != sdk.ResultDeny || r.Text("code") != "BANNED" || len(h.Audit()) != 2 {
		t.Errorf("got %s, audit %v", r, h.Audit())
	}
}

// A plugin with two hooks on an event, which note that they ran.
func init() {
	for number, name := range []string{"first", "second"} {
		sdk.Register(int32(number), func(*sdk.Call) error {
			ran = name
			return nil
		})
	}
}

var ran string

// TestSecondHook: of several hooks on an event, a test fires the one that it
// names.
func TestSecondHook(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: []byte(`{
	  "id": "watcher", "version": "1.0.0", "abi": "1.1",
	  "handlers": [
	    {"handler": "first", "kind": "hook", "event": "user.created"},
	    {"handler": "second", "kind": "hook", "event": "user.created"}
	  ]
	}`)})
	for name, want := range map[string]string{"": "first", "first": "first", "second": "second"} {
		if h.Fire(plugintest.Event{Name: "user.created", Handler: name}); ran != want {
			t.Errorf("%q fires %q", name, ran)
		}
	}
}

// TestRefusal: a test can make any host call fail.
func TestRefusal(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	h.On("storage.insert", func(plugintest.Object) (sdk.Status, any) { return sdk.Unavailable, nil })
	if r := h.POST("/remember", `{"key":"a"}`); r.Result != sdk.ResultFailed || r.Status != 500 {
		t.Errorf("got %s", r)
	}
}

// A plugin that asks another server, with a key that it cannot read itself.
func init() { sdk.Register(104, weather) }

var weatherManifest = []byte(`{
  "id": "weather", "version": "1.0.0", "abi": "1.0",
  "capabilities": [{"name": "http", "hosts": ["config:server"]}],
  "handlers": [{"number": 104, "kind": "endpoint", "method": "GET", "path": "/weather"}],
  "config": {"type": "object", "properties": {
    "server": {"type": "string", "default": "https://weather.example"},
    "key": {"type": "string", "writeOnly": true}
  }}
}`)

func weather(c *sdk.Call) error {
	answer, err := c.HTTP().Request(c.Config("server").String()+"/now", sdk.HTTPRequestOptions{
		Method: "POST", Auth: sdk.HTTPAuth{Bearer: sdk.Secret("key")},
		Form: []sdk.Field{sdk.F("place", sdk.String("Paris")), sdk.F("key", sdk.Secret("key"))},
	})
	if err != nil {
		return err
	}
	return c.Reply(sdk.F("sky", answer.Body.Get("sky")), sdk.F("key", c.Config("key")))
}

func TestWeather(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: weatherManifest, Config: `{"key":"k3y"}`})
	h.OnHTTP(func(r plugintest.HTTPRequest) plugintest.HTTPResponse {
		if r.URL != "https://weather.example/now" || r.Auth["bearer"] != "k3y" || r.Form["key"] != "k3y" || r.Form["place"] != "Paris" {
			t.Errorf("got %+v", r)
		}
		return plugintest.HTTPResponse{Body: plugintest.Object{"sky": "grey"}}
	})
	r := h.GET("/weather")
	if r.Text("sky") != "grey" || h.Read("response.body.key") != true || len(h.HTTPRequests()) != 1 {
		t.Errorf("got %s", r)
	}
}
