package grants

import (
	"fmt"
	"slices"

	"github.com/authhost/authhost/pluginapi"
)

// Asked lists the names of all that a plugin has to be granted: what its
// manifest asks for, services and events of other plugins included, or, of an
// ABI version without permissions, what its hooks cannot work without.
func Asked(m *pluginapi.Manifest) []string {
	names := []string{}
	for _, c := range m.Capabilities {
		names = append(names, c.Name)
	}
	for _, p := range m.Permissions {
		names = append(names, p.Name)
	}
	for _, h := range m.Handlers {
		if need, some := pluginapi.EventPermission(h.Event); some && !slices.Contains(names, need.Name) {
			names = append(names, need.Name)
		}
	}
	return append(names, m.Uses()...)
}

// Everything lists the names of all that a plugin can be granted to its
// advantage, for who wants to see it work.
func Everything(m *pluginapi.Manifest) []string {
	if m.KnowsPermissions() {
		return Asked(m)
	}
	names := slices.Concat(Asked(m), pluginapi.AllPermissions.Names())
	slices.Sort(names)
	return slices.Compact(names)
}

// A Lack is something that a plugin cannot be without and that is not granted.
type Lack struct {
	Name    string // of the grant that is missing
	Message string // what asks for it
}

// Missing returns the first thing that a plugin cannot be without and that is
// not among the granted names, nil if there is none.
func Missing(m *pluginapi.Manifest, granted []string) *Lack {
	for _, c := range m.Capabilities {
		if !slices.Contains(granted, c.Name) {
			return &Lack{c.Name, fmt.Sprintf("asks for the capability %q, which is not granted%s", c.Name, inBrackets(c.Scope()))}
		}
	}
	for _, p := range m.Permissions {
		if !slices.Contains(granted, p.Name) {
			return &Lack{p.Name, fmt.Sprintf("asks for the permission %q, which is not granted%s", p.Name, inBrackets(p.Scope()))}
		}
	}
	for _, name := range m.Uses() {
		if !slices.Contains(granted, name) {
			return &Lack{name, fmt.Sprintf("uses %q of another plugin, which is not granted", name)}
		}
	}
	if m.KnowsPermissions() {
		return nil
	}
	for _, h := range m.Handlers {
		if need, some := pluginapi.EventPermission(h.Event); some && !slices.Contains(granted, need.Name) {
			return &Lack{need.Name, fmt.Sprintf("was made for ABI %s, and has a hook on %q, which takes the permission %q since ABI 1.1 (%s)", m.ABI, h.Event, need.Name, need.Words())}
		}
	}
	return nil
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// Permissions returns what a plugin sees and changes of the document: what its
// manifest asks for and is granted. A manifest of an ABI version without
// permissions cannot ask, so that the operator's word is enough.
func Permissions(m *pluginapi.Manifest, granted []string) pluginapi.PermissionSet {
	var may pluginapi.PermissionSet
	for _, name := range granted {
		need, isPermission := pluginapi.PermissionNamed(name)
		_, asked := m.Permission(name)
		_, uses := m.Capability(name)
		switch {
		case name == pluginapi.CapCookies && (uses || !m.KnowsPermissions()):
			may |= pluginapi.PermCookies
		case isPermission && (asked || !m.KnowsPermissions()):
			may |= need.Set
		}
	}
	return may
}

// Withheld returns the permissions that a plugin of an ABI version without them
// may miss: those that something which its handlers do takes by now.
func Withheld(m *pluginapi.Manifest, may pluginapi.PermissionSet) pluginapi.PermissionSet {
	if m.KnowsPermissions() {
		return 0 // its manifest says what it needs
	}
	var touched pluginapi.PermissionSet
	for _, h := range m.Handlers {
		touched |= touches(&h)
	}
	if _, signs := m.Capability(pluginapi.CapKeys); signs {
		touched |= pluginapi.PermSubjects
	}
	return touched &^ may
}

// everywhere is what any handler that has a request can see.
const everywhere = pluginapi.PermAuthorization | pluginapi.PermTokens | pluginapi.PermCookies

// touches returns the permissions that guard what a handler could see or change.
func touches(h *pluginapi.Handler) pluginapi.PermissionSet {
	switch h.Event {
	case pluginapi.EventRequestBefore:
		return everywhere | pluginapi.PermPasswords | pluginapi.PermRequests
	case pluginapi.EventRequestAfter, pluginapi.EventRequestRefused, pluginapi.EventResponseSession:
		return everywhere | pluginapi.PermResponses
	case pluginapi.EventSessionCreating:
		return everywhere | pluginapi.PermPasswords | pluginapi.PermResponses | pluginapi.PermFields
	case pluginapi.EventUserCreating, pluginapi.EventUserUpdating, pluginapi.EventAccountCreating, pluginapi.EventAccountUpdating,
		pluginapi.EventSessionUpdating, pluginapi.EventVerificationCreating:
		return everywhere | pluginapi.PermPasswords | pluginapi.PermFields
	}
	if h.Durable() {
		return pluginapi.PermFields // there is no request
	}
	return everywhere
}
