package dispatch

import (
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
)

// Serve makes the request a server call: it carries the service key with that
// id, and acts in a session of a user if sessionID is not "". No cookie and no
// token of the request counts any more.
func (s *ClientSession) Serve(keyID, sessionID, userID string) {
	s.serviceKey = keyID
	s.credential, s.resolved = session.Credential{SessionID: sessionID, UserID: userID}, false
}

// UseSession makes the session with an id the request's, if it is the user's,
// and so the request a server call: whoever sent it has proved less than the
// session itself, and gets nothing that would be as good.
func (s *ClientSession) UseSession(id, userID string) {
	if s.proved() {
		return
	}
	s.credential, s.resolved = session.Credential{SessionID: id, UserID: userID}, false
}

// Assume makes a session that is not stored the request's, on the word of a
// plugin, and so the request a server call. It reports false, and does nothing, if
// the request has a service key or such a session already.
func (s *ClientSession) Assume(rec *store.Record, plugin string) bool {
	if s.proved() {
		return false
	}
	s.credential, s.resolved = session.Credential{Virtual: rec, AssumedBy: plugin}, false
	return true
}

// AssumedBy returns the id of the plugin on whose word the request has a session
// that is not stored; "" if it has none.
func (s *ClientSession) AssumedBy() string { return s.credential.AssumedBy }

// proved reports whether it is settled whom the request acts for: a service key
// says it, or a plugin has answered for it.
func (s *ClientSession) proved() bool { return s.serviceKey != "" || s.credential.Virtual != nil }

// ServiceKey returns the id of the service key that the request came with, or
// "".
func (s *ClientSession) ServiceKey() string { return s.serviceKey }

// ServerCall reports whether the request acts for a user without being the
// user's client. Then no cookie is set or taken away, no session begins or is
// extended, and no session's token is shown.
func (s *ClientSession) ServerCall() bool { return s.proved() || s.credential.SessionID != "" }

// withoutToken are views for those who may know of sessions and not use them.
type withoutToken struct{ Views }

func (v withoutToken) Session(rec *store.Record) document.View {
	return v.Views.Session(rec).Without("token")
}
