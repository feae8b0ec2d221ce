package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// getSession answers GET and POST /get-session. No plugin code runs unless a
// plugin hooks it.
func (a *API) getSession(ctx context.Context, ex *dispatch.Exchange) error {
	h := ex.Response.Header()
	h["Cache-Control"], h["Pragma"] = noStore, noCache
	m := a.Realm.Sessions
	post, deferred := ex.Request.Method == http.MethodPost, m.Policy().DeferRefresh
	if post && !deferred {
		return apierror.New(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
			"POST method requires deferSessionRefresh to be enabled in session config")
	}
	mayRefresh, copyDue := falsy(ex.Request.Query.Get("disableRefresh")), false
	if falsy(ex.Request.Query.Get("disableCookieCache")) {
		cached, ok := ex.Session.Copy(ctx)
		copyDue = ok && mayRefresh && m.CopyDue(cached, ex.Now)
		if ok && !copyDue {
			ex.Session.SetPhase(pluginapi.PhaseRead)
			ex.Response.Body = sessionBody(cached.Session.View(), cached.User.View())
			return nil
		}
	}
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return err
	}
	if !cur.Valid() {
		return a.noSession(ctx, ex, cur, !deferred || post)
	}
	if mayRefresh && !cur.DontRememberCookie {
		ex.Session.RenewCopy()
		if copyDue {
			ex.Session.Send(cur)
		}
	}
	due := mayRefresh && !ex.Session.ServerCall() && m.NeedsRefresh(cur, ex.Now)
	ex.Session.SetPhase(pluginapi.PhaseRead)
	if due && (!deferred || post) {
		if cur, err = refresh(ctx, ex); err != nil {
			return err
		}
		if !cur.Valid() {
			return a.noSession(ctx, ex, cur, false) // it ended while it was read
		}
		ex.Session.SetPhase(pluginapi.PhaseRefreshed)
	}
	body := sessionBody(ex.Views().Session(cur.Session), ex.Views().User(cur.User))
	if deferred && !post {
		body.Object().Set("needsRefresh", document.Boolean(due))
	}
	ex.Response.Body = body
	return nil
}

func sessionBody(session, user document.View) document.Value {
	return document.Obj(document.NewObject(3).Set("session", session.Value()).Set("user", user.Value()))
}

var (
	noStore = []string{"no-store"}
	noCache = []string{"no-cache"}
)

// noSession answers null, takes a dead session's cookies away, and clears the
// row of an expired one.
func (a *API) noSession(ctx context.Context, ex *dispatch.Exchange, cur session.Current, clear bool) error {
	ex.Session.SetPhase(pluginapi.PhaseEnded)
	ex.Response.Body = document.NullValue()
	if cur.State == session.None {
		return nil
	}
	ex.Session.Expire()
	if !cur.Expired || !clear || ex.Session.ServerCall() {
		return nil
	}
	return ex.Unit(ctx, func(ctx context.Context) error {
		return a.Realm.Sessions.Delete(ctx, ex.Work(), cur.Session)
	})
}

func (a *API) signOut(ctx context.Context, ex *dispatch.Exchange) error {
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return err
	}
	err = ex.Unit(ctx, func(ctx context.Context) error {
		if cur.Session == nil {
			return nil
		}
		return a.Realm.Sessions.Delete(ctx, ex.Work(), cur.Session)
	})
	if err != nil {
		return err
	}
	ex.Session.SignOut()
	ex.Response.Body = flag("success")
	return nil
}

func (a *API) listSessions(ctx context.Context, ex *dispatch.Exchange) error {
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return err
	}
	recs, err := a.Realm.Sessions.List(ctx, store.Begin(a.Realm.Store), cur.User.ID, ex.Now)
	if err != nil {
		return err
	}
	items := make([]document.Value, len(recs))
	for i, rec := range recs {
		items[i] = ex.Views().Session(rec).Value()
	}
	ex.Response.Body = document.List(items...)
	return nil
}

// revokeSession ends one session of the user's own. Whether a token of
// somebody else's exists is not told.
func (a *API) revokeSession(ctx context.Context, ex *dispatch.Exchange) error {
	return a.revoke(ctx, ex, func(ctx context.Context, cur session.Current) error {
		rec, err := a.Realm.Sessions.ByToken(ctx, ex.Tx(), ex.Request.Body.Get("token").Str())
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil || rec.Str("userId") != cur.User.ID {
			return err
		}
		return a.Realm.Sessions.Delete(ctx, ex.Work(), rec)
	})
}

func (a *API) revokeSessions(ctx context.Context, ex *dispatch.Exchange) error {
	return a.revoke(ctx, ex, func(ctx context.Context, cur session.Current) error {
		_, err := a.Realm.Sessions.DeleteUser(ctx, ex.Work(), cur.User.ID, "")
		return err
	})
}

func (a *API) revokeOtherSessions(ctx context.Context, ex *dispatch.Exchange) error {
	return a.revoke(ctx, ex, func(ctx context.Context, cur session.Current) error {
		_, err := a.Realm.Sessions.DeleteUser(ctx, ex.Work(), cur.User.ID, cur.Token)
		return err
	})
}

func (a *API) revoke(ctx context.Context, ex *dispatch.Exchange, work func(context.Context, session.Current) error) error {
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return err
	}
	if err := ex.Unit(ctx, func(ctx context.Context) error { return work(ctx, cur) }); err != nil {
		return err
	}
	if err := ex.Session.CheckCurrent(ctx); err != nil {
		return err
	}
	ex.Response.Body = flag("status")
	return nil
}

func flag(name string) document.Value {
	return document.Obj(document.NewObject(1).Set(name, document.Boolean(true)))
}
