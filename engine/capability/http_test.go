package capability_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// echo answers with what it was sent.
func echo(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		out.Header().Set("Content-Type", "application/json; charset=utf-8")
		out.WriteHeader(http.StatusTeapot)
		_ = json.NewEncoder(out).Encode(map[string]string{
			"method": r.Method, "path": r.URL.RequestURI(), "body": string(body), "type": r.Header.Get("Content-Type"), "key": r.Header.Get("X-Key"),
			"authorization": r.Header.Get("Authorization"), "user": user, "password": password,
		})
	}))
	t.Cleanup(server.Close)
	return server
}

func calls(hosts ...string) []pluginapi.Capability {
	return []pluginapi.Capability{{Name: pluginapi.CapHTTP, Hosts: hosts}}
}

var loopback = egress.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func TestRequest(t *testing.T) {
	server := echo(t)
	url := func(path string) string { return `"url":"` + server.URL + path + `"` }
	g := guest("guest", calls("127.0.0.1"),
		call("get", "http", "request", `{`+url("/a?b=c")+`}`),
		call("form", "http", "request", `{"method":"POST",`+url("/")+`,"form":{"z":"1 &","a":2}}`),
		call("json", "http", "request", `{"method":"PUT",`+url("/")+`,"json":{"z":1,"a":[null]},"headers":{"x-key":"k"}}`),
		call("basic", "http", "request", `{`+url("/")+`,"auth":{"username":"ada","password":"x:y"}}`),
		call("bearer", "http", "request", `{`+url("/")+`,"auth":{"bearer":"token"}}`),
		call("both", "http", "request", `{`+url("/")+`,"json":1,"form":{}}`),
		call("method", "http", "request", `{"method":"TRACE",`+url("/")+`}`),
		call("header", "http", "request", `{`+url("/")+`,"headers":{"host":"other"}}`),
		call("url", "http", "request", `{"url":"file:///etc/passwd"}`),
		call("none", "http", "request", `{}`),
		call("elsewhere", "http", "request", `{"url":"https://example.com/"}`),
		call("lookalike", "http", "request", `{"url":"https://127.0.0.1.example.com/"}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Egress: loopback})
	answer := run(t, r, 0)
	body := func(name string) document.Value {
		result := want(t, answer, name, pluginapi.StatusOK)
		if n, _ := result.Get("status").Int(); n != http.StatusTeapot {
			t.Errorf("%s: %s", name, result.JSON())
		}
		return result.Get("body")
	}
	for _, tt := range []struct{ name, member, want string }{
		{"get", "path", "/a?b=c"}, {"get", "method", "GET"}, {"get", "type", ""},
		{"form", "body", "z=1+%26&a=2"}, {"form", "type", "application/x-www-form-urlencoded"},
		{"json", "body", `{"z":1,"a":[null]}`}, {"json", "type", "application/json"}, {"json", "key", "k"}, {"json", "method", "PUT"},
		{"basic", "user", "ada"}, {"basic", "password", "x:y"}, {"bearer", "authorization", "Bearer token"},
	} {
		if got := body(tt.name).Get(tt.member).Str(); got != tt.want {
			t.Errorf("%s: %s is %q, want %q", tt.name, tt.member, got, tt.want)
		}
	}
	for _, name := range []string{"both", "method", "header", "url", "none"} {
		want(t, answer, name, pluginapi.StatusInvalid)
	}
	want(t, answer, "elsewhere", pluginapi.StatusDenied)
	want(t, answer, "lookalike", pluginapi.StatusDenied)
}

// TestRequestIsRefusedInside: without the operator's word nobody calls what is
// not public; the client is not told what is there.
func TestRequestIsRefusedInside(t *testing.T) {
	server := echo(t)
	g := guest("guest", calls("*"), call("inside", "http", "request", `{"url":"`+server.URL+`"}`), call("metadata", "http", "request", `{"url":"http://169.254.169.254/latest"}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}})
	answer := run(t, r, 0)
	for _, name := range []string{"inside", "metadata"} {
		if got := want(t, answer, name, pluginapi.StatusDenied); strings.Contains(got.Get("message").Str(), "1") {
			t.Errorf("%s: the client would see %s", name, got.JSON())
		}
	}
	if log := r.Log.String(); !strings.Contains(log, "server.egress.allow") {
		t.Errorf("the operator is not told what to do: %s", log)
	}
}

