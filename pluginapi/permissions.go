package pluginapi

import (
	"slices"
	"strings"
)

// Permission asks for a part of the document that not every plugin sees or
// changes. It is granted by name, as a capability is.
type Permission struct {
	Name string `json:"name"`
	// Read and Write narrow "fields": each entry is MODEL.FIELD, MODEL.* for
	// all fields of a model, or ConfigFields and a path of the configuration
	// where names of fields are, of whatever model.
	Read   []string `json:"read,omitempty"`
	Write  []string `json:"write,omitempty"`
	Reason string   `json:"reason,omitempty"` // shown to the operator
}

// ConfigFields begins an entry of the permission "fields" that is taken from
// the configuration: the names at that path, of which a segment "*" stands for
// every member.
const ConfigFields = "config:"

// A PermissionSet is a set of permissions. A host keeps one for each plugin, so
// that a check at an access is one operation.
type PermissionSet uint16

// The permissions. Permissions has what each of them gives away.
const (
	PermPasswords PermissionSet = 1 << iota
	PermAuthorization
	PermTokens
	PermMails
	PermClaims
	PermOrigins
	PermRequests
	PermResponses
	PermFields
	PermSubjects
	PermRedirects
	PermImpersonation
	PermAuthentication
	// PermCookies stands for the capability "cookies", with which a plugin sees
	// the cookies of others.
	PermCookies
)

// PermissionInfo says what a permission gives away, in words for operators
// that go on after "it sees" and "it changes".
type PermissionInfo struct {
	Set     PermissionSet // the permission itself
	Name    string
	Sees    string   // "" for nothing
	Changes string   // likewise
	Events  []string // whose hooks cannot work without it
}

var permissions = []PermissionInfo{
	{
		Set: PermPasswords, Name: "passwords", Events: []string{EventPasswordPolicy},
		Sees: "passwords that are sent to other endpoints, and new ones before they are taken",
	},
	{
		Set: PermAuthorization, Name: "authorization",
		Sees: "headers that prove who a client is: Authorization, API keys, cookies that travel in headers",
	},
	{
		Set: PermTokens, Name: "tokens",
		Sees: "session tokens, and the one-time tokens and codes of other endpoints",
	},
	{
		Set: PermMails, Name: "mails", Events: []string{EventMailSending},
		Sees: "every mail, with its links and codes", Changes: "to whom mails go and what they say",
	},
	{
		Set: PermClaims, Name: "claims", Events: []string{EventTokenClaims},
		Sees: "what tokens of other plugins say", Changes: "what tokens of other plugins say",
	},
	{
		Set: PermOrigins, Name: "origins", Events: []string{EventOriginTrusted},
		Changes: "which sites are trusted",
	},
	{
		Set: PermRequests, Name: "requests",
		Changes: "requests to other endpoints, and what answers them",
	},
	{
		Set: PermResponses, Name: "responses",
		Changes: "answers of other endpoints, a step before the session included",
	},
	{
		Set: PermFields, Name: "fields",
		Sees: "fields of records that clients do not see", Changes: "fields of records that clients cannot set",
	},
	{
		Set: PermSubjects, Name: "subjects",
		Changes: "whom its tokens are about: anybody, not only the user of the session",
	},
	{
		Set: PermRedirects, Name: "redirects",
		Changes: "where browsers are sent: to any site, not only to those that the tenant trusts",
	},
	{
		Set: PermImpersonation, Name: "impersonation",
		Changes: "who acts as whom: lets the user of a session act as any other user, which is recorded",
	},
	{
		Set: PermAuthentication, Name: "authentication",
		Changes: "whom a request is taken to come from: any user, by a proof that it checks itself",
	},
}

// Permissions lists every permission of this ABI version.
func Permissions() []PermissionInfo { return slices.Clone(permissions) }

// PermissionNames lists the names of all permissions.
func PermissionNames() []string { return (AllPermissions &^ PermCookies).Names() }

// GrantNames lists what operators grant by name to any plugin: capabilities and
// permissions. Services and events of other plugins are granted by their full
// names.
func GrantNames() []string { return slices.Concat(CapabilityNames(), PermissionNames()) }

// AllPermissions has every permission, PermCookies included.
const AllPermissions = PermCookies<<1 - 1

// Has reports whether the set has all of other.
func (s PermissionSet) Has(other PermissionSet) bool { return s&other == other }

// Names lists what operators grant by name for the set, in the order of
// Permissions; PermCookies is the last.
func (s PermissionSet) Names() []string {
	var out []string
	for _, p := range permissions {
		if s.Has(p.Set) {
			out = append(out, p.Name)
		}
	}
	if s.Has(PermCookies) {
		out = append(out, CapCookies)
	}
	return out
}

// String names the permissions of the set.
func (s PermissionSet) String() string { return strings.Join(s.Names(), ", ") }

// PermissionNamed returns a permission by its name.
func PermissionNamed(name string) (PermissionInfo, bool) {
	i := slices.IndexFunc(permissions, func(p PermissionInfo) bool { return p.Name == name })
	if i < 0 {
		return PermissionInfo{}, false
	}
	return permissions[i], true
}

// EventPermission returns the permission without which a hook on an event
// cannot work, and whether there is one.
func EventPermission(event string) (PermissionInfo, bool) {
	i := slices.IndexFunc(permissions, func(p PermissionInfo) bool { return slices.Contains(p.Events, event) })
	if i < 0 {
		return PermissionInfo{}, false
	}
	return permissions[i], true
}

// Words say what the permission gives away, in one line.
func (p PermissionInfo) Words() string {
	switch {
	case p.Changes == "":
		return "sees " + p.Sees
	case p.Sees == "":
		return "changes " + p.Changes
	case p.Sees == p.Changes:
		return "sees and changes " + p.Sees
	}
	return "sees " + p.Sees + "; changes " + p.Changes
}

// KnowsPermissions reports whether the module was made for an ABI version that
// has permissions (1.1 and later). Of an earlier one, the operator's grants say
// what it may see and change.
func (m *Manifest) KnowsPermissions() bool {
	major, minor, err := parseABI(m.ABI)
	return err == nil && (major > 1 || major == 1 && minor >= 1)
}

// Permission returns what the manifest asks for under a permission's name, and
// whether it asks for it at all.
func (m *Manifest) Permission(name string) (Permission, bool) {
	i := slices.IndexFunc(m.Permissions, func(p Permission) bool { return p.Name == name })
	if i < 0 {
		return Permission{}, false
	}
	return m.Permissions[i], true
}

// Scope describes a request for a permission in words, for whoever grants it.
func (p Permission) Scope() string {
	var parts []string
	if info, ok := PermissionNamed(p.Name); ok && info.Set != PermFields {
		parts = append(parts, info.Words())
	}
	for _, list := range []struct {
		label string
		names []string
	}{{"sees", p.Read}, {"changes", p.Write}} {
		if len(list.names) > 0 {
			parts = append(parts, list.label+" "+strings.Join(list.names, ", "))
		}
	}
	if p.Reason != "" {
		parts = append(parts, p.Reason)
	}
	return strings.Join(parts, "; ")
}
