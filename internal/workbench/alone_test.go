package workbench

import (
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// TestNotAlone: a handler that is no hook is not called by its name.
func TestNotAlone(t *testing.T) {
	b := &Bench{manifest: &pluginapi.Manifest{Handlers: []pluginapi.Handler{
		{Number: 0, Name: "show", Kind: pluginapi.KindEndpoint, Method: "GET", Path: "/visits"},
		{Number: 1, Name: "sweep", Kind: pluginapi.KindSchedule, Schedule: "sweep"},
		{Number: 2, Name: "may", Kind: pluginapi.KindService, Service: "may"},
	}}}
	for name, want := range map[string]string{
		"show":  `handler show is an endpoint; call it as "GET /visits"`,
		"sweep": "handler sweep is a schedule, which is not called from here; in Go, a test runs it with RunSchedule of sdk/plugintest",
		"2":     "handler 2 is a service, which is not called from here; in Go, a test calls it with CallService of sdk/plugintest",
	} {
		if _, err := b.hook(name); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