func TestHosts(t *testing.T) {
	settings := `{"issuer":"https://id.example:8443/x","providers":{"a":{"url":"https://a.example"},"b":{"url":"no url"}},"list":[{"u":"https://c.example"}]}`
	for _, tt := range []struct {
		hosts []string
		url   string
		ok    bool
	}{
		{[]string{"a.example"}, "https://a.example/x", true},
		{[]string{"a.example"}, "https://A.EXAMPLE:444/x", true},
		{[]string{"a.example"}, "https://b.a.example/x", false},
		{[]string{"*.a.example"}, "https://b.a.example/x", true},
		{[]string{"*.a.example"}, "https://c.b.a.example/x", true},
		{[]string{"*.a.example"}, "https://a.example/x", false},
		{[]string{"*.a.example"}, "https://xa.example/x", false},
		{[]string{"*"}, "https://a.example/x", true},
		{[]string{"config:issuer"}, "https://id.example:8443/token", true},
		{[]string{"config:issuer"}, "https://id.example/token", false},
		{[]string{"config:providers.*.url"}, "https://a.example/token", true},
		{[]string{"config:providers.*.url"}, "https://id.example:8443/token", false},
		{[]string{"config:list.*.u"}, "https://c.example/", true},
		{[]string{"config:missing"}, "https:///", false},
		{[]string{"config:providers"}, "https://a.example/x", false},
	} {
		g := guest("guest", calls(tt.hosts...), call("call", "http", "request", `{"url":"`+tt.url+`","timeoutMs":100}`))
		r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Settings: map[string]string{"guest": settings}})
		got := statusOf(t, run(t, r, 0), "call")
		if refused := got == pluginapi.StatusDenied || got == pluginapi.StatusInvalid; refused == tt.ok {
			t.Errorf("hosts %v, %s: got %s", tt.hosts, tt.url, got)
		}
	}
}

// TestSecretsAreFilledIn: a guest names a secret beside the request; the host
// puts it in, and the guest cannot read it.
func TestSecretsAreFilledIn(t *testing.T) {
	server := echo(t)
	request := func(rest string) string { return `{"method":"POST","url":"` + server.URL + `",` + rest + `}` }
	g := guest("guest", append(calls("127.0.0.1"), capability(pluginapi.CapCrypto)),
		w.Copy("response.body.read", "config.key"),
		call("form", "http", "request", request(`"form":{"id":"x"},"secrets":{"form.secret":"key"}`)),
		call("header", "http", "request", request(`"secrets":{"headers.x-key":"key"}`)),
		call("basic", "http", "request", request(`"auth":{"username":"me"},"secrets":{"auth.password":"deep.key"}`)),
		call("json", "http", "request", request(`"json":{"a":{"secret":"key","$secret":"key"}},"secrets":{"json.a.b":"key"}`)),
		call("url", "http", "request", request(`"secrets":{"url":"key"}`)),
		call("missing", "http", "request", request(`"secrets":{"form.x":"nothing"}`)),
		call("mac", "crypto", "hmac", `{"secret":"key","value":"text","encoding":"hex"}`),
		call("webhook", "crypto", "hmac", `{"secret":"whsec","key":"base64","value":"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}","encoding":"base64"}`),
		call("bad", "crypto", "hmac", `{"secret":"key","key":"base64","value":"text"}`))
	r := realmtest.New(t, realmtest.Config{
		Guests: []*w.Guest{g}, Egress: loopback,
		Settings: map[string]string{"guest": `{"key":true}`},
		Secrets:  map[string]string{"guest": `{"key":"s3&cret","deep":{"key":"deeper"},"whsec":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}`},
	})
	answer := run(t, r, 0)
	body := func(name string) document.Value { return want(t, answer, name, pluginapi.StatusOK).Get("body") }
	for _, tt := range []struct{ name, member, want string }{
		{"form", "body", "id=x&secret=s3%26cret"}, {"header", "key", "s3&cret"}, {"basic", "password", "deeper"},
		{"json", "body", `{"a":{"secret":"key","$secret":"key","b":"s3&cret"}}`},
	} {
		if got := body(tt.name).Get(tt.member).Str(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	want(t, answer, "url", pluginapi.StatusInvalid)
	want(t, answer, "missing", pluginapi.StatusInvalid)
	want(t, answer, "bad", pluginapi.StatusInvalid)
	if got := answer.Get("read"); !got.Bool() {
		t.Errorf("the guest reads %s", got.JSON())
	}
	// The example of the Standard Webhooks specification.
	if got := want(t, answer, "webhook", 0).Get("mac").Str(); got != "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("webhook: got %s", got)
	}
	if got := want(t, answer, "mac", 0).Get("mac").Str(); len(got) != 64 {
		t.Errorf("mac: got %s", got)
	}
}

// TestRequestIsMadeOnce: when the unit of work runs again after a conflict,
// other servers are not called again.
func TestRequestIsMadeOnce(t *testing.T) {
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		io.WriteString(out, string('0'+byte(count.Add(1))))
	}))
	defer server.Close()
	same := `{"method":"POST","url":"` + server.URL + `"}`
	g := guest("guest", calls("127.0.0.1"), call("first", "http", "request", same), call("second", "http", "request", same))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Egress: loopback})
	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest"})
	attempts := 0
	args := document.NewObject(2).Set("method", document.Text("POST")).Set("url", document.Text(server.URL))
	c := &dispatch.Call{Exchange: ex, Entry: r.Set.Endpoints()[0]}
	err := ex.Unit(t.Context(), func(ctx context.Context) error {
		attempts++
		for _, want := range []string{"1", "2"} {
			v, err := r.Host.Call(ctx, c, "http", "request", args)
			if err != nil || v.Get("body").Str() != want {
				t.Errorf("attempt %d: got %s, %v, want %s", attempts, v.JSON(), err, want)
			}
		}
		if attempts < 3 {
			return store.ErrConflict
		}
		return nil
	})
	if err != nil || attempts != 3 || count.Load() != 2 {
		t.Errorf("%d attempts made %d requests: %v", attempts, count.Load(), err)
	}
	if answer := runOn(t, r, ex, 0); want(t, answer, "second", 0).Get("body").Str() != "4" {
		t.Errorf("the next unit of work got old answers: %s", answer.JSON())
	}
}

