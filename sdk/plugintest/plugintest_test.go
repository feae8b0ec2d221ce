package plugintest

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

var minimal = []byte(`{"id":"x","version":"1.0.0","abi":"1.0",
  "capabilities":[{"name":"identity","read":["user"]},{"name":"session"}],
  "handlers":[{"number":1,"kind":"endpoint","method":"GET","path":"/x"}],"cookies":[{"name":"c"},{"name":"s","maxAge":60,"sealed":true}]}`)

func host(t *testing.T, event string) *Host {
	t.Helper()
	h := New(t, Config{Manifest: minimal})
	h.begin(Request{Path: "/x?a=1&a=2", Headers: map[string]string{"X-One": "1"}}, "/x", Object{})
	e := Event{Name: event}
	switch {
	case event == pluginapi.EventTokenClaims:
		e.Claims = Object{}
	case strings.HasPrefix(event, "user."):
		e.Record = Object{}
	}
	h.call = h.newCall(e)
	return h
}

// TestValues reads every value of the ABI's vectors through Get.
func TestValues(t *testing.T) {
	data, err := os.ReadFile("../../pluginapi/testdata/values.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		JSON        json.RawMessage
		Kind, Bytes string
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]sdk.Kind{"null": sdk.KindNull, "bool": sdk.KindBool, "number": sdk.KindNumber, "string": sdk.KindString, "json": sdk.KindJSON}
	for _, v := range list {
		h := host(t, "")
		if status := h.Set("args.v", sdk.KindJSON, v.JSON); status != sdk.OK {
			t.Errorf("%s: set gave %d", v.JSON, status)
		}
		kind, text := h.Get("args.v")
		if kind != kinds[v.Kind] || hex.EncodeToString(text) != v.Bytes {
			t.Errorf("%s: got kind %d and %x, want %s and %s", v.JSON, kind, text, v.Kind, v.Bytes)
		}
	}
}

func TestWrites(t *testing.T) {
	for _, tt := range []struct {
		event, path string
		kind        sdk.Kind
		value       string
		status      sdk.Status
		want        string // JSON at path, or at read
		read        string
	}{
		{path: "response.body.a.b", kind: sdk.KindString, value: "x", want: `{"a":{"b":"x"}}`, read: "response.body"},
		{path: "response.body.list.-", kind: sdk.KindNumber, value: "1", want: `[1]`, read: "response.body.list"},
		{path: "response.body.list.0", kind: sdk.KindNumber, value: "1", status: sdk.OK, want: `{"0":1}`, read: "response.body.list"},
		{path: `response.body.a\.b`, kind: sdk.KindBool, value: "true", want: `{"a.b":true}`, read: "response.body"},
		{path: "response.body", kind: sdk.KindPath, value: "request.query.a", want: `["1","2"]`},
		{path: "response.body.x", kind: sdk.KindPath, value: "request.nothing", want: ``},
		{path: "response.body", kind: sdk.KindJSON, value: "{", status: sdk.Invalid},
		{path: "response..body", kind: sdk.KindNull, status: sdk.Invalid},
		{path: "response.headers.X-A", kind: sdk.KindString, value: "1", want: `"1"`, read: "response.headers.x-a"},
		{path: "response.headers.x", kind: sdk.KindString, value: "a\r\nb", status: sdk.Invalid},
		{path: "response.cookies.c", kind: sdk.KindString, value: "v", want: `"v"`},
		{path: "response.cookies.s", kind: sdk.KindString, value: "v", status: sdk.Invalid},
		{path: "response.cookies.s", kind: sdk.KindJSON, value: `{"v":1}`, status: sdk.Denied}, // there is no session
		{path: "response.cookies.other", kind: sdk.KindString, value: "v", status: sdk.Denied},
		{path: "response.other", kind: sdk.KindString, value: "v", status: sdk.Denied},
		{path: "request.body.a", kind: sdk.KindString, value: "v", status: sdk.Denied},
		{path: "session.user.id", kind: sdk.KindString, value: "v", status: sdk.Denied},
		{path: "config", kind: sdk.KindNull, status: sdk.Denied},
		{path: "error.code", kind: sdk.KindString, value: "X", want: `"X"`},
		{path: "error.other", kind: sdk.KindString, value: "X", status: sdk.Denied},
		{path: "record.a", kind: sdk.KindString, value: "X", status: sdk.Denied},
		{path: "claims.a", kind: sdk.KindString, value: "X", status: sdk.Denied},
		{event: pluginapi.EventRequestBefore, path: "request.headers.X-One", kind: sdk.KindNull, want: ``},
		{event: pluginapi.EventRequestBefore, path: "request.method", kind: sdk.KindString, value: "POST", status: sdk.Denied},
		{event: pluginapi.EventUserCreating, path: "record.a", kind: sdk.KindString, value: "X", want: `"X"`},
		{event: pluginapi.EventUserCreating, path: "response.status", kind: sdk.KindNumber, value: "200", status: sdk.Denied},
		{event: pluginapi.EventUserDeleting, path: "record.a", kind: sdk.KindString, value: "X", status: sdk.Denied},
		{event: pluginapi.EventUserCreated, path: "record.a", kind: sdk.KindString, value: "X", status: sdk.Denied},
		{event: pluginapi.EventTokenClaims, path: "claims.a", kind: sdk.KindString, value: "X", want: `"X"`},
	} {
		h := host(t, tt.event)
		status := h.Set(tt.path, tt.kind, []byte(tt.value))
		if status != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.event, tt.path, status, tt.status)
			continue
		}
		if tt.read == "" {
			tt.read = tt.path
		}
		v, ok := h.read(h.call, tt.read)
		got := ""
		if ok {
			got = string(marshal(v))
		}
		if status == sdk.OK && got != tt.want {
			t.Errorf("%s: %s is %s, want %s", tt.path, tt.read, got, tt.want)
		}
	}
}

