package httpapi_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// trusting is a plugin that is asked about sites.
func trusting(id string, steps ...w.Step) *w.Guest {
	g := w.New(&pluginapi.Manifest{ID: id, Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindHook, Event: pluginapi.EventOriginTrusted}}}).Permit("origins")
	return g.Handler(1, steps...)
}

// TestOriginTrusted: what plugins say of a site decides about its requests, its
// pages as targets, and whether its scripts may read answers.
func TestOriginTrusted(t *testing.T) {
	yes := w.SetJSON("record.trusted", "true")
	tests := []struct {
		name   string
		guests []*w.Guest
		status int // of a request from there
		allow  bool
	}{
		{"nobody is asked", nil, 403, false},
		{"trusted", []*w.Guest{trusting("a", yes)}, 200, true},
		{"no answer", []*w.Guest{trusting("a")}, 403, false},
		{"not a boolean", []*w.Guest{trusting("a", w.Set("record.trusted", "true"))}, 403, false},
		{"the second", []*w.Guest{trusting("a"), trusting("b", yes)}, 200, true},
		{"denied before", []*w.Guest{trusting("a", w.Deny("403", "NO", "no")), trusting("b", yes)}, 403, false},
		{"trusted before", []*w.Guest{trusting("a", yes), trusting("b", w.Deny("403", "NO", "no"))}, 200, true},
		{"a failure is no trust", []*w.Guest{trusting("a", yes, w.Trap()), trusting("b", yes)}, 500, false},
		{"the origin stays as it is", []*w.Guest{trusting("a", w.Set("record.origin", "http://localhost:3000"), w.SetJSON("record", `{"trusted":true}`))}, 403, false},
		{"nor can it answer", []*w.Guest{trusting("a", w.Set("response.body", "x"), w.Return(pluginapi.Respond))}, 403, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, realmtest.Config{Guests: tt.guests}, httpapi.Config{CORS: true})
			const site = "https://e.co"
			from := s.do("POST", base+"/sign-out", `{}`, "Cookie", "a=b", "Origin", site)
			to := s.do("POST", base+"/sign-out", `{"callbackURL":"`+site+`/x"}`)
			for what, rec := range map[string]*httptest.ResponseRecorder{"from": from, "to": to} {
				if rec.Code != tt.status {
					t.Errorf("%s there: %d %s", what, rec.Code, rec.Body)
				}
			}
			if got := from.Header().Get("Access-Control-Allow-Origin"); (got == site) != tt.allow {
				t.Errorf("allowed origin %q", got)
			}
			for _, target := range []string{"javascript:alert(1)", "//e.co", "https://u@e.co/"} {
				if rec := s.do("POST", base+"/sign-out", `{"callbackURL":"`+target+`"}`); rec.Code != 403 {
					t.Errorf("%s: %d", target, rec.Code)
				}
			}
		})
	}
}

// TestAsksWithoutThePath: a plugin learns of a site, not of what is on it.
func TestAsksWithoutThePath(t *testing.T) {
	g := trusting("a", w.Get("record.origin"), w.Report("error.message"), w.Copy("error.message", "record.origin"), w.SetJSON("record.trusted", "true"))
	s := newServer(t, realmtest.Config{Guests: []*w.Guest{g}}, httpapi.Config{})
	expect(t, s.do("POST", base+"/sign-out", `{"callbackURL":"https://E.co:443/secret?token=x"}`), 200, `{"success":true}`)
}