func TestRequestsAreBounded(t *testing.T) {
	server := echo(t)
	var steps []w.Step
	for range dispatch.MaxEffects {
		steps = append(steps, w.Call("http", "request", `{"url":"`+server.URL+`"}`))
	}
	steps = append(steps, call("more", "http", "request", `{"url":"`+server.URL+`"}`))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", calls("127.0.0.1"), steps...)}, Egress: loopback})
	want(t, run(t, r, 0), "more", pluginapi.StatusLimit)
}

// TestAnswers: what is no text crosses as bytes, and whole.
func TestAnswers(t *testing.T) {
	binary := []byte{0, 0xff, 0xfe, 0xc3, 0x28}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "application/octet-stream")
		_, _ = out.Write(binary)
	}))
	defer server.Close()
	g := guest("guest", calls("127.0.0.1"),
		call("bytes", "http", "request", `{"url":"`+server.URL+`","answer":"bytes"}`),
		call("kept", "http", "request", `{"url":"`+server.URL+`","cacheSeconds":60}`),
		call("keptBytes", "http", "request", `{"url":"`+server.URL+`","cacheSeconds":60,"answer":"bytes"}`))
	answer := run(t, realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Egress: loopback}), 0)
	encoded := base64.RawURLEncoding.EncodeToString(binary)
	for name, body := range map[string]string{"bytes": encoded, "kept": "\x00\uFFFD(", "keptBytes": encoded} {
		if got := want(t, answer, name, pluginapi.StatusOK).Get("body").Str(); got != body {
			t.Errorf("%s: got %q, want %q", name, got, body)
		}
	}
}

// txt is a resolver with the TXT records of a name.
type txt struct {
	*net.Resolver
	records map[string][]string
}

func (r txt) LookupTXT(_ context.Context, name string) ([]string, error) {
	if records, ok := r.records[name]; ok {
		return records, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// TestLookupTXT: a plugin that was granted all hosts sees records of the public
// DNS alone, and one that was granted some sees those of their names.
func TestLookupTXT(t *testing.T) {
	resolver := txt{records: map[string][]string{
		"_challenge.app.example.": {"proof=1", "\xff"}, "many.example.": slices.Repeat([]string{"x"}, egress.MaxTXTRecords+1),
		"localhost.": {"inside"}, "db.internal.": {"inside"},
	}}
	look := func(id, name string) w.Step { return call(id, "http", "lookupTXT", `{"name":"`+name+`"}`) }
	all := guest("all", calls("*"), look("proof", "_challenge.app.example"), look("none", "app.example"), look("many", "many.example"),
		look("inside", "db.internal"), look("host", "localhost"), look("address", "127.0.0.1"))
	some := guest("some", calls("*.app.example"), look("proof", "_Challenge.App.Example."), look("other", "many.example"), look("itself", "app.example"))
	for _, tt := range []struct {
		guest *w.Guest
		want  map[string]pluginapi.Status
	}{
		{all, map[string]pluginapi.Status{
			"none": pluginapi.StatusNotFound, "many": pluginapi.StatusLimit, "inside": pluginapi.StatusDenied, "host": pluginapi.StatusInvalid, "address": pluginapi.StatusInvalid,
		}},
		{some, map[string]pluginapi.Status{"other": pluginapi.StatusDenied, "itself": pluginapi.StatusDenied}},
	} {
		answer := run(t, realmtest.New(t, realmtest.Config{Guests: []*w.Guest{tt.guest}, Resolver: resolver}), 0)
		if got := string(want(t, answer, "proof", pluginapi.StatusOK).JSON()); got != "{\"records\":[\"proof=1\",\"\uFFFD\"]}" {
			t.Errorf("%s: got %s", tt.guest.Manifest().ID, got)
		}
		for name, status := range tt.want {
			want(t, answer, name, status)
		}
	}
}
