package dispatch

import (
	"context"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// readSealed gives the data of the plugin's own sealed cookie, if it is bound to
// the session that the request proves. The parts of a split one are nobody's.
func (c *Call) readSealed(b session.SealedCookie, name string) document.Value {
	if _, own := c.Entry.Plugin.Cookie(name); !own {
		return document.Value{}
	}
	ex := c.Exchange
	cur, err := ex.Session.Current(c.ctx)
	if err != nil {
		c.refusal = err
		return document.Value{}
	}
	if !cur.Valid() || session.Virtual(cur.Session) {
		return document.Value{}
	}
	data, ok := ex.Realm.Sessions.ReadSealed(b, ex.Session.credential.Cookie, cur.Session, ex.Now)
	if !ok {
		return document.Value{}
	}
	return document.Obj(data)
}

// writeSealed gives the client data that is bound to the session which it has
// when it gets the answer, or takes such data away.
func (c *Call) writeSealed(b session.SealedCookie, v document.Value) pluginapi.Status {
	ex := c.Exchange
	if ex.Session.ServerCall() {
		return pluginapi.StatusOK // there is no client to send it to
	}
	if v.IsNullish() {
		ex.Session.takeSealed(b)
		return pluginapi.StatusOK
	}
	if v.Kind() != document.ObjectKind {
		return pluginapi.StatusInvalid
	}
	sess, dontRemember, err := ex.Session.left(c.ctx)
	if err != nil {
		c.refusal = err
		return pluginapi.StatusInternal
	}
	if sess == nil {
		return pluginapi.StatusDenied
	}
	ex.Session.unsetSealed(b)
	lines, fits := ex.Realm.Sessions.SealLines(b, v.Object(), sess, dontRemember, ex.Session.credential.Cookie, ex.Now)
	ex.Response.setCookies(lines)
	if !fits {
		return pluginapi.StatusLimit
	}
	return pluginapi.StatusOK
}

// left returns the session that the client has when it gets the answer, nil for
// none, and whether its user is not to be remembered.
func (s *ClientSession) left(ctx context.Context) (sess *store.Record, dontRemember bool, err error) {
	switch {
	case s.outcome.issued != nil:
		return s.outcome.issued.session, s.outcome.issued.dontRemember, nil
	case s.outcome.ended:
		return nil, false, nil
	}
	cur, err := s.Current(ctx)
	if err != nil || !cur.Valid() {
		return nil, false, err
	}
	return cur.Session, cur.DontRemember(), nil
}

// renewSealed lets the data that is bound to a session live as long as the new
// copy of the session. Data of the session that it replaces becomes its own; that
// of any other goes.
func (s *ClientSession) renewSealed(sess *store.Record, dontRemember bool) {
	m := s.realm.Sessions
	for _, b := range s.sealed {
		if s.answersSealed(b) {
			continue
		}
		data, ok := m.ReadSealed(b, s.credential.Cookie, sess, s.now)
		moved := false
		if !ok {
			data, moved = s.sealedBefore(b)
		}
		switch {
		case !ok && !moved:
			s.answer.setCookies(m.ExpireSealed(b, s.credential.Cookie))
		case m.Caches() || moved:
			lines, _ := m.SealLines(b, data, sess, dontRemember, s.credential.Cookie, s.now)
			s.answer.setCookies(lines)
		}
	}
}

// sealedBefore gives the data that is bound to the session which the issued one
// took the place of.
func (s *ClientSession) sealedBefore(b session.SealedCookie) (*document.Object, bool) {
	i := s.outcome.issued
	if i == nil || i.replaces == nil {
		return nil, false
	}
	return s.realm.Sessions.ReadSealed(b, s.credential.Cookie, i.replaces, s.now)
}

// dropSealed takes everything away that is bound to the client's session.
func (s *ClientSession) dropSealed() {
	for _, b := range s.sealed {
		s.takeSealed(b)
	}
}

func (s *ClientSession) takeSealed(b session.SealedCookie) {
	s.unsetSealed(b)
	s.answer.setCookies(s.realm.Sessions.ExpireSealed(b, s.credential.Cookie))
}

// unsetSealed drops what the answer has of a sealed cookie so far.
func (s *ClientSession) unsetSealed(b session.SealedCookie) {
	s.answer.DropCookies(func(name string) bool { return session.BaseName(name) == b.Name })
}

// answersSealed reports whether the answer has a sealed cookie already.
func (s *ClientSession) answersSealed(b session.SealedCookie) bool {
	for _, c := range s.answer.Cookies {
		if session.BaseName(c.Name) == b.Name {
			return true
		}
	}
	return false
}
