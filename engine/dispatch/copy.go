package dispatch

import (
	"context"
	"slices"

	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Copy returns the copy of its session that the client carries, where
// the tenant caches sessions in cookies. A copy that does not count is taken
// away. A request that proves its session in another way than by cookie has
// none.
func (s *ClientSession) Copy(ctx context.Context) (session.Copy, bool) {
	if s.credential.Token != "" || s.ServerCall() {
		return session.Copy{}, false
	}
	c, present, ok := s.realm.Sessions.ReadCache(ctx, s.credential.Cookie, s.now)
	if present && !ok {
		s.answer.setCookies(s.realm.Sessions.ExpireCache(s.credential.Cookie))
	}
	return c, ok
}

// RenewCopy asks for a new copy of the session that was just read from the
// store.
func (s *ClientSession) RenewCopy() { s.renewCopy = true }

// SendCopy adds the copy of the client's session to an answer that hands the
// session to the client, or that is to renew the copy, and takes it away with
// the session; what plugins have bound to the session goes along. It is called
// when the endpoint is done, so that the copy is of what is stored then. changed says that the request
// may have ended the session or changed its user: then the store is asked.
// The observer is told of a copy that takes more than one cookie, and of one that
// was left out because it is too large: the client's next requests have all of
// it, and proxies refuse long headers.
func (ex *Exchange) SendCopy(ctx context.Context, changed bool) error {
	err := ex.Session.sendCopy(ctx, changed)
	if size := ex.Session.copyBytes; size > session.MaxCookieBytes && ex.observer != nil {
		ex.observer.Large(ex, engineItself, "cookie "+session.CookieData, size, session.MaxCopyBytes)
	}
	return err
}

func (s *ClientSession) sendCopy(ctx context.Context, changed bool) error {
	m := s.realm.Sessions
	if s.ServerCall() {
		return nil
	}
	token, answered := s.answer.sessionCookie()
	switch {
	case answered && token == "":
		s.dropCopy()
		return nil
	case s.outcome.issued != nil:
		i := s.outcome.issued
		return s.copySession(ctx, i.session, i.user, i.dontRemember)
	case !m.Caches() || !answered && !s.renewCopy:
		return nil
	}
	cur, err := s.Current(ctx)
	switch {
	case err != nil:
		return err
	case cur.Valid():
		return s.copyCurrent(ctx, cur, changed)
	case s.phase == pluginapi.PhaseEnded: // the request has ended it itself
		s.dropCopy()
	}
	return nil
}

// copyCurrent gives a copy of the request's own session.
func (s *ClientSession) copyCurrent(ctx context.Context, cur session.Current, changed bool) error {
	m, dontRemember := s.realm.Sessions, cur.DontRemember()
	if changed {
		var err error
		if cur, err = m.Find(ctx, s.realm.Store, cur.Token, s.now); err != nil {
			return err
		}
	}
	if !cur.Valid() {
		s.dropCopy()
		return nil
	}
	return s.copySession(ctx, cur.Session, cur.User, dontRemember)
}

func (s *ClientSession) copySession(ctx context.Context, sess, user *store.Record, dontRemember bool) error {
	if m := s.realm.Sessions; m.Caches() {
		c := session.Copy{Session: s.views.Session(sess).Copy(), User: s.views.User(user).Copy()}
		lines, err := m.CacheLines(ctx, c, dontRemember, s.credential.Cookie, s.now)
		if err != nil {
			return err
		}
		if s.copyBytes = session.Size(lines); s.copyBytes == 0 {
			s.copyBytes = session.MaxCopyBytes + 1 // it was left out
		}
		s.answer.setCookies(lines)
	}
	s.renewSealed(sess, dontRemember)
	return nil
}

// dropCopy takes the copy away, and what is bound to the session.
func (s *ClientSession) dropCopy() {
	if m := s.realm.Sessions; m.Caches() {
		s.answer.setCookies(m.ExpireCache(s.credential.Cookie))
	}
	s.dropSealed()
}

// DropOtherForms takes cookies of the session away from a client that has them in
// two forms, for the host and for a domain, and sends the present form of a live
// session's: which of the two is live cannot be told from the request.
func (s *ClientSession) DropOtherForms(ctx context.Context) {
	others := s.realm.Sessions.OtherForms(s.credential.Cookie)
	if len(others) == 0 {
		return
	}
	if _, set := s.answer.sessionCookie(); !set {
		cur, err := s.Current(ctx)
		if err != nil || !cur.Valid() {
			return // another request finds out
		}
		s.Send(cur)
	}
	s.answer.Cookies = append(slices.Clip(s.answer.Cookies), others...)
}
