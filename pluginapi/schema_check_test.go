package pluginapi_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// TestSchemaCheck: test hosts say what the engine says, whose own tests have
// the whole list.
func TestSchemaCheck(t *testing.T) {
	const schema = `{"type":"object","required":["name"],"properties":{
		"name":{"type":"string","minLength":2},"n":{"type":"integer","minimum":1},"on":{"type":"boolean"},"at":{"type":"string","format":"date-time"},
		"list":{"type":"array","items":{"type":"string","enum":["x","y"]}},"map":{"type":"object","additionalProperties":{"type":"number"}},
		"either":{"anyOf":[{"type":"string"},{"type":"boolean"}]}}}`
	s, err := pluginapi.ParseSchema(json.RawMessage(schema))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		`{"name":"ab","n":1,"on":true,"at":"2026-01-02T03:04:05.678Z","list":["x"],"map":{"a":1},"either":true,"more":null}`: "",
		`{}`:                           "[input.name] Invalid input: expected string, received undefined",
		`[]`:                           "[input] Invalid input: expected object, received array",
		`{"name":"a","n":0}`:           "[input.name] Too small: expected string to have >=2 characters; [input.n] Too small: expected number to be >=1",
		`{"name":1,"n":1.5}`:           "[input.name] Invalid input: expected string, received number; [input.n] Invalid input: expected int, received number",
		`{"name":"ab","n":"1"}`:        "[input.n] Invalid input: expected number, received string",
		`{"name":"ab","n":1e999}`:      "[input.n] Invalid input: expected number, received Infinity",
		`{"name":"ab","on":null}`:      "[input.on] Invalid input: expected boolean, received null",
		`{"name":"ab","at":"now"}`:     "[input.at] Invalid ISO datetime",
		`{"name":"ab","list":["z"]}`:   `[input.list.0] Invalid option: expected one of "x"|"y"`,
		`{"name":"ab","list":{}}`:      "[input.list] Invalid input: expected array, received object",
		`{"name":"ab","map":{"a":""}}`: "[input.map.a] Invalid input: expected number, received string",
		`{"name":"ab","map":1}`:        "[input.map] Invalid input: expected record, received number",
		`{"name":"ab","either":1}`:     "[input.either] Invalid input",
	} {
		dec := json.NewDecoder(bytes.NewReader([]byte(value)))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := s.Check("input", v); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}

func TestValidEmail(t *testing.T) {
	for address, want := range map[string]bool{
		"a@b.co": true, "A.b+c-d_e'f@x-y.example.com": true, "1@2.xy": true, "a'b@c.de": true, "_@x.co": true, "+@x.co": true,
		"":        false,
		"a":       false,
		"@b.co":   false,
		"a@b":     false,
		"a@b.c":   false,
		".a@b.co": false, "a.@b.co": false, "a..b@c.de": false, "a@b..co": false, "a@.b.co": false, "a@-b.co": false,
		"a'@b.co": false, "a b@c.de": false, "a@b.co ": false, " a@b.co": false, "a@b.co\n": false, "a@b.co\r\nBcc: x@y.zz": false,
		"a@b@c.de": false, "ä@b.co": false, "a@ä.co": false, "a\x00@b.co": false, "<a@b.co>": false, `"a"@b.co`: false, "a@[1.2.3.4]": false,
		"a@b.co2": false, "a@1.2.3.4": false,
	} {
		if got := pluginapi.ValidEmail(address); got != want {
			t.Errorf("ValidEmail(%q) = %v, want %v", address, got, want)
		}
	}
}
