package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/pluginapi"
)

func TestDeclaredLimits(t *testing.T) {
	endpoint := func(path string, limit *pluginapi.RateLimit) pluginapi.Handler {
		return pluginapi.Handler{Kind: pluginapi.KindEndpoint, Method: "POST", Path: path, RateLimit: limit}
	}
	few := &pluginapi.RateLimit{Window: 10, Max: 3}
	root := endpoint("/.well-known/x", few)
	root.Root = true
	set, err := dispatch.NewSet([]*dispatch.Plugin{{ID: "p", Manifest: &pluginapi.Manifest{Handlers: []pluginapi.Handler{
		endpoint("/codes/verify", few), endpoint("/open", nil), endpoint("/codes/:id/send", &pluginapi.RateLimit{Window: 60, Max: 1}), root,
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []ratelimit.Rule{
		{Path: "/codes/verify", Window: 10 * time.Second, Max: 3},
		{Path: "/codes/*/send", Window: time.Minute, Max: 1},
	}
	if got := declaredLimits(set); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
