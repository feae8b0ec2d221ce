package pluginapi

import (
	"slices"
	"strings"
)

// GuardedPart is a part of the document that is not every plugin's. The table
// of ABI.md is made of them.
type GuardedPart struct {
	Paths    []string // two names each, with all that is below
	See, Set PermissionSet
	Names    []GuardedNames // what is more guarded within it
	// Own says that a request to an endpoint of the plugin's own takes the
	// permissions, too. Otherwise such a request, and its answer, are free.
	Own bool
}

// GuardedNames are members of a part that take a permission to be seen and to be
// set, besides what the part takes.
type GuardedNames struct {
	Names  []string
	Need   PermissionSet
	Header bool // headers, without regard to case; else members at any depth
	Own    bool // as of the part
}

// Members of requests and answers that are as good as a sign-in.
var (
	passwordNames = []string{"password", "newPassword", "currentPassword"}
	tokenNames    = []string{"token", "sessionToken", "accessToken", "refreshToken", "idToken", "otp"}
)

var guardedParts = []GuardedPart{
	{
		Paths: []string{"request.body", "request.query"}, Set: PermRequests,
		Names: []GuardedNames{{Names: passwordNames, Need: PermPasswords}, {Names: slices.Concat(tokenNames, []string{"code"}), Need: PermTokens}},
	},
	{Paths: []string{"request.params"}, Names: []GuardedNames{{Names: []string{"token"}, Need: PermTokens}}},
	{Paths: []string{"request.rawBody"}, See: PermPasswords | PermTokens},
	{Paths: []string{"request.url"}, See: PermTokens},
	{
		Paths: []string{"request.headers"}, Set: PermRequests,
		Names: []GuardedNames{
			{Names: []string{"authorization", "proxy-authorization", "x-api-key", "better-auth-cookie"}, Need: PermAuthorization, Header: true, Own: true},
			{Names: []string{"referer"}, Need: PermTokens, Header: true}, // browsers send the URL of the page, tokens included
		},
	},
	{Paths: []string{"session.session"}, Names: []GuardedNames{{Names: []string{"token"}, Need: PermTokens}}, Own: true},
	{Paths: []string{"response.status"}, Set: PermResponses},
	{
		Paths: []string{"response.body"}, Set: PermResponses,
		Names: []GuardedNames{{Names: passwordNames, Need: PermPasswords}, {Names: slices.Concat(tokenNames, []string{"totpURI", "backupCodes"}), Need: PermTokens}},
	},
	{Paths: []string{"response.redirect", "response.headers"}, See: PermTokens, Set: PermResponses},
	{Paths: []string{"response.sessionToken"}, See: PermTokens, Own: true},
}

// GuardedParts lists what of the document takes permissions, besides cookies of
// others and records.
func GuardedParts() []GuardedPart { return slices.Clone(guardedParts) }

// Guard says which permissions seeing or setting a path of the document
// takes, besides the rules that hold for every plugin.
type Guard struct {
	Need PermissionSet // for the path itself
	// Within are names that take permissions wherever they stand below the
	// path: who lacks one sees the rest.
	Within map[string]PermissionSet
	// Own says that a request to an endpoint of the plugin's own takes them,
	// too.
	Own bool
}

// part is a GuardedPart as it is looked up.
type part struct {
	*GuardedPart
	within  map[string]PermissionSet // members at any depth
	headers map[string]GuardedNames  // by name in small letters
}

// parts are the guarded parts, by guardedRoot and the second name of their paths.
var parts = indexParts()

// guardedRoot numbers the roots that have guarded parts; -1 is any other. A
// switch is faster than a map, and most accesses are to other roots.
func guardedRoot(name string) int {
	switch name {
	case "request":
		return 0
	case "response":
		return 1
	case "session":
		return 2
	}
	return -1
}

func indexParts() (out [3]map[string]part) {
	for i := range guardedParts {
		p := part{GuardedPart: &guardedParts[i]}
		for _, names := range p.Names {
			for _, name := range names.Names {
				if names.Header {
					p.headers = with(p.headers, name, names)
				} else {
					p.within = with(p.within, name, names.Need)
				}
			}
		}
		for _, path := range p.Paths {
			name, below, _ := strings.Cut(path, ".")
			root := guardedRoot(name)
			out[root] = with(out[root], below, p)
		}
	}
	return out
}

// with adds to a map, which may be nil.
func with[V any](m map[string]V, name string, v V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[name] = v
	return m
}

// Seeing says what it takes to see the field at a path. Cookies and records
// have rules of their own: see RecordSecrets.
func Seeing(path []string) Guard {
	p, ok := guarded(path)
	if !ok {
		return Guard{}
	}
	return p.guard(path, p.See)
}

// Setting says what it takes to set the field at a path, in a hook on an event
// or, with "", in an endpoint. An answer in place of an endpoint is a matter of
// the request.
func Setting(event string, path []string) Guard {
	p, ok := guarded(path)
	if !ok {
		return Guard{}
	}
	need := p.Set
	if need == PermResponses && event == EventRequestBefore {
		need = PermRequests
	}
	return p.guard(path, need)
}

// guarded finds the part that a path is in; of the whole session it is that of
// the session's record.
func guarded(path []string) (part, bool) {
	root := guardedRoot(path[0])
	if root < 0 {
		return part{}, false
	}
	name := path[0]
	if len(path) > 1 {
		name = path[1]
	}
	p, ok := parts[root][name]
	return p, ok
}

func (p part) guard(path []string, need PermissionSet) Guard {
	g := Guard{Need: need, Within: p.within, Own: p.Own}
	for _, name := range path[min(2, len(path)):] {
		g.Need |= p.within[name]
	}
	if p.headers != nil && len(path) == 3 {
		h := p.headers[strings.ToLower(path[2])]
		g.Need, g.Own = g.Need|h.Need, g.Own || h.Own
	}
	return g
}

// Fields of records that are as good as what they stand for: identifiers of
// verifications have tokens in them.
var (
	sessionSecrets      = map[string]PermissionSet{"token": PermTokens}
	verificationSecrets = map[string]PermissionSet{"identifier": PermTokens, "value": PermTokens}
)

// RecordSecrets returns the fields of a record that take permissions to be
// seen, in hooks on an event about it; nil for none.
func RecordSecrets(event string) map[string]PermissionSet {
	model, _, _ := strings.Cut(event, ".")
	switch model {
	case "session":
		return sessionSecrets
	case "verification":
		return verificationSecrets
	}
	return nil
}
