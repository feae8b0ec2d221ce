package dispatch

import (
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// own reports whether the request is for an endpoint of the plugin's own: it
// sees and changes all of it, and its answer.
func (c *Call) own() bool { return c.Exchange.Request.Owner == c.Entry.Plugin }

// sees reports whether the plugin may see the field at a path, and returns the
// names that are to be left out within it.
func (c *Call) sees(path []string) (within map[string]pluginapi.PermissionSet, ok bool) {
	if c.Entry.Plugin.May == pluginapi.AllPermissions {
		return nil, true
	}
	g := pluginapi.Seeing(path)
	if !g.Own && c.own() {
		return nil, true
	}
	if c.misses(g.Need, path) {
		return nil, false
	}
	return g.Within, true
}

// bodySecrets is what it takes to see all of the request's body.
const bodySecrets = pluginapi.PermPasswords | pluginapi.PermTokens

// session returns the session that the answer is about as the plugin sees it:
// without its token, unless it has the permission.
func (c *Call) session() (*encoded, error) {
	v, err := c.Exchange.sessionView(c.ctx)
	if err != nil || v.value.IsAbsent() || c.Entry.Plugin.May.Has(pluginapi.PermTokens) {
		return v, err
	}
	less := &c.Exchange.view.tokenless
	if less.value.IsAbsent() {
		whole := v.value.Object()
		session := document.NewObject(whole.Get("session").Object().Len())
		for name, field := range whole.Get("session").Object().All() {
			if name != "token" {
				session.Set(name, field)
			}
		}
		o := document.NewObject(whole.Len()).Set("session", document.Obj(session))
		for name, part := range whole.All() {
			if !o.Has(name) {
				o.Set(name, part)
			}
		}
		less.value = document.Obj(o)
	}
	return less, nil
}

// changes reports whether the plugin may set a field of the request or of the
// answer to a value.
func (c *Call) changes(path []string, v document.Value) bool {
	if c.Entry.Plugin.May == pluginapi.AllPermissions {
		return true
	}
	g := pluginapi.Setting(c.event, path)
	if !g.Own && c.own() {
		return true
	}
	return !c.misses(g.Need|needed(v, g.Within), path)
}

// answers returns what it takes to answer in place of an endpoint, or to put a
// step before a session.
func (c *Call) answers() pluginapi.PermissionSet {
	switch c.event {
	case pluginapi.EventRequestBefore:
		return pluginapi.PermRequests
	case pluginapi.EventSessionCreating:
		return pluginapi.PermResponses
	}
	return 0
}

// lacks reports whether the plugin misses a permission for what is not its own.
func (c *Call) lacks(need pluginapi.PermissionSet, what string) bool {
	return !c.own() && c.misses(need, []string{what})
}

// misses reports whether the plugin has not all permissions that something
// takes.
func (c *Call) misses(need pluginapi.PermissionSet, path []string) bool {
	return c.refuses(need&^c.Entry.Plugin.May, path)
}

// Lacks reports whether the plugin has not a permission that something else
// than a part of the document takes. The log is told once.
func (c *Call) Lacks(need pluginapi.PermissionSet, what string) bool {
	return c.misses(need, []string{what})
}

// refuses reports whether anything is missing, and tells the log once of each.
func (c *Call) refuses(missing pluginapi.PermissionSet, path []string) bool {
	if missing == 0 {
		return false
	}
	p := c.Entry.Plugin
	if known := pluginapi.PermissionSet(p.told.Or(uint32(missing))); missing&^known != 0 {
		remedy := `ask for it in the manifest's permissions`
		if !p.Manifest.KnowsPermissions() {
			remedy = "add it to the plugin's grants if you trust the plugin with it"
		}
		c.Exchange.logger.WarnContext(c.ctx, "a plugin was refused what it has no permission for",
			"tenant", c.Exchange.Realm.ID, "plugin", p.ID, "handler", c.Entry.Handler.Number, "what", strings.Join(path, "."),
			"permission", (missing &^ known).String(), "remedy", remedy)
	}
	return true
}

// without returns a value without the members that the plugin may not see,
// wherever they are in it. The value itself stays as it is.
func (c *Call) without(v document.Value, names map[string]pluginapi.PermissionSet) document.Value {
	if names == nil || needed(v, names)&^c.Entry.Plugin.May == 0 {
		return v
	}
	v = v.Clone()
	prune(v, func(name string) bool { return names[name]&^c.Entry.Plugin.May != 0 })
	return v
}

// needed returns what it takes to see all of a value, some of whose members
// take permissions.
func needed(v document.Value, names map[string]pluginapi.PermissionSet) (need pluginapi.PermissionSet) {
	if names == nil {
		return 0
	}
	for _, item := range v.Items() {
		need |= needed(item, names)
	}
	for name, member := range v.Object().All() {
		need |= names[name] | needed(member, names)
	}
	return need
}

// prune deletes members of a value, and of what is in it.
func prune(v document.Value, unseen func(name string) bool) {
	for _, item := range v.Items() {
		prune(item, unseen)
	}
	var gone []string
	for name, member := range v.Object().All() {
		if unseen(name) {
			gone = append(gone, name)
			continue
		}
		prune(member, unseen)
	}
	for _, name := range gone {
		v.Object().Delete(name)
	}
}

// readRecord gives a field of a record without what the plugin may not see.
func (c *Call) readRecord(record *document.Object, path []string) document.Value {
	if record == nil {
		return document.Value{}
	}
	secrets := pluginapi.RecordSecrets(c.event)
	if c.event == pluginapi.EventVerificationCreating && c.cause == c.Entry.Plugin.ID {
		secrets = nil // it is the plugin's own
	}
	model, _, _ := strings.Cut(c.event, ".")
	fields := &c.Entry.Plugin.Fields
	if len(path) > 0 {
		missing := secrets[path[0]] &^ c.Entry.Plugin.May
		if !fields.Sees(model, path[0]) {
			missing |= pluginapi.PermFields
		}
		if c.refuses(missing, append([]string{"record"}, path...)) {
			return document.Value{}
		}
		return walk(document.Obj(record), path)
	}
	if secrets == nil && fields.SeesAll(model) {
		return document.Obj(record)
	}
	seen := document.NewObject(record.Len())
	for name, v := range record.All() {
		if secrets[name]&^c.Entry.Plugin.May == 0 && fields.Sees(model, name) {
			seen.Set(name, v)
		}
	}
	return document.Obj(seen)
}

// setsField reports whether the plugin may set a field of the record that an
// event before the fact is about. Other records that can be set have no fields
// of others.
func (c *Call) setsField(path []string) bool {
	model, what, _ := strings.Cut(c.event, ".")
	if what != "creating" && what != "updating" || c.Entry.Plugin.Fields.Sets(model, path[0]) {
		return true
	}
	c.refuses(pluginapi.PermFields, append([]string{"record"}, path...))
	return false
}

// routeHasSecret reports whether the path of the request has a token in it.
func (c *Call) routeHasSecret() bool {
	for name := range c.Exchange.Request.Params {
		if pluginapi.Seeing([]string{"request", "params", name}).Need != 0 {
			return true
		}
	}
	return false
}

// seesCookie reports whether the plugin may see a cookie: its own, or any with
// the capability "cookies".
func (c *Call) seesCookie(name string) bool {
	if c.Entry.Plugin.May.Has(pluginapi.PermCookies) {
		return true
	}
	if _, own := c.Entry.Plugin.Cookie(name); own {
		return true
	}
	return !c.misses(pluginapi.PermCookies, []string{"request", "cookies", name})
}
