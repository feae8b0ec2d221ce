package blueprint

import (
	"testing"

	"github.com/authhost/authhost/engine/document"
)

func TestWithDefaults(t *testing.T) {
	schema, err := document.Parse([]byte(`{"type":"object","properties":{
		"a":{"type":"integer","default":1},
		"b":{"type":"string"},
		"deep":{"type":"object","properties":{"c":{"default":[1]},"deeper":{"type":"object","default":{},"properties":{"d":{"default":true}}}}},
		"list":{"type":"array","default":[]},
		"named":{"type":"object","properties":{"own":{}},"additionalProperties":{"properties":{"n":{"default":7}}}}
	},"additionalProperties":false}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	for settings, want := range map[string]string{
		`{}`:                                    `{"a":1,"deep":{"c":[1],"deeper":{"d":true}},"list":[],"named":{}}`,
		`{"a":2,"b":"x"}`:                       `{"a":2,"b":"x","deep":{"c":[1],"deeper":{"d":true}},"list":[],"named":{}}`,
		`{"a":null,"deep":{"c":null,"x":1}}`:    `{"a":null,"deep":{"c":null,"x":1,"deeper":{"d":true}},"list":[],"named":{}}`,
		`{"deep":{"deeper":{"d":false}}}`:       `{"deep":{"deeper":{"d":false},"c":[1]},"a":1,"list":[],"named":{}}`,
		`{"deep":5,"list":[1],"a":0,"extra":1}`: `{"deep":5,"list":[1],"a":0,"extra":1,"named":{}}`,
		`{"deep":5,"list":[],"a":0,"named":{"x":{},"y":{"n":1},"own":{}}}`: `{"deep":5,"list":[],"a":0,"named":{"x":{"n":7},"y":{"n":1},"own":{}}}`,
	} {
		v, err := document.Parse([]byte(settings), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(withDefaults(v, schema).JSON()); got != want {
			t.Errorf("%s:\n got %s\nwant %s", settings, got, want)
		}
	}
	// Defaults are copies: tenants do not share them.
	one, _ := document.Parse([]byte(`{}`), 0)
	withDefaults(one, schema).Get("deep").Object().Set("c", document.Text("changed"))
	two, _ := document.Parse([]byte(`{}`), 0)
	if got := string(withDefaults(two, schema).Get("deep").Get("c").JSON()); got != `[1]` {
		t.Errorf("a default was changed: %s", got)
	}
}
