package plugintest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// logged keeps what a test's log is told.
type logged struct {
	testing.TB
	lines []string
}

func (l *logged) Helper() {}
func (l *logged) Logf(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func init() {
	sdk.Register(331, keepDay)
	sdk.Register(332, loseDay)
}

// loseDay fails for a reason of its own, after a host call that was refused.
func loseDay(c *sdk.Call) error {
	_, _ = c.Storage("day").Find("userId", sdk.String("nobody"))
	return errors.New("lost")
}

// keepDay stores a day as the client wrote it.
func keepDay(c *sdk.Call) error {
	_, err := c.Storage("day").Insert([]sdk.Field{
		sdk.F("userId", sdk.String(c.Session().UserID)), sdk.F("on", c.Request().Body("on")),
	})
	return err
}

// TestWhyAHandlerFailed: the log of the test says which host call was refused,
// and why. It says nothing of what the plugin did not ask for by name, such as
// the token of the session.
func TestWhyAHandlerFailed(t *testing.T) {
	l := &logged{TB: t}
	h := plugintest.New(l, plugintest.Config{Manifest: []byte(`{
	  "id": "days", "version": "1.0.0", "abi": "1.1",
	  "capabilities": [{"name": "storage", "write": ["day"]}],
	  "models": {"day": {"fields": {"userId": {"type": "string", "references": "user"}, "on": {"type": "date"}}}},
	  "handlers": [{"number": 331, "kind": "endpoint", "method": "POST", "path": "/days"},
	    {"number": 332, "kind": "endpoint", "method": "POST", "path": "/lost"}]
	}`)})
	h.SignIn(h.AddUser("ada@example.com", ""))
	if r := h.POST("/days", `{"on":"2026-01-02T03:04:05.678Z"}`); r.Status != 200 || len(l.lines) != 0 {
		t.Errorf("got %s, and the log %q", r, l.lines)
	}
	want := []string{"plugintest: handler 331 failed; its last host call, storage.insert, was refused: on: not a date such as 2026-01-02T03:04:05.678Z"}
	if r := h.POST("/days", `{"on":"2026-01-02"}`); r.Status != 500 || !slices.Equal(l.lines, want) {
		t.Errorf("got %s, and the log %q", r, l.lines)
	}
	l.lines = nil
	h.POST("/lost", "{}")
	if want := []string{"plugin log (level 3): lost"}; !slices.Equal(l.lines, want) {
		t.Errorf("the log is %q, want %q", l.lines, want)
	}
}