func TestArrays(t *testing.T) {
	h := host(t, "")
	for _, step := range []struct {
		path   string
		status sdk.Status
	}{
		{"args.a.-", sdk.OK}, {"args.a.-", sdk.OK}, {"args.a.1.x.y", sdk.Invalid}, {"args.a.5", sdk.Invalid}, {"args.a.x", sdk.Invalid}, {"args.a.0.z", sdk.Invalid},
	} {
		if got := h.Set(step.path, sdk.KindString, []byte("v")); got != step.status {
			t.Errorf("%s: got %d, want %d", step.path, got, step.status)
		}
	}
	if got := string(marshal(h.call.root["args"].(Object)["a"])); got != `["v","v"]` {
		t.Errorf("got %s", got)
	}
	for _, path := range []string{"args.a.2", "args.a.-", "args.a.x", "args.a.0.x"} {
		if kind, _ := h.Get(path); kind != sdk.KindAbsent {
			t.Errorf("%s is of kind %d", path, kind)
		}
	}
}

// TestCapabilities: a call that the manifest does not ask for fails the
// author's test.
func TestCapabilities(t *testing.T) {
	inner := &recorder{TB: t}
	h := New(inner, Config{Manifest: minimal})
	h.Call("email", "send", nil)
	if inner.errors == 0 {
		t.Error("email.send passed without being asked for")
	}
	inner.errors = 0
	if status, _ := h.Call("identity", "findUser", []byte(`{"id":"nobody"}`)); status != sdk.NotFound || inner.errors != 0 {
		t.Errorf("findUser: status %d with %d errors", status, inner.errors)
	}
	if status, _ := h.Call("identity", "fly", nil); status != sdk.Unsupported || inner.errors == 0 {
		t.Errorf("an unknown function: status %d with %d errors", status, inner.errors)
	}
}

// recorder counts the errors of a test instead of failing it.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }
func (r *recorder) Helper()               {}

func TestDefaults(t *testing.T) {
	schema := decode(t, `{"properties":{"a":{"default":1},"b":{"properties":{"c":{"default":"x"},"d":{}}},"e":{"default":{"f":2},"properties":{"g":{"default":3}}}},"additionalProperties":{"properties":{"n":{"default":7}}}}`)
	for in, want := range map[string]string{
		`{}`:                        `{"a":1,"b":{"c":"x"},"e":{"f":2,"g":3}}`,
		`{"a":5,"b":{"d":6},"z":7}`: `{"a":5,"b":{"c":"x","d":6},"e":{"f":2,"g":3},"z":7}`,
		`{"y":{},"z":{"n":0}}`:      `{"a":1,"b":{"c":"x"},"e":{"f":2,"g":3},"y":{"n":7},"z":{"n":0}}`,
		`{"b":"text"}`:              `{"a":1,"b":"text","e":{"f":2,"g":3}}`,
	} {
		if got := string(marshal(withDefaults(decode(t, in), schema))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestSealedCookies: an object comes back beside the session that it was given
// with, and beside no other.
func TestSealedCookies(t *testing.T) {
	h := host(t, "")
	user := h.AddUser("ada@example.com", "")
	token := h.SignIn(user)
	h.exchange.session = token
	if status := h.Set("response.cookies.s", sdk.KindJSON, []byte(`{"v":1}`)); status != sdk.OK {
		t.Fatalf("status %d", status)
	}
	given := h.cookie("s", object(h.exchange.response["cookies"])["s"])
	if given.MaxAge != 60 {
		t.Errorf("given for %d seconds", given.MaxAge)
	}
	read := func() string {
		h.begin(Request{Path: "/x", Cookies: map[string]string{"s": given.Value}}, "/x", Object{})
		h.call = h.newCall(Event{})
		_, text := h.Get("request.cookies.s.v")
		return string(text)
	}
	if got := read(); got != "1" {
		t.Errorf("read %q", got)
	}
	h.SignIn(user)
	if got := read(); got != "" {
		t.Errorf("read %q beside another session", got)
	}
	h.SignOut()
	if got := read(); got != "" {
		t.Errorf("read %q without a session", got)
	}
	h.current = token
	given.Value += "x"
	if got := read(); got != "" {
		t.Errorf("read %q though it was changed", got)
	}
}

// TestFunctions: the host has the functions of the contract, and no others.
func TestFunctions(t *testing.T) {
	n := 0
	for f := range pluginapi.Functions() {
		n++
		if functions[f.FullName()] == nil {
			t.Errorf("there is no %s", f.FullName())
		}
	}
	if n != len(functions) {
		t.Errorf("%d functions, the contract has %d", len(functions), n)
	}
}

// TestQuery: parameters of a query are what its schema describes, where there is
// one.
func TestQuery(t *testing.T) {
	h := host(t, "")
	h.begin(Request{Path: "/x?n=2&b=true&s=3&id=4&tag=a&tag=b&bad=x&other=5"}, "/x", Object{})
	h.readQuery(&pluginapi.Handler{})
	h.readQuery(&pluginapi.Handler{Query: []byte(`{"type": "object", "properties": {
	  "n": {"type": "integer"}, "b": {"type": "boolean"}, "s": {"type": "string"}, "bad": {"type": "number"}, "absent": {"type": "number"},
	  "id": {"type": "array", "items": {"type": "integer"}}, "tag": {"type": "array", "items": {"type": "string"}}
	}}`)})
	want := `{"b":true,"bad":"x","id":[4],"n":2,"other":"5","s":"3","tag":["a","b"]}`
	if got := string(marshal(h.exchange.request["query"])); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
