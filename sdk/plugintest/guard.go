package plugintest

import (
	"strings"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// permissions are those that a manifest asks for. The manifest of an ABI that
// has none is granted all of them.
func permissions(m *pluginapi.Manifest) pluginapi.PermissionSet {
	if !m.KnowsPermissions() {
		return pluginapi.AllPermissions
	}
	var set pluginapi.PermissionSet
	for _, p := range m.Permissions {
		info, _ := pluginapi.PermissionNamed(p.Name)
		set |= info.Set
	}
	if _, asked := m.Capability(pluginapi.CapCookies); asked {
		set |= pluginapi.PermCookies
	}
	return set
}

// own reports whether the request is for an endpoint of the plugin: it sees and
// changes all of it, and its answer.
func (h *Host) own() bool {
	endpoint, _ := h.endpoint(text(h.exchange.request["method"]), text(h.exchange.request["path"]))
	return endpoint != nil
}

// misses reports whether the plugin lacks a permission for something, and tells
// the test's log.
func (h *Host) misses(need pluginapi.PermissionSet, what string) bool {
	missing := need &^ h.may
	if missing != 0 {
		h.t.Logf("plugintest: %s needs the permission %q", what, missing)
	}
	return missing != 0
}

// read returns the value at a path of a call's document, if the plugin may see
// it.
func (h *Host) read(c *call, path string) (any, bool) {
	names, err := pluginapi.ParsePath(path)
	if err != nil || !h.sees(c, names) {
		return nil, false
	}
	v, ok := h.lookUp(c, names)
	if g := pluginapi.Seeing(names); g.Own || !h.own() {
		v = h.without(v, g.Within)
	}
	if names[0] == "record" || names[0] == "previous" {
		v = h.without(v, h.recordSecrets(c, names))
	}
	return v, ok
}

// recordSecrets are the fields of the record that a path names, which take
// permissions.
func (h *Host) recordSecrets(c *call, names []string) map[string]pluginapi.PermissionSet {
	ofOwn := c.event == pluginapi.EventVerificationCreating && object(c.root["event"])["plugin"] == h.manifest.ID
	if len(names) > 1 || ofOwn {
		return nil
	}
	return pluginapi.RecordSecrets(c.event)
}

// sees reports whether the plugin may see something at a path.
func (h *Host) sees(c *call, names []string) bool {
	path, need := strings.Join(names, "."), pluginapi.PermissionSet(0)
	switch {
	case len(names) > 1 && (names[0] == "record" || names[0] == "previous"):
		need = h.recordSecrets(c, names[:1])[names[1]]
	case path == "request.path" && !h.own():
		for name := range object(h.exchange.request["params"]) {
			need |= pluginapi.Seeing([]string{"request", "params", name}).Need
		}
	case len(names) > 2 && names[1] == "cookies" && h.declared(names[2]) == nil:
		need = pluginapi.PermCookies
	default:
		if g := pluginapi.Seeing(names); g.Own || !h.own() {
			need = g.Need
		}
	}
	return !h.misses(need, path)
}

// changes reports whether the plugin may set a part of the request or the answer
// to a value.
func (h *Host) changes(names []string, v any) bool {
	g := pluginapi.Setting(h.call.event, names)
	if !g.Own && h.own() {
		return true
	}
	need := g.Need
	members(v, func(_ Object, name string) { need |= g.Within[name] })
	return !h.misses(need, strings.Join(names, "."))
}

// without returns a value without the members that the plugin may not see.
func (h *Host) without(v any, guarded map[string]pluginapi.PermissionSet) any {
	if guarded == nil || v == nil {
		return v
	}
	v = clone(v)
	members(v, func(parent Object, name string) {
		if h.misses(guarded[name], name) {
			delete(parent, name)
		}
	})
	return v
}

// members calls f for each member of an object, and of what is in it.
func members(v any, f func(parent Object, name string)) {
	list, _ := v.([]any)
	for _, item := range list {
		members(item, f)
	}
	for name, member := range object(v) {
		f(object(v), name)
		members(member, f)
	}
}

// mayAnswer refuses a hook that answers in place of an endpoint of others.
func (h *Host) mayAnswer(event string, result sdk.Result) *refusal {
	need := map[string]pluginapi.PermissionSet{
		pluginapi.EventRequestBefore: pluginapi.PermRequests, pluginapi.EventSessionCreating: pluginapi.PermResponses,
	}[event]
	if result == sdk.ResultRespond && !h.own() && h.misses(need, "an answer in place of another endpoint's") {
		return &refusal{sdk: sdk.Internal, message: "the plugin answers for another endpoint"}
	}
	return nil
}

// ownCookies leaves those of the request's cookies that the manifest declares.
func (h *Host) ownCookies(cookies Object) Object {
	out := Object{}
	for name, v := range cookies {
		if h.declared(name) != nil {
			out[name] = v
		}
	}
	return out
}
