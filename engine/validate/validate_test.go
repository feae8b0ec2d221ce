package validate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

func parse(t *testing.T, text string) document.Value {
	t.Helper()
	v, err := document.Parse([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestValidate: the messages are those of zod 4.
func TestValidate(t *testing.T) {
	const (
		signUp = `{"allOf":[{"type":"object","properties":{"name":{"type":"string"},"email":{"type":"string","format":"email"},
			"password":{"type":"string","minLength":1},"image":{"type":"string"},"rememberMe":{"type":"boolean"}},"required":["name","email","password"]},
			{"type":"object","additionalProperties":{}}]}`
		various = `{"type":"object","properties":{
			"n":{"type":"number"},"list":{"type":"array","items":{"type":"string"}},"any":{},
			"one":{"type":"string","enum":["x"]},"some":{"type":"string","enum":["x","y"]},
			"in":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},
			"map":{"type":"object","additionalProperties":{"type":"number"}},
			"either":{"anyOf":[{"type":"string","enum":["x"]},{"type":"number"}]},
			"short":{"type":"string","minLength":2,"maxLength":3},
			"count":{"type":"integer","minimum":1,"maximum":10},"slug":{"type":"string","pattern":"^[a-z]+$"},
			"at":{"type":"string","format":"date-time"},"home":{"type":"string","format":"uri"},"secret":{"type":"string","format":"password"}}}`
		good = `"name":"A","email":"a@b.co","password":"x"`
	)
	tests := []struct{ name, schema, value, want string }{
		{"fine", signUp, `{` + good + `}`, ""},
		{"unknown members", signUp, `{` + good + `,"x":{"y":[1]}}`, ""},
		{"optional members", signUp, `{` + good + `,"image":"i","rememberMe":true}`, ""},
		{"empty object", signUp, `{}`, "[body.name] Invalid input: expected string, received undefined; [body.email] Invalid input: expected string, received undefined; [body.password] Invalid input: expected string, received undefined"},
		{"no body", signUp, ``, "[body] Invalid input: expected object, received undefined; [body] Invalid input: expected record, received undefined"},
		{"list", signUp, `[]`, "[body] Invalid input: expected object, received array; [body] Invalid input: expected record, received array"},
		{"text", signUp, `"text"`, "[body] Invalid input: expected object, received string; [body] Invalid input: expected record, received string"},
		{"null", signUp, `null`, "[body] Invalid input: expected object, received null; [body] Invalid input: expected record, received null"},
		{"number for text", signUp, `{"name":1,"email":"a@b.co","password":"x"}`, "[body.name] Invalid input: expected string, received number"},
		{"huge number for text", signUp, `{"name":1e999,"email":"a@b.co","password":"x"}`, "[body.name] Invalid input: expected string, received Infinity"},
		{"null for optional", signUp, `{` + good + `,"image":null}`, "[body.image] Invalid input: expected string, received null"},
		{"text for boolean", signUp, `{` + good + `,"rememberMe":"yes"}`, "[body.rememberMe] Invalid input: expected boolean, received string"},
		{"e-mail", signUp, `{"name":"A","email":"nope","password":"x"}`, "[body.email] Invalid email address"},
		{"empty password", signUp, `{"name":"A","email":"a@b.co","password":""}`, "[body.password] Too small: expected string to have >=1 characters"},
		{"empty list for a password", signUp, `{"name":"A","email":"a@b.co","password":[]}`, "[body.password] Invalid input: expected string, received array; [body.password] Too small: expected array to have >=1 items"},
		{"nothing required", various, `{}`, ""},
		{"anything", various, `{"any":[{"x":null}]}`, ""},
		{"number", various, `{"n":"1"}`, "[body.n] Invalid input: expected number, received string"},
		{"items", various, `{"list":["a",1,null]}`, "[body.list.1] Invalid input: expected string, received number; [body.list.2] Invalid input: expected string, received null"},
		{"no list", various, `{"list":{}}`, "[body.list] Invalid input: expected array, received object"},
		{"one option", various, `{"one":"y"}`, `[body.one] Invalid input: expected "x"`},
		{"options", various, `{"some":"z"}`, `[body.some] Invalid option: expected one of "x"|"y"`},
		{"option of another type", various, `{"some":1}`, `[body.some] Invalid option: expected one of "x"|"y"`},
		{"right option", various, `{"some":"y","one":"x"}`, ""},
		{"one of several", various, `{"either":"x"}`, ""},
		{"the other one", various, `{"either":1}`, ""},
		{"none of several", various, `{"either":"y"}`, "[body.either] Invalid input"},
		{"bounds and formats that hold", various, `{"count":10,"slug":"abc","at":"2026-01-02T03:04:05.678Z","home":"https://a.example/x","secret":"x"}`, ""},
		{"fraction", various, `{"count":1.5}`, "[body.count] Invalid input: expected int, received number"},
		{"text for integer", various, `{"count":"1"}`, "[body.count] Invalid input: expected number, received string"},
		{"too small", various, `{"count":0}`, "[body.count] Too small: expected number to be >=1"},
		{"too big", various, `{"count":11}`, "[body.count] Too big: expected number to be <=10"},
		{"huge", various, `{"count":1e999}`, "[body.count] Invalid input: expected number, received Infinity"},
		{"pattern", various, `{"slug":"A"}`, "[body.slug] Invalid string: must match pattern /^[a-z]+$/"},
		{"date", various, `{"at":"2026-01-02"}`, "[body.at] Invalid ISO datetime"},
		{"URL", various, `{"home":"a.example"}`, "[body.home] Invalid URL"},
		{"inner", various, `{"in":{}}`, "[body.in.a] Invalid input: expected string, received undefined"},
		{"record", various, `{"map":{"a":1,"b":"x"}}`, "[body.map.b] Invalid input: expected number, received string"},
		{"no record", various, `{"map":[]}`, "[body.map] Invalid input: expected record, received array"},
		{"too short", various, `{"short":"a"}`, "[body.short] Too small: expected string to have >=2 characters"},
		{"too long", various, `{"short":"abcd"}`, "[body.short] Too big: expected string to have <=3 characters"},
		{"UTF-16 units", various, `{"short":"😀"}`, ""},
		{"three emoji", various, `{"short":"😀😀"}`, "[body.short] Too big: expected string to have <=3 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			schema, err := pluginapi.ParseSchema(json.RawMessage(tt.schema))
			if err != nil {
				t.Fatal(err)
			}
			var v document.Value
			if tt.value != "" {
				v = parse(t, tt.value)
			}
			err = Check("body", schema, v)
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			if e := apierror.From(err); err == nil || e.Status != 400 || e.Code != "VALIDATION_ERROR" || e.Message != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestValidateWithoutSchema(t *testing.T) {
	if err := Check("body", nil, document.Text("x")); err != nil {
		t.Error(err)
	}
}

// TestValidateBounded: one error does not grow with the body.
func TestValidateBounded(t *testing.T) {
	schema := &pluginapi.Schema{Type: "object", Properties: pluginapi.Properties{{Name: "list", Schema: &pluginapi.Schema{Type: "array", Items: &pluginapi.Schema{Type: "string"}}}}}
	body := parse(t, `{"list":[`+strings.Repeat("1,", 100_000)+`1]}`)
	if n := strings.Count(apierror.From(Check("body", schema, body)).Message, ";") + 1; n != maxIssues {
		t.Errorf("%d issues, want %d", n, maxIssues)
	}
}
