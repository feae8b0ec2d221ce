package plugintest_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

// scripted is an endpoint that does what a test gives it.
var scripted func(*sdk.Call) error

func init() {
	for _, number := range []int32{320, 321, 322, 323} {
		sdk.Register(number, func(c *sdk.Call) error { return scripted(c) })
	}
}

// inStorage runs f in the endpoint of a plugin with a model.
func inStorage(t *testing.T, f func(entries sdk.Storage) error) {
	t.Helper()
	h := plugintest.New(t, plugintest.Config{Manifest: []byte(`{
	  "id": "counter", "version": "1.0.0", "abi": "1.1", "capabilities": [{"name": "storage", "write": ["entry"]}],
	  "handlers": [{"number": 320, "kind": "endpoint", "method": "GET", "path": "/count"}],
	  "models": {"entry": {
	    "fields": {"group": {"type": "string", "required": true}, "n": {"type": "number"}, "key": {"type": "string", "unique": true}, "at": {"type": "date"}},
	    "indexes": [{"fields": ["group", "n"]}]
	  }}
	}`)})
	scripted = func(c *sdk.Call) error { return f(c.Storage("entry")) }
	if r := h.GET("/count"); r.Status != 200 {
		t.Errorf("got %s", r)
	}
}

func TestOrder(t *testing.T) {
	inStorage(t, func(entries sdk.Storage) error {
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
		if first.Fields.Get("n").Int(0) != 7 {
			t.Errorf("the first of a group: %s", first.Fields.Text())
		}
		return err
	})
}

func TestRecords(t *testing.T) {
	group := sdk.F("group", sdk.String("c"))
	inStorage(t, func(entries sdk.Storage) error {
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
	})
}
