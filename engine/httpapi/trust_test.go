package httpapi_test

import (
	"net/http/httptest"
	"testing"

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
