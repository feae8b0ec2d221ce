//go:build !wasip1

package kit_test

import (
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/kit"
	"github.com/authhost/authhost/sdk/plugintest"
)

func init() {
	sdk.Register(2, func(c *sdk.Call) error { return c.Reply(sdk.F("prefetch", sdk.Bool(kit.IsPrefetch(c)))) })
}

func TestIsPrefetch(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"sec-purpose", "prefetch", true},
		{"sec-purpose", "prefetch;prerender", true},
		{"purpose", "Prefetch", true},
		{"x-purpose", "preview", true},
		{"x-moz", "prefetch", true},
		{"purpose", "", false},
		{"sec-purpose", "none", false},
		{"sec-fetch-mode", "prefetch", false},
	} {
		h := plugintest.New(t, plugintest.Config{Manifest: handing})
		r := h.Do(plugintest.Request{Path: "/prefetch", Headers: map[string]string{c.name: c.value}})
		if r.Get("prefetch") != c.want {
			t.Errorf("%s: %s: %s, want %v", c.name, c.value, r, c.want)
		}
	}
}
