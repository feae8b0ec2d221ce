package dispatch

import (
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
)

// Serve makes the request a server call: it carries the service key with that
// id, and acts in a session of a user if sessionID is not "". No cookie and no
// token of the request counts any more.
func (ex *Exchange) Serve(keyID, sessionID, userID string) {
	ex.serviceKey = keyID
	ex.credential, ex.resolved = session.Credential{SessionID: sessionID, UserID: userID}, false
}

// UseSession makes the session with an id the request's, if it is the user's,
// and so the request a server call: whoever sent it has proved less than the
// session itself, and gets nothing that would be as good.
func (ex *Exchange) UseSession(id, userID string) {
	if ex.proved() {
		return
	}
	ex.credential, ex.resolved = session.Credential{SessionID: id, UserID: userID}, false
}

// Assume makes a session that is not stored the request's, on the word of a
// plugin, and so the request a server call. It reports false, and does nothing, if
// the request has a service key or such a session already.
func (ex *Exchange) Assume(rec *store.Record, plugin string) bool {
	if ex.proved() {
		return false
	}
	ex.credential, ex.resolved = session.Credential{Virtual: rec, AssumedBy: plugin}, false
	return true
}

// AssumedBy returns the id of the plugin on whose word the request has a session
// that is not stored; "" if it has none.
func (ex *Exchange) AssumedBy() string { return ex.credential.AssumedBy }

// proved reports whether it is settled whom the request acts for: a service key
// says it, or a plugin has answered for it.
func (ex *Exchange) proved() bool { return ex.serviceKey != "" || ex.credential.Virtual != nil }

// ServiceKey returns the id of the service key that the request came with, or
// "".
func (ex *Exchange) ServiceKey() string { return ex.serviceKey }

// ServerCall reports whether the request acts for a user without being the
// user's client. Then no cookie is set or taken away, no session begins or is
// extended, and no session's token is shown.
func (ex *Exchange) ServerCall() bool { return ex.proved() || ex.credential.SessionID != "" }

// withoutToken are views for those who may know of sessions and not use them.
type withoutToken struct{ Views }

func (v withoutToken) Session(rec *store.Record) document.View {
	return v.Views.Session(rec).Without("token")
}
