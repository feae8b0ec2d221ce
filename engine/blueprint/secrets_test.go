package blueprint

import (
	"testing"

	"github.com/authhost/authhost/engine/document"
)

// TestWithoutSecrets: a value is hidden wherever the schema may mean it.
func TestWithoutSecrets(t *testing.T) {
	parse := func(text string) document.Value {
		v, err := document.Parse([]byte(text), 0)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return v
	}
	const s = `{"type":"string","writeOnly":true}`
	for _, tt := range []struct{ schema, settings, want string }{
		{`{"properties":{"a":` + s + `,"b":{}}}`, `{"a":"x","b":"y"}`, `{"a":true,"b":"y"}`},
		{`{"properties":{"a":` + s + `}}`, `{"a":null}`, `{"a":null}`},
		{`{"properties":{"a":` + s + `}}`, `{}`, `{}`},
		{`{"properties":{"a":{"properties":{"b":` + s + `}}}}`, `{"a":{"b":"x","c":1}}`, `{"a":{"b":true,"c":1}}`},
		{`{"additionalProperties":{"properties":{"s":` + s + `}}}`, `{"p":{"s":"x","t":"y"}}`, `{"p":{"s":true,"t":"y"}}`},
		{`{"properties":{"p":{}},"additionalProperties":` + s + `}`, `{"p":"x","q":"y"}`, `{"p":"x","q":true}`},
		{`{"patternProperties":{"^x":` + s + `}}`, `{"xa":"x"}`, `{"xa":true}`},
		{`{"properties":{"l":{"items":` + s + `}}}`, `{"l":["x","y"]}`, `{"l":[true,true]}`},
		{`{"properties":{"l":{"prefixItems":[{},` + s + `]}}}`, `{"l":["x","y"]}`, `{"l":["x",true]}`},
		{`{"properties":{"a":{"$ref":"#/$defs/s"}},"$defs":{"s":` + s + `}}`, `{"a":"x"}`, `{"a":true}`},
		{`{"properties":{"a":{"$ref":"other.json"}}}`, `{"a":"x"}`, `{"a":true}`},
		{`{"properties":{"a":{"anyOf":[{"type":"number"},` + s + `]}}}`, `{"a":1}`, `{"a":true}`},
		{`{"if":{},"then":{"properties":{"a":` + s + `}}}`, `{"a":"x"}`, `{"a":true}`},
		{`{"properties":{"a":{"writeOnly":true,"type":"object"}}}`, `{"a":{"deep":"x"}}`, `{"a":true}`},
		{`{"$ref":"#"}`, `{"a":"x"}`, `{"a":"x"}`},
	} {
		settings := parse(tt.settings)
		if got := string(withoutSecrets(settings, parse(tt.schema)).JSON()); got != tt.want {
			t.Errorf("%s of %s:\n got %s\nwant %s", tt.schema, tt.settings, got, tt.want)
		}
		if got := string(settings.JSON()); got != tt.settings {
			t.Errorf("the settings were changed to %s", got)
		}
	}
}
