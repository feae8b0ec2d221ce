package validate

import (
	"testing"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

func TestReadQuery(t *testing.T) {
	schema, err := pluginapi.ParseSchema([]byte(`{"allOf": [
	  {"type": "object", "properties": {"n": {"type": "number"}, "i": {"type": "integer"}, "b": {"type": "boolean"}, "s": {"type": "string"}}},
	  {"type": "object", "properties": {"tags": {"type": "array", "items": {"type": "string"}}, "ids": {"type": "array", "items": {"type": "integer"}}, "any": {"type": "array"}}}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ in, want, fault string }{
		{`{}`, `{}`, ""},
		{`{"n":"1.5","i":"-20","b":"true","s":"7"}`, `{"n":1.5,"i":-20,"b":true,"s":"7"}`, ""},
		{`{"n":"2e3","b":"false","other":"1"}`, `{"n":2e3,"b":false,"other":"1"}`, ""},
		{`{"tags":"a","ids":"3","any":"4"}`, `{"tags":["a"],"ids":[3],"any":["4"]}`, ""},
		{`{"tags":["1","2"],"ids":["3","4"]}`, `{"tags":["1","2"],"ids":[3,4]}`, ""},
		{`{"i":7,"b":false}`, `{"i":7,"b":false}`, ""}, // a hook has set them
		{`{"i":"x"}`, `{"i":"x"}`, "[query.i] Invalid input: expected number, received string"},
		{`{"i":"1.5"}`, `{"i":1.5}`, "[query.i] Invalid input: expected int, received number"},
		{`{"n":""}`, `{"n":""}`, "[query.n] Invalid input: expected number, received string"},
		{`{"n":" 1"}`, `{"n":" 1"}`, "[query.n] Invalid input: expected number, received string"},
		{`{"n":"1 "}`, `{"n":"1 "}`, "[query.n] Invalid input: expected number, received string"},
		{`{"n":"0x10"}`, `{"n":"0x10"}`, "[query.n] Invalid input: expected number, received string"},
		{`{"n":"01"}`, `{"n":"01"}`, "[query.n] Invalid input: expected number, received string"},
		{`{"n":["1","2"]}`, `{"n":["1","2"]}`, "[query.n] Invalid input: expected number, received array"},
		{`{"b":"1"}`, `{"b":"1"}`, "[query.b] Invalid input: expected boolean, received string"},
		{`{"ids":["3","x"]}`, `{"ids":[3,"x"]}`, "[query.ids.1] Invalid input: expected number, received string"},
	} {
		query := parse(t, tt.in)
		ReadQuery(schema, query.Object())
		if got := string(query.JSON()); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.want)
		}
		fault := ""
		if err := Check("query", schema, query); err != nil {
			fault = err.(*apierror.Error).Message
		}
		if fault != tt.fault {
			t.Errorf("%s: %q, want %q", tt.in, fault, tt.fault)
		}
	}
	ReadQuery(nil, document.NewObject(0))
}
