package plugintest

import (
	"maps"
	"slices"
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

// misses reports whether the plugin lacks a permission for something that it
// asks for by name, and tells the test's log.
func (h *Host) misses(need pluginapi.PermissionSet, what string) bool {
	missing := need &^ h.may
	if missing != 0 {
		h.t.Logf("plugintest: %s takes the permission %q; ask for it in the manifest's permissions", what, missing)
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
	if names[0] == "record" && len(names) > 1 && !h.setsField(names[1]) {
		h.t.Logf("plugintest: setting record.%s needs it in \"write\" of the permission \"fields\"", names[1])
		return false
	}
	g := pluginapi.Setting(h.call.event, names)
	if !g.Own && h.own() {
		return true
	}
	need := g.Need
	members(v, func(_ Object, name string) { need |= g.Within[name] })
	return !h.misses(need, strings.Join(names, "."))
}

// setsField reports whether the plugin may set a field of a record that is about
// to be written: one that clients can set, one of its own, or one that its
// permission names.
func (h *Host) setsField(name string) bool {
	model, what, _ := strings.Cut(h.call.event, ".")
	_, own := h.manifest.Fields[model][name]
	if what != "creating" && what != "updating" || own || model == "user" && (name == "name" || name == "image") {
		return true
	}
	if !h.manifest.KnowsPermissions() {
		return slices.Contains(pluginapi.ExtensibleModels(), model)
	}
	asked, _ := h.manifest.Permission(pluginapi.PermFields.String())
	return slices.ContainsFunc(asked.Write, func(entry string) bool {
		if path, configured := strings.CutPrefix(entry, pluginapi.ConfigFields); configured {
			return slices.Contains(textsAt(h.config, strings.Split(path, ".")), name)
		}
		return entry == model+".*" || entry == model+"."+name
	})
}

// textsAt lists the texts at a path of the configuration, in which "*" stands
// for every member.
func textsAt(v any, path []string) []string {
	members, isList := v.([]any)
	switch {
	case len(path) == 0 && !isList:
		return []string{text(v)}
	case len(path) == 0:
	case path[0] == "*":
		members, path = slices.AppendSeq(slices.Clone(members), maps.Values(object(v))), path[1:]
	default:
		members, path = []any{object(v)[path[0]]}, path[1:]
	}
	var out []string
	for _, m := range members {
		out = append(out, textsAt(m, path)...)
	}
	return out
}

// checkSubject refuses a token that is not about the user of the session, unless
// the plugin may sign about anybody. A setting with x-userField names the field
// that tells users apart.
func (h *Host) checkSubject(sub any) {
	user := object(h.sessionView()["user"])
	schema, _ := parse[any](h.manifest.Config)
	for _, field := range append(userFields(h.config, schema), "id") {
		if text(sub) != "" && sub == user[field] {
			return
		}
	}
	if h.misses(pluginapi.PermSubjects, "the subject of a token") {
		refuse(sdk.Denied, "the token is not about the user of the session, which takes the permission subjects")
	}
}

// userFields lists the fields of users that settings name.
func userFields(v, schema any) []string {
	var out []string
	if object(schema)["x-userField"] == "protected" {
		out = append(out, text(v))
	}
	for name, s := range object(object(schema)["properties"]) {
		out = append(out, userFields(object(v)[name], s)...)
	}
	return out
}

// without returns a value without the members that the plugin may not see. What
// was read as a part of a whole is left out without a word, as in the engine.
func (h *Host) without(v any, guarded map[string]pluginapi.PermissionSet) any {
	if guarded == nil || v == nil {
		return v
	}
	v = clone(v)
	members(v, func(parent Object, name string) {
		if guarded[name]&^h.may != 0 {
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
