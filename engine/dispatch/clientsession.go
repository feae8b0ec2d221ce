package dispatch

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// ClientSession is the session that a request proves, and what becomes of it in
// the answer: whether the client is given one, keeps it or loses it, with the
// copy of it and the cookies that are sealed for it.
type ClientSession struct {
	realm  *Realm
	views  Views
	sealed []session.SealedCookie // of all plugins
	now    time.Time
	answer *Response

	credential session.Credential
	serviceKey string // id of the service key that the request came with
	resolved   bool
	current    session.Current
	outcome    outcome
	phase      string
	renewCopy  bool // the client is to get a new copy of its session
	copyBytes  int  // of the copy that the client gets; more than session.MaxCopyBytes: it was left out
}

// outcome is what a unit of work decided about the session besides its writes;
// it is dropped when the work is rolled back.
type outcome struct {
	issued *issued // the client got a session
	ended  bool    // the client's session ended
	reason string  // why, of either
	userID string  // of a sign-out: whose session it was; "" if there was none
}

type issued struct {
	session, user *store.Record
	dontRemember  bool
	replaces      *store.Record // the client's session before; nil unless this one took its place
}

// saved is what a unit of work changes of a session and is brought back when it
// is rolled back.
type saved struct {
	credential session.Credential
	outcome    outcome
}

func (s *ClientSession) save() saved { return saved{s.credential, s.outcome} }

func (s *ClientSession) restore(before saved) {
	s.credential, s.outcome = before.credential, before.outcome
	s.resolved = false // what is known of the session may be what was dropped
}

// useCookies makes a Cookie header the request's credential.
func (s *ClientSession) useCookies(header string) { s.credential.Cookie, s.resolved = header, false }

// UseToken replaces the session cookie by a token as this request's
// credential, for instance one from an Authorization header. A request with a
// service key keeps what that key says, and one with a session that is not stored
// keeps that.
func (s *ClientSession) UseToken(token string, requireSignature bool) {
	if s.proved() {
		return
	}
	s.credential.Token, s.credential.RequireSignature = token, requireSignature
	s.resolved = false
}

// Current returns the session that the request proves, looked up once.
func (s *ClientSession) Current(ctx context.Context) (session.Current, error) {
	if s.resolved {
		return s.current, nil
	}
	cur, err := s.realm.Sessions.Resolve(ctx, s.credential, s.now)
	if err != nil {
		return session.Current{}, err
	}
	s.current, s.resolved = cur, true
	return cur, nil
}

// ReplaceCurrent makes a stored change of the current session visible to the
// rest of the request.
func (s *ClientSession) ReplaceCurrent(sess, user *store.Record) {
	if sess != nil {
		s.current.Session = sess
	}
	if user != nil {
		s.current.User = user
	}
}

// Issue hands a session to the client: one that was just created, or one that
// it has proved to own otherwise. The reason is for response.session hooks.
func (s *ClientSession) Issue(sess, user *store.Record, dontRemember bool, reason string) {
	s.outcome.issued, s.outcome.ended, s.outcome.reason = &issued{session: sess, user: user, dontRemember: dontRemember}, false, reason
	s.answer.setCookies(s.realm.Sessions.SetLines(sess, dontRemember, s.now))
}

// Replaced says that the session which was issued took the place of the
// client's: what is bound to that is bound to the new one.
func (s *ClientSession) Replaced(old *store.Record) {
	if i := s.outcome.issued; i != nil {
		i.replaces = old
	}
}

// Send sends the cookies of the session that the client has again.
func (s *ClientSession) Send(cur session.Current) {
	s.answer.setCookies(s.realm.Sessions.SetLines(cur.Session, cur.DontRemember(), s.now))
}

// End takes the session away from the client. The reason is for
// response.session hooks.
func (s *ClientSession) End(reason string) {
	s.outcome.issued, s.outcome.ended, s.outcome.reason = nil, true, reason
	s.Expire()
}

// SignOut takes the session away from the client, which has asked for that.
// Hooks on response.session learn whose it was, if it was a live one.
func (s *ClientSession) SignOut() {
	s.End(signOut)
	if s.resolved && s.current.Valid() {
		s.outcome.userID = s.current.User.ID
	}
}

// signOut is the event.reason of a sign-out.
const signOut = "sign-out"

// Expire takes the cookies of the session away from the client, and
// those that are bound to it.
func (s *ClientSession) Expire() {
	s.answer.setCookies(s.realm.Sessions.ExpireLines())
	s.answer.setCookies(s.realm.Sessions.ExpireKept(s.credential.Cookie))
	s.dropSealed()
}

// SetPhase tells the session event that the answer carries, for engine
// endpoints; plugin endpoints get theirs from Issue and End.
func (s *ClientSession) SetPhase(phase string) { s.phase = phase }

// answerPhase is the session event that the answer carries, "" for none.
func (s *ClientSession) answerPhase() string {
	switch {
	case s.outcome.ended:
		return pluginapi.PhaseEnded
	case s.outcome.issued != nil:
		return pluginapi.PhaseIssued
	}
	return s.phase
}

// CheckCurrent looks whether the request's session has outlived what was done.
// If it has not, what hangs on it is told that it ended; its cookies stay with
// the client, which learns of it when it next looks.
func (s *ClientSession) CheckCurrent(ctx context.Context) error {
	s.resolved = false
	cur, err := s.Current(ctx)
	if err == nil && !cur.Valid() {
		s.phase = pluginapi.PhaseEnded
	}
	return err
}

// Answered returns the session that the answer is about and its user: the one
// just issued, else the current one; nil for none.
func (s *ClientSession) Answered(ctx context.Context) (sess, user *store.Record, err error) {
	switch {
	case s.outcome.issued != nil:
		return s.outcome.issued.session, s.outcome.issued.user, nil
	case s.outcome.ended:
		return nil, nil, nil
	}
	cur, err := s.Current(ctx)
	if err != nil || !cur.Valid() {
		return nil, nil, err
	}
	return cur.Session, cur.User, nil
}
