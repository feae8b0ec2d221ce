package plugintest_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// A plugin that calls another one's service, has one of its own, and raises
// events that it listens to itself.
var clubManifest = []byte(`{
  "id": "club", "version": "1.0.0", "abi": "1.1",
  "capabilities": [{"name": "plugins", "services": ["billing/isPaid", "club/size"]}, {"name": "storage", "write": ["member"]}],
  "models": {"member": {"fields": {"name": {"type": "string", "unique": true}}}},
  "events": {"member.adding": {"record": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}, "member.added": {"when": "after"}},
  "handlers": [
    {"number": 401, "kind": "endpoint", "method": "POST", "path": "/join"},
    {"number": 402, "kind": "service", "service": "size", "input": {"type": "object", "properties": {"least": {"type": "integer"}}},
     "output": {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}}},
    {"number": 403, "kind": "hook", "event": "club/member.adding"},
    {"number": 404, "kind": "hook", "event": "school/pupil.added", "delivery": "durable"},
    {"number": 405, "kind": "schedule", "schedule": "yearly", "cron": "0 0 1 1 *"}
  ]
}`)

var errEmpty = &sdk.Error{Status: 404, Code: "EMPTY", Message: "There is nobody"}

func init() {
	sdk.Register(401, join)
	sdk.Register(402, size)
	sdk.Register(405, func(c *sdk.Call) error { return add(c, c.Get("event.time")) })
	sdk.Register(403, func(c *sdk.Call) error {
		if c.Record("name").String() == "Eve" {
			return &sdk.Error{Status: 409, Code: "UNWANTED", Message: "No"}
		}
		return nil
	})
	sdk.Register(404, func(c *sdk.Call) error { return add(c, c.Record("name")) })
}

func add(c *sdk.Call, name sdk.Value) error {
	_, err := c.Storage("member").Insert([]sdk.Field{sdk.F("name", name)})
	return err
}

func join(c *sdk.Call) error {
	name := c.Request().Body("name")
	paid, err := c.Plugins().Call("billing/isPaid", []sdk.Field{sdk.F("name", name)})
	if err != nil {
		return err
	}
	if !paid.Get("paid").IsTrue() {
		return &sdk.Error{Status: 402, Code: "UNPAID", Message: "Not paid"}
	}
	if err := c.Plugins().Raise("member.adding", []sdk.Field{sdk.F("name", name)}); err != nil {
		return err
	}
	if err := add(c, name); err != nil {
		return err
	}
	if err := c.Plugins().Raise("member.added", []sdk.Field{sdk.F("name", sdk.Copy("request.body.name"))}); err != nil {
		return err
	}
	all, err := c.Plugins().Call("club/size", nil)
	if err != nil {
		return err
	}
	return c.Reply(sdk.F("size", all.Get("size")))
}

func size(c *sdk.Call) error {
	n, err := c.Storage("member").Count(sdk.StorageCountOptions{})
	if err != nil {
		return err
	}
	if n < c.Get("input.least").Int(0) {
		return errEmpty
	}
	c.Set("output.size", sdk.Int(n))
	return nil
}

func newClub(t *testing.T) *plugintest.Host {
	h := plugintest.New(t, plugintest.Config{Manifest: clubManifest})
	h.OnService("billing/isPaid", func(input plugintest.Object) (plugintest.Object, error) {
		if input["name"] == "Bob" {
			return nil, &sdk.Error{Status: 403, Code: "BLOCKED", Message: "Bob does not pay"}
		}
		return plugintest.Object{"paid": input["name"] != "Max"}, nil
	})
	return h
}

func TestServicesAndEvents(t *testing.T) {
	h := newClub(t)
	for name, want := range map[string]string{"Max": "UNPAID", "Bob": "BLOCKED", "Eve": "UNWANTED"} {
		if r := h.POST("/join", `{"name":"`+name+`"}`); r.Text("code") != want {
			t.Errorf("%s: %s, want %s", name, r, want)
		}
	}
	if r := h.POST("/join", `{"name":"Ada"}`); r.Status != 200 || r.Get("size") != json.Number("1") {
		t.Errorf("got %s", r)
	}
	if raised := h.Raised(); len(raised) != 2 || raised[1].Event != "member.added" || raised[1].Record["name"] != "Ada" {
		t.Errorf("raised %v", raised)
	}
	h.Fire(plugintest.Event{Name: "school/pupil.added", Record: plugintest.Object{"name": "Lovelace"}, Delivery: &plugintest.Delivery{}})
	if out, err := h.CallService("size", plugintest.Object{}); err != nil || out["size"] != json.Number("2") {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestCallServiceRefused(t *testing.T) {
	h := newClub(t)
	_, err := h.CallService("size", plugintest.Object{"least": 1})
	if refused, ok := errors.AsType[*sdk.Error](err); !ok || refused.Code != "EMPTY" || refused.Status != 404 {
		t.Errorf("got %v", err)
	}
	_, err = h.CallService("size", plugintest.Object{"least": "one"})
	if refused, ok := errors.AsType[*sdk.HostError](err); !ok || refused.Status != sdk.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestRunSchedule(t *testing.T) {
	h := newClub(t)
	if err := h.RunSchedule("yearly"); err != nil || h.Records("member")[0]["name"] != "2026-01-02T03:04:05.000Z" {
		t.Errorf("got %v, %v", h.Records("member"), err)
	}
	if err := h.RunSchedule("yearly"); err == nil || len(h.Records("member")) != 1 {
		t.Errorf("the second one, whose name is taken: %v, %v", err, h.Records("member"))
	}
}
