package dispatch

import (
	"context"
	"net/http"
	"slices"

	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// CachedSession returns the copy of its session that the client carries, where
// the tenant caches sessions in cookies. A copy that does not count is taken
// away. A request that proves its session in another way than by cookie has
// none.
func (ex *Exchange) CachedSession() (session.Copy, bool) {
	if ex.credential.Token != "" || ex.ServerCall() {
		return session.Copy{}, false
	}
	c, present, ok := ex.Realm.Sessions.ReadCache(ex.credential.Cookie, ex.Now)
	if present && !ok {
		ex.setCookies(ex.Realm.Sessions.ExpireCache(ex.credential.Cookie))
	}
	return c, ok
}

// RenewCopy asks for a new copy of the session that was just read from the
// store.
func (ex *Exchange) RenewCopy() { ex.renewCopy = true }

// CacheSession adds the copy of its session to an answer that hands the
// session to the client, or that is to renew the copy, and takes it away with
// the session; what plugins have bound to the session goes along. It is called
// when the endpoint is done, so that the copy is of what is stored then.
func (ex *Exchange) CacheSession(ctx context.Context) error {
	m := ex.Realm.Sessions
	if ex.ServerCall() {
		return nil
	}
	token, answered := ex.sessionCookie()
	switch {
	case answered && token == "":
		ex.dropCopy()
		return nil
	case ex.outcome.issued != nil:
		i := ex.outcome.issued
		ex.copySession(i.session, i.user, i.forget)
		return nil
	case !m.Caches() || !answered && !ex.renewCopy:
		return nil
	}
	cur, err := ex.Current(ctx)
	switch {
	case err != nil:
		return err
	case cur.Valid():
		return ex.copyCurrent(ctx, cur)
	case ex.phase == pluginapi.PhaseEnded: // the request has ended it itself
		ex.dropCopy()
	}
	return nil
}

// copyCurrent gives a copy of the request's own session. An endpoint that
// writes may have ended it, or changed its user, so the store is asked.
func (ex *Exchange) copyCurrent(ctx context.Context, cur session.Current) error {
	m, forget := ex.Realm.Sessions, cur.EndsWithBrowser()
	if ex.Request.Method != http.MethodGet {
		var err error
		if cur, err = m.Find(ctx, ex.Realm.Store, cur.Token, ex.Now); err != nil {
			return err
		}
	}
	if !cur.Valid() {
		ex.dropCopy()
		return nil
	}
	ex.copySession(cur.Session, cur.User, forget)
	return nil
}

func (ex *Exchange) copySession(sess, user *store.Record, forget bool) {
	if m := ex.Realm.Sessions; m.Caches() {
		c := session.Copy{Session: ex.views.Session(sess).Copy(), User: ex.views.User(user).Copy()}
		ex.setCookies(m.CacheLines(c, forget, ex.credential.Cookie, ex.Now))
	}
	ex.renewBound(sess, forget)
}

// dropCopy takes the copy away, and what is bound to the session.
func (ex *Exchange) dropCopy() {
	if m := ex.Realm.Sessions; m.Caches() {
		ex.setCookies(m.ExpireCache(ex.credential.Cookie))
	}
	ex.dropBound()
}

// sessionCookie returns the value of the session cookie in the answer, if it
// has one; "" takes the cookie away.
func (ex *Exchange) sessionCookie() (value string, ok bool) {
	for _, c := range ex.Response.Cookies {
		if c.Name == session.CookieToken {
			return c.Value, true
		}
	}
	return "", false
}

func (ex *Exchange) setCookies(cookies []session.Cookie) {
	for _, c := range cookies {
		ex.Response.SetCookie(c)
	}
}

// DropOtherForms takes cookies of the session away from a client that has them in
// two forms, for the host and for a domain, and sends the present form of a live
// session's: which of the two is live cannot be told from the request.
func (ex *Exchange) DropOtherForms(ctx context.Context) {
	others := ex.Realm.Sessions.OtherForms(ex.credential.Cookie)
	if len(others) == 0 {
		return
	}
	if _, set := ex.sessionCookie(); !set {
		cur, err := ex.Current(ctx)
		if err != nil || !cur.Valid() {
			return // another request finds out
		}
		ex.SendSession(cur)
	}
	ex.Response.Cookies = append(slices.Clip(ex.Response.Cookies), others...)
}
