package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// watched is a body that tells whether anybody has read of it.
type watched struct {
	io.Reader
	read atomic.Bool
}

func (b *watched) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.Reader.Read(p)
}

// send sends a JSON body of unknown length from a client.
func (s *server) send(client, path string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:3000"+base+path, body)
	r.RemoteAddr = client + ":1234"
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	s.api.ServeHTTP(rec, r)
	return rec
}

// What a stranger sends to an endpoint that needs a session is not even read,
// unless a hook looks at it; and what cannot be read is told as such, whatever
// the hook made of it.
func TestBodyWaitsForSession(t *testing.T) {
	change := endpoint(1, "POST", "/change")
	change.Session = pluginapi.SessionRequired
	peek := pluginapi.Handler{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore, Match: &pluginapi.Match{Headers: []string{"x-peek"}}}
	g := plugin("p", change, peek).Handler(1, w.Copy("response.body", "request.body")).Handler(2, w.Copy("response.headers.x-n", "request.body.n"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{g}}, httpapi.Config{})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	for _, tt := range []struct {
		name, body string
		headers    []string
		status     int
		read       bool
	}{
		{"no session", `{"n":"1"}`, nil, 401, false},
		{"a broken body", `{"n"`, nil, 401, false},
		{"a hook looks", `{"n":"1"}`, []string{"X-Peek", "1"}, 401, true},
		{"a hook looks at a broken body", `{"n"`, []string{"X-Peek", "1"}, 400, true},
		{"a session", `{"n":"1"}`, []string{"Cookie", cookie, "Origin", "http://localhost:3000"}, 200, true},
		{"a session and a hook", `{"n":"1"}`, []string{"Cookie", cookie, "Origin", "http://localhost:3000", "X-Peek", "1"}, 200, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := &watched{Reader: strings.NewReader(tt.body)}
			rec := s.send("203.0.113.7", "/change", body, tt.headers...)
			if rec.Code != tt.status || body.read.Load() != tt.read {
				t.Errorf("%d %s, read: %t", rec.Code, rec.Body, body.read.Load())
			}
			if tt.status == 200 && strings.TrimSpace(rec.Body.String()) != tt.body {
				t.Errorf("the endpoint got %s", rec.Body)
			}
		})
	}
}

// While bodies take what they may, further ones are refused, and small ones
// are not.
func TestBodyMemory(t *testing.T) {
	echo := endpoint(1, "POST", "/echo")
	g := plugin("p", echo).Handler(1, w.Set("response.body", "done"))
	bodies := budget.New(budget.Limits{Total: 200 << 10, Tenant: 150 << 10, Client: 100 << 10})
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{g}}, httpapi.Config{Bodies: bodies})
	large := func() io.Reader { return strings.NewReader(`"` + strings.Repeat("x", 20<<10) + `"`) }
	under := func(client string) func() {
		in, out := io.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.send(client, "/echo", in)
		}()
		_, _ = out.Write([]byte(`"` + strings.Repeat("x", 40<<10))) // returns when it is read
		return func() { _ = out.Close(); <-done }
	}
	end := under("203.0.113.1")
	refused := func(client string, status int) {
		t.Helper()
		rec := s.send(client, "/echo", large())
		if rec.Code != status || status != 200 && rec.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %v %s", client, rec.Code, rec.Header(), rec.Body)
		}
	}
	refused("203.0.113.1", 413)
	refused("203.0.113.2", 200)
	endOther := under("203.0.113.2")
	refused("203.0.113.3", 503)
	if rec := s.send("203.0.113.1", "/echo", strings.NewReader(`{"email":"a@example.com"}`)); rec.Code != 200 {
		t.Errorf("a small body: %d %s", rec.Code, rec.Body)
	}
	end()
	endOther()
	refused("203.0.113.3", 200)
	if used := bodies.Used(); used != 0 {
		t.Errorf("%d bytes are in use after all", used)
	}
}