// TestAskedOnce: plugins are asked once about a site that a request comes from
// and leads to, and not at all for a request beyond the client's limit.
func TestAskedOnce(t *testing.T) {
	const site = "https://e.co"
	yes := w.SetJSON("record.trusted", "true")
	refused := errors.New("there is no count")
	limit := func(ok bool, err error) httpapi.Limiter {
		return limiter(func() (bool, error) { return ok, err })
	}
	tests := []struct {
		name, method, origin string
		limiter              httpapi.Limiter
		steps                []w.Step
		status, calls        int
		allow                bool
	}{
		{"trusted", "POST", site, nil, []w.Step{yes}, 200, 1, true},
		{"not trusted", "POST", site, nil, nil, 403, 1, false},
		{"failing", "POST", site, nil, []w.Step{w.Trap()}, 500, 1, false},
		{"read only", "GET", site, nil, []w.Step{yes}, 200, 1, true},
		{"own origin", "POST", "http://localhost:3000", nil, []w.Step{yes}, 200, 1, false}, // about the target
		{"within the limit", "POST", site, limit(true, nil), []w.Step{yes}, 200, 1, true},
		{"beyond the limit", "POST", site, limit(false, nil), []w.Step{yes}, 429, 0, false},
		{"no limit can be told", "POST", site, limit(true, refused), []w.Step{yes}, 500, 0, false},
		{"preflight", "OPTIONS", site, limit(true, nil), []w.Step{yes}, 204, 1, true},
		{"preflight of nobody", "OPTIONS", site, limit(true, nil), nil, 204, 1, false},
		{"preflight beyond the limit", "OPTIONS", site, limit(false, nil), []w.Step{yes}, 429, 0, false},
		{"preflight without a limit", "OPTIONS", site, limit(true, refused), []w.Step{yes}, 500, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, realmtest.Config{Guests: []*w.Guest{trusting("a", tt.steps...)}}, httpapi.Config{CORS: true, Limiter: tt.limiter})
			path, body := "/get-session", ""
			if tt.method == "POST" {
				path, body = "/sign-out", `{"callbackURL":"`+site+`/x","errorCallbackURL":"`+site+`/y"}`
			}
			rec := s.do(tt.method, base+path, body, "Cookie", "a=b", "Origin", tt.origin)
			if got := s.Done.List(); rec.Code != tt.status || len(got) != tt.calls {
				t.Errorf("status %d, calls %v; want %d, %d calls", rec.Code, got, tt.status, tt.calls)
			}
			if got := rec.Header().Get("Access-Control-Allow-Origin"); (got != "") != tt.allow {
				t.Errorf("allowed origin %q", got)
			}
		})
	}
}

// limiter is what a function says.
type limiter func() (bool, error)

func (l limiter) Allow(context.Context, string, string, string) (bool, time.Duration, error) {
	ok, err := l()
	return ok, time.Second, err
}

// naming is a plugin whose clients name their origin in a header.
func naming(unless string) *w.Guest {
	g := w.New(&pluginapi.Manifest{
		ID: "app", OriginHeader: &pluginapi.OriginHeader{Name: "app-origin", Unless: unless},
		Handlers: []pluginapi.Handler{endpoint(1, "POST", "/from")},
	}).Permit("origins")
	return g.Handler(1, w.Copy("response.body.origin", "request.origin"))
}

// TestOriginHeader: a client that is no browser names its origin in a header,
// which counts where there is no Origin. Every check of origins is that of the
// origin named so.
func TestOriginHeader(t *testing.T) {
	const app, evil = "myapp://", "evil://"
	tests := []struct {
		name    string
		guest   *w.Guest
		headers []string
		status  int
		origin  string
	}{
		{"named", naming(""), []string{"App-Origin", app}, 200, app},
		{"not trusted", naming(""), []string{"App-Origin", evil}, 403, ""},
		{"a browser's own counts", naming(""), []string{"App-Origin", app, "Origin", "https://e.co"}, 403, ""},
		{"empty", naming(""), []string{"App-Origin", ""}, 403, ""},
		{"null", naming(""), []string{"App-Origin", "null"}, 403, ""},
		{"turned off", naming("off"), []string{"App-Origin", app}, 403, ""},
		{"not declared", plugin("app", endpoint(1, "POST", "/from")), []string{"App-Origin", app}, 403, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, realmtest.Config{
				Guests: []*w.Guest{tt.guest}, Settings: map[string]string{"app": `{"off":true}`},
			}, httpapi.Config{TrustedOrigins: []string{app}})
			rec := s.do("POST", base+"/from", `{}`, append(tt.headers, "Cookie", "a=b")...)
			if rec.Code != tt.status {
				t.Errorf("got %d %s, want %d", rec.Code, rec.Body, tt.status)
			}
			if tt.status == 200 {
				expect(t, rec, 200, `{"origin":"`+tt.origin+`"}`)
			}
		})
	}
}
