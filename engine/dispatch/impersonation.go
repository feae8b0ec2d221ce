package dispatch

import (
	"context"

	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
)

// Impersonator returns the id of the user who acts in the request's session, if
// that is not the session's own; "" otherwise, and if the store does not answer.
func (s *ClientSession) Impersonator(ctx context.Context) string {
	cur, err := s.Current(ctx)
	if err != nil || !cur.Valid() {
		return ""
	}
	return session.Impersonator(cur.Session)
}

// Keep has the client keep the session of the user who acts beside the one that
// was issued.
func (s *ClientSession) Keep(own session.Current) {
	s.answer.SetCookie(s.realm.Sessions.KeepLine(own.Session, own.DontRemember()))
}

// Kept returns the session that the client keeps beside an impersonated one.
func (s *ClientSession) Kept(ctx context.Context, from *store.Tx, impersonated session.Current) (session.Current, error) {
	return s.realm.Sessions.Kept(ctx, from, s.credential.Cookie, impersonated.Session, s.now)
}

// Return hands the client the session that it has kept. The impersonated one
// was not to be remembered; its own may be.
func (s *ClientSession) Return(own session.Current, reason string) {
	if !own.DontRememberCookie {
		s.answer.setCookies(s.realm.Sessions.ExpireDontRemember(s.credential.Cookie))
	}
	s.Issue(own.Session, own.User, own.DontRememberCookie, reason)
	s.answer.setCookies(s.realm.Sessions.ExpireKept(s.credential.Cookie))
}
