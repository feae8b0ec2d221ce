package dispatch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// reader reads a field when a guest asks for a random text.
type reader struct {
	dispatch.Capabilities
	read func(c *dispatch.Call)
}

func (r *reader) Call(ctx context.Context, c *dispatch.Call, capability, function string, args *document.Object) (document.Value, error) {
	if capability == pluginapi.CapRandom {
		r.read(c)
		return document.Value{}, nil
	}
	return r.Capabilities.Call(ctx, c, capability, function, args)
}

// TestWholeParts: parts that are read as a whole are what they are at the time,
// however often they were read before.
func TestWholeParts(t *testing.T) {
	read := w.Call("random", "string", "")
	for _, tt := range []struct {
		path string
		want []string // in the order of the reads
	}{
		{"request.body", []string{`{"a":"1"}`, `{"a":"1"}`, `{"a":"2"}`, `{"a":"3"}`, `{"a":"4"}`, `{"a":"3"}`, `{"a":"3"}`, `{"a":"3"}`}},
		{"config", slices.Repeat([]string{`{"b":{"c":1}}`}, 8)},
		{"tenant", slices.Repeat([]string{`{"baseURL":"https://a.example"}`}, 8)},
		{"session", []string{"", "", "", "", "", "", `{"user":{"email":"ada@example.com"}}`, ""}},
	} {
		t.Run(tt.path, func(t *testing.T) {
			g := everything("guest", on(2, pluginapi.EventRequestBefore), on(3, pluginapi.EventRequestBefore)).
				Handler(2, read, read, w.Set("request.body.a", "2"), read, w.Set("request.body.a", "3"), read).
				Handler(3, w.Set("request.body.a", "4"), read, w.Trap()). // which takes the change back
				Handler(1, read,
					w.Call("identity", "createUser", ada), w.Must(), w.Copy("args.userId", "result.user.id"),
					w.Call("session", "create", ""), w.Must(), read,
					w.Call("session", "end", `{}`), w.Must(), read)
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Settings: map[string]string{"guest": `{"b":{"c":1}}`}})
			var got []string
			spy := &reader{r.Host, func(c *dispatch.Call) { got = append(got, part(t, c, tt.path)) }}
			ex := dispatch.NewExchange(dispatch.Config{Realm: r.Realm, Set: r.Set, Capabilities: spy, Views: r.Views}, dispatch.Request{
				Method: "POST", Path: "/guest", BaseURL: "https://a.example", Headers: http.Header{}, Body: document.Obj(document.NewObject(1).Set("a", document.Text("1"))),
			}, r.Clock.Now())
			defer ex.Close()
			if _, err := ex.Before(t.Context()); err == nil {
				t.Error("the trap is no error")
			}
			if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// part reads a part of the document, and returns those of its members that the
// test knows beforehand, "" for nothing.
func part(t *testing.T, c *dispatch.Call, path string) string {
	t.Helper()
	kind, text := c.Get(path, []byte("kept "))
	text, kept := bytes.CutPrefix(text, []byte("kept "))
	if !kept || (pluginapi.Kind(kind) == pluginapi.KindAbsent) != (len(text) == 0) {
		t.Errorf("kind %d, %q", kind, text)
	}
	if len(text) == 0 {
		return ""
	}
	var known struct {
		A       string         `json:"a,omitempty"`
		B       map[string]int `json:"b,omitempty"`
		BaseURL string         `json:"baseURL,omitempty"`
		User    *struct {
			Email string `json:"email"`
		} `json:"user,omitempty"`
	}
	if err := json.Unmarshal(text, &known); err != nil {
		t.Error(err)
	}
	text, _ = json.Marshal(known)
	return string(text)
}