func TestBodyElements(t *testing.T) {
	form := endpoint(1, "POST", "/form")
	form.MediaTypes = []string{"application/json", "application/x-www-form-urlencoded"}
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{plugin("p", form).Handler(1, w.Set("response.body", "done"))}}, httpapi.Config{MaxBodyElements: 1000})
	many := func(element string, n int) string { return strings.TrimSuffix(strings.Repeat(element, n), ",") }
	for _, tt := range []struct {
		name, body, contentType string
		status                  int
	}{
		{"values", "[" + many("1,", 999) + "]", "application/json", 200},
		{"too many values", "[" + many("1,", 1000) + "]", "application/json", 400},
		{"too many members", `{"a":[` + many(`{"b":1},`, 500) + "]}", "application/json", 400},
		{"fields", many("a=1&", 999), "application/x-www-form-urlencoded", 200},
		{"too many fields", many("a=1&", 1000), "application/x-www-form-urlencoded", 400},
		{"too many empty fields", many("&", 1_000_000), "application/x-www-form-urlencoded", 400},
	} {
		rec := s.send("203.0.113.7", "/form", strings.NewReader(tt.body), "Content-Type", tt.contentType)
		if rec.Code != tt.status {
			t.Errorf("%s: %d %s", tt.name, rec.Code, rec.Body)
		}
	}
	if rec := s.do("GET", base+"/ok?"+many("a=1&", 1000), ""); rec.Code != 400 {
		t.Errorf("too many parameters: %d", rec.Code)
	}
}

// What handlers have the host keep is bounded for a request and for all of
// them, by what it takes in memory and not by its length; and it is given back.
func TestHandlerMemory(t *testing.T) {
	list := func(n int) string { return `{"list":[` + strings.Repeat("[],", n) + "1]}" }
	for _, tt := range []struct {
		name   string
		values int
		total  int64
		kept   bool
	}{
		{"little", 100, 1 << 20, true},
		{"some", 10_000, 8 << 20, true},
		{"more than all may have", 10_000, 1 << 20, false},
		{"more than a request may have", 400_000, 1 << 30, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keep := endpoint(1, "POST", "/keep")
			g := plugin("p", keep).Handler(1, w.SetJSON("scratch", list(tt.values)), w.Copy("response.body.kept", "scratch.list.0"))
			memory := budget.New(budget.Limits{Total: tt.total})
			s := newServer(t, realmtest.Config{Guests: []*w.Guest{g}}, httpapi.Config{Memory: memory})
			want := `{"kept":[]}`
			if !tt.kept {
				want = ""
			}
			expect(t, s.do("POST", base+"/keep", `{}`), 200, want)
			if used := memory.Used(); used != 0 {
				t.Errorf("%d bytes are in use after all", used)
			}
		})
	}
}

// A hook that looks at the body does not make others run within it: targets that
// only a plugin trusts are asked for when it has ended.
func TestHookReadsTarget(t *testing.T) {
	change := endpoint(1, "POST", "/change")
	change.Session = pluginapi.SessionRequired
	peek := pluginapi.Handler{Number: 2, Kind: pluginapi.KindHook, Event: pluginapi.EventRequestBefore}
	trust := pluginapi.Handler{Number: 3, Kind: pluginapi.KindHook, Event: pluginapi.EventOriginTrusted}
	g := plugin("p", change, peek, trust).Permit("origins").
		Handler(1, w.Copy("response.body", "request.body")).
		Handler(2, w.Copy("response.headers.x-to", "request.body.callbackURL")).
		Handler(3, w.SetKind("record.trusted", pluginapi.KindBool, "true"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{g}}, httpapi.Config{})
	cookie, _ := s.signIn("ada", session.CreateParams{})
	const body = `{"callbackURL":"https://app.example.org/done"}`
	rec := s.do("POST", base+"/change", body, "Cookie", cookie, "Origin", "http://localhost:3000")
	expect(t, rec, 200, body)
	if got := rec.Header().Get("X-To"); got != "https://app.example.org/done" {
		t.Errorf("the hook saw %q", got)
	}
}
