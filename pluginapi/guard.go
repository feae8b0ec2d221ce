package pluginapi

import "strings"

// Guard says which permissions seeing or setting a path of the document
// takes, besides the rules that hold for every plugin.
type Guard struct {
	Need PermissionSet // for the path itself
	// Within are names that take permissions wherever they stand below the
	// path: who lacks one sees the rest.
	Within map[string]PermissionSet
	// Own says that a request to an endpoint of the plugin's own takes them,
	// too. Otherwise such a request, and its answer, are free.
	Own bool
}

// part is what guards one part of the document.
type part struct {
	see, set PermissionSet
	within   map[string]PermissionSet // to see and to set
	headers  map[string]PermissionSet // by name in small letters; to see and to set
	own      bool
}

// Names of members of requests and answers that are as good as a sign-in.
var (
	requestSecrets = map[string]PermissionSet{
		"password": PermPasswords, "newPassword": PermPasswords, "currentPassword": PermPasswords,
		"token": PermTokens, "sessionToken": PermTokens, "accessToken": PermTokens, "refreshToken": PermTokens, "idToken": PermTokens,
		"code": PermTokens, "otp": PermTokens,
	}
	answerSecrets = map[string]PermissionSet{
		"password": PermPasswords,
		"token":    PermTokens, "sessionToken": PermTokens, "accessToken": PermTokens, "refreshToken": PermTokens, "idToken": PermTokens,
		"otp": PermTokens, "totpURI": PermTokens, "backupCodes": PermTokens,
	}
	sessionSecrets = map[string]PermissionSet{"token": PermTokens}
)

// verificationSecrets are the fields of verifications that are as good as what
// they verify: identifiers have tokens in them.
var verificationSecrets = map[string]PermissionSet{"identifier": PermTokens, "value": PermTokens}

// credentialHeaders prove who a client is, in the request of any endpoint: the
// plugin's own get them from the same client.
var credentialHeaders = map[string]PermissionSet{
	"authorization": PermAuthorization, "proxy-authorization": PermAuthorization, "x-api-key": PermAuthorization, "better-auth-cookie": PermAuthorization,
}

// parts are the guarded parts of the document, by their first two names.
var parts = map[string]map[string]part{
	"request": {
		"body":    {set: PermRequests, within: requestSecrets},
		"query":   {set: PermRequests, within: requestSecrets},
		"params":  {within: requestSecrets},
		"headers": {set: PermRequests, headers: credentialHeaders},
		"rawBody": {see: PermPasswords | PermTokens},
		"url":     {see: PermTokens},
	},
	"session": {"session": {within: sessionSecrets, own: true}},
	"response": {
		"status":       {set: PermResponses},
		"body":         {set: PermResponses, within: answerSecrets},
		"redirect":     {see: PermTokens, set: PermResponses},
		"headers":      {see: PermTokens, set: PermResponses},
		"sessionToken": {see: PermTokens, own: true},
	},
}

// refererHeader can have a token in it: browsers send the whole URL of a page
// of the same origin.
const refererHeader = "referer"

// Seeing says what it takes to see the field at a path. Cookies and records
// have rules of their own: see RecordSecrets.
func Seeing(path []string) Guard {
	p, ok := guarded(path)
	if !ok {
		return Guard{}
	}
	return p.guard(path, p.see)
}

// Setting says what it takes to set the field at a path, in a hook on an event
// or, with "", in an endpoint. An answer in place of an endpoint is a matter of
// the request.
func Setting(event string, path []string) Guard {
	p, ok := guarded(path)
	if !ok {
		return Guard{}
	}
	if p.set == PermResponses && event == EventRequestBefore {
		p.set = PermRequests
	}
	return p.guard(path, p.set)
}

// guarded finds the guard of a path; of the whole session it is that of the
// session's record.
func guarded(path []string) (part, bool) {
	below, ok := parts[path[0]]
	switch {
	case !ok:
		return part{}, false
	case len(path) == 1 && path[0] == "session":
		return below["session"], true
	case len(path) == 1:
		return part{}, false // there is nothing to see
	}
	p, ok := below[path[1]]
	return p, ok
}

func (p part) guard(path []string, need PermissionSet) Guard {
	g := Guard{Need: need, Own: p.own}
	if p.within != nil {
		for _, name := range path[min(2, len(path)):] {
			g.Need |= p.within[name]
		}
		g.Within = p.within
	}
	if p.headers != nil && len(path) == 3 {
		name := strings.ToLower(path[2])
		if credential := p.headers[name]; credential != 0 {
			g.Need, g.Own = g.Need|credential, true
		} else if name == refererHeader {
			g.Need |= PermTokens
		}
	}
	return g
}

// RecordSecrets returns the fields of a record that take permissions to be
// seen, in hooks on an event about it; nil for none.
func RecordSecrets(event string) map[string]PermissionSet {
	switch event {
	case EventSessionCreating, EventSessionUpdating, EventSessionDeleting, EventSessionCreated, EventSessionUpdated, EventSessionDeleted:
		return sessionSecrets
	case EventVerificationCreating:
		return verificationSecrets
	}
	return nil
}
