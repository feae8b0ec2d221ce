package httpapi_test

import (
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// TestTypedQuery: a handler gets the parameters of a query as its schema has
// them, and clients are told of those that are not.
func TestTypedQuery(t *testing.T) {
	h := endpoint(1, "GET", "/list")
	h.Query = []byte(`{"type": "object", "properties": {
	  "limit": {"type": "integer", "minimum": 1, "maximum": 50}, "all": {"type": "boolean"}, "tag": {"type": "array", "items": {"type": "string"}}, "q": {"type": "string"}
	}}`)
	guest := w.New(&pluginapi.Manifest{ID: "lister", Handlers: []pluginapi.Handler{h}}).Handler(1, w.Copy("response.body.query", "request.query"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{guest}}, httpapi.Config{})
	for query, want := range map[string]string{
		"":                              `{"query":{}}`,
		"?limit=20&all=false&tag=a&q=7": `{"query":{"limit":20,"all":false,"tag":["a"],"q":"7"}}`,
		"?tag=a&tag=b&other=1":          `{"query":{"tag":["a","b"],"other":"1"}}`,
		"?limit=51":                     `[query.limit] Too big: expected number to be <=50`,
		"?limit=ten&all=yes":            `[query.limit] Invalid input: expected number, received string; [query.all] Invalid input: expected boolean, received string`,
		"?limit=1&limit=2":              `[query.limit] Invalid input: expected number, received array`,
	} {
		if got := s.do("GET", "/api/auth/list"+query, "").Body.String(); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}
