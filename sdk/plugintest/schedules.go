package plugintest

import (
	"slices"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// RunSchedule runs a schedule of the plugin that is due now. When it is due is
// not looked at. A schedule that refuses or fails gives an error.
func (h *Host) RunSchedule(name string) error {
	h.t.Helper()
	i := slices.IndexFunc(h.manifest.Handlers, func(x pluginapi.Handler) bool { return x.Kind == pluginapi.KindSchedule && x.Schedule == name })
	if i < 0 {
		h.t.Fatalf("plugintest: the manifest has no schedule %q", name)
	}
	h.begin(Request{Path: "/"}, "/", Object{})
	h.exchange.session = ""
	c := h.newCall(Event{})
	c.schedule = true
	object(c.root["event"])["time"] = iso(h.now)
	h.last = c
	_, refused := h.runUnit(&h.manifest.Handlers[i], c)
	h.observe()
	if refused == nil {
		return nil
	}
	return &sdk.Error{Status: refused.status, Code: refused.code, Message: refused.message}
}
