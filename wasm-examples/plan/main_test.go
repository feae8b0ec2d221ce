package main

import (
	_ "embed"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

// TestAddPlan: the claim is what the plugin trial says of the user, and without its
// word there is no token.
func TestAddPlan(t *testing.T) {
	for _, tt := range []struct {
		name, plan string
		active     bool
		err        error
		status     int
	}{
		{name: "in a trial", active: true, plan: "trial", status: 200},
		{name: "no trial", plan: "free", status: 200},
		{name: "no answer", err: &sdk.HostError{Status: sdk.Unavailable}, status: 500},
	} {
		h := plugintest.New(t, plugintest.Config{Manifest: manifest})
		user := h.AddUser("ada@example.com", "")
		h.SignIn(user)
		h.OnService("trial/status", func(input plugintest.Object) (plugintest.Object, error) {
			if input["userId"] != user {
				t.Errorf("asked for %v", input)
			}
			return plugintest.Object{"active": tt.active}, tt.err
		})
		claims := plugintest.Object{"sub": user}
		r := h.Fire(plugintest.Event{Name: "token.claims", Claims: claims})
		if plan, _ := claims["plan"].(string); r.Status != tt.status || plan != tt.plan {
			t.Errorf("%s: got %s with %v", tt.name, r, claims)
		}
	}
}

func TestDowngrade(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest})
	h.Fire(plugintest.Event{Name: "trial/trial.ended", Record: plugintest.Object{"userId": "u1"}, Delivery: &plugintest.Delivery{}})
	if log := h.Audit(); len(log) != 1 || log[0]["action"] != "downgraded" || log[0]["userId"] != "u1" {
		t.Errorf("recorded %v", log)
	}
}
