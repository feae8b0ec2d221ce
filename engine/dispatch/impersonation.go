package dispatch

import (
	"context"

	"github.com/authhost/authhost/engine/session"
)

// Impersonator returns the id of the user who acts in the request's session, if
// that is not the session's own; "" otherwise, and if the store does not answer.
func (ex *Exchange) Impersonator(ctx context.Context) string {
	cur, err := ex.Current(ctx)
	if err != nil || !cur.Valid() {
		return ""
	}
	return session.Impersonator(cur.Session)
}

// Keep has the client keep the session of the user who acts beside the one that
// was issued.
func (ex *Exchange) Keep(own session.Current) {
	ex.Response.SetCookie(ex.Realm.Sessions.KeepLine(own.Session, own.EndsWithBrowser()))
}

// Kept returns the session that the client keeps beside an impersonated one.
func (ex *Exchange) Kept(ctx context.Context, impersonated session.Current) (session.Current, error) {
	return ex.Realm.Sessions.Kept(ctx, ex.Tx(), ex.credential.Cookie, impersonated.Session, ex.Now)
}

// Return hands the client the session that it has kept. The impersonated one
// was not to be remembered; its own may be.
func (ex *Exchange) Return(own session.Current, reason string) {
	if !own.DontRemember {
		ex.setCookies(ex.Realm.Sessions.RememberLines(ex.credential.Cookie))
	}
	ex.Issue(own.Session, own.User, own.DontRemember, reason)
	ex.setCookies(ex.Realm.Sessions.ExpireKept(ex.credential.Cookie))
}
