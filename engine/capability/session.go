package capability

import (
	"context"
	"errors"
	"net/http"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

func (h *Host) sessionFunctions() map[string]function {
	return map[string]function{
		"create":     h.createSession,
		"list":       h.listSessions,
		"revoke":     h.revokeSession,
		"revokeUser": h.revokeUser,
		"end":        h.endSession,
		"reissue":    h.reissueSession,
		"use":        h.useToken,
		"find":       h.findSession,
		"adopt":      h.adoptSession,
		"update":     h.updateSession,
	}
}

func (h *Host) createSession(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	userID, err := text(args, "userId")
	if err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	if err := beginsSession(ex); err != nil {
		return document.Value{}, err
	}
	user, err := h.Identity.UserByID(ctx, ex.Tx(), userID)
	if err != nil {
		return document.Value{}, err
	}
	forget, err := forgets(ctx, ex, args.Get("rememberMe"))
	if err != nil {
		return document.Value{}, err
	}
	p := session.CreateParams{
		UserID: userID, IPAddress: ex.Request.IP, UserAgent: ex.Request.UserAgent,
		Forget: forget,
		Fields: args.Get("fields").Object(),
	}
	var rec *store.Record
	reason := args.Get("reason").Str()
	err = ex.Because(reason, p.Forget, func() (err error) {
		rec, err = ex.Realm.Sessions.Create(ctx, ex.Tx(), ex, p, ex.Now)
		return err
	})
	if errors.Is(err, dispatch.ErrPending) {
		ex.Hold(p.Forget)
		return object(document.NewObject(1).Set("pending", document.Boolean(true))), nil
	}
	if err != nil {
		return document.Value{}, err
	}
	ex.Issue(rec, user, p.Forget, reason)
	return sessionAndUser(ex, rec, user), nil
}

// forgets reports whether a session is to end with the browser: the argument
// says so, or leaves it to what the client carries of the session before.
func forgets(ctx context.Context, ex *dispatch.Exchange, remember document.Value) (bool, error) {
	if remember.Str() == "keep" {
		cur, err := ex.Current(ctx)
		return cur.DontRemember, err
	}
	return remember.Kind() == document.Bool && !remember.Bool(), nil
}

// beginsSession refuses to hand a session to who is no client of the user's.
func beginsSession(ex *dispatch.Exchange) error {
	if !ex.ServerCall() {
		return nil
	}
	return apierror.New(http.StatusForbidden, "SERVER_CALL", "A server call cannot begin a session")
}

func sessionAndUser(ex *dispatch.Exchange, rec, user *store.Record) document.Value {
	return object(document.NewObject(2).
		Set("session", object(ex.Views().Session(rec))).
		Set("user", object(ex.Views().User(user))))
}

// live returns the live session with the token that the arguments name.
func (h *Host) live(ctx context.Context, c *dispatch.Call, args *document.Object) (session.Current, error) {
	token, err := text(args, "token")
	if err != nil {
		return session.Current{}, err
	}
	ex := c.Exchange
	cur, err := ex.Realm.Sessions.Find(ctx, ex.Tx(), token, ex.Now)
	if err == nil && !cur.Valid() {
		err = store.ErrNotFound
	}
	return cur, err
}

// findSession gives a session and its user by the session's token.
func (h *Host) findSession(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	cur, err := h.live(ctx, c, args)
	if err != nil {
		return document.Value{}, err
	}
	return sessionAndUser(c.Exchange, cur.Session, cur.User), nil
}

// adoptSession hands a session that exists to the client, which has proved
// to the plugin that it may have it.
func (h *Host) adoptSession(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	cur, err := h.live(ctx, c, args)
	if err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	if err := beginsSession(ex); err != nil {
		return document.Value{}, err
	}
	ex.Issue(cur.Session, cur.User, ex.Realm.Sessions.Forgotten(cur.Session), args.Get("reason").Str())
	return sessionAndUser(ex, cur.Session, cur.User), nil
}

func (h *Host) listSessions(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	userID, err := text(args, "userId")
	if err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	recs, err := ex.Realm.Sessions.List(ctx, ex.Tx(), userID, ex.Now)
	if err != nil {
		return document.Value{}, err
	}
	items := make([]document.Value, len(recs))
	for i, rec := range recs {
		items[i] = object(ex.Views().Session(rec))
	}
	return object(document.NewObject(1).Set("sessions", document.List(items...))), nil
}

// revokeSession ends the session with a token, or with an id and its user. With
// userId, a session of another user is left alone and reported as not found.
func (h *Host) revokeSession(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	ex := c.Exchange
	var rec *store.Record
	var err error
	if id := args.Get("id").Str(); id != "" {
		var userID string
		if userID, err = text(args, "userId"); err != nil {
			return document.Value{}, err
		}
		rec, err = ex.Realm.Sessions.ByID(ctx, ex.Tx(), id, userID)
	} else {
		var token string
		if token, err = text(args, "token"); err != nil {
			return document.Value{}, err
		}
		rec, err = ex.Realm.Sessions.ByToken(ctx, ex.Tx(), token)
	}
	if err != nil {
		return document.Value{}, err
	}
	if owner := args.Get("userId").Str(); owner != "" && owner != rec.Str("userId") {
		return document.Value{}, store.ErrNotFound
	}
	return empty(), ex.Realm.Sessions.Delete(ctx, ex.Tx(), ex, rec)
}

func (h *Host) revokeUser(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	userID, err := text(args, "userId")
	if err != nil {
		return document.Value{}, err
	}
	ex, except := c.Exchange, args.Get("exceptToken").Str()
	if args.Get("exceptCurrent").Bool() {
		cur, err := ex.Current(ctx)
		if err != nil {
			return document.Value{}, err
		}
		except = cur.Token
	}
	n, err := ex.Realm.Sessions.DeleteUser(ctx, ex.Tx(), ex, userID, except)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("count", document.Int(int64(n)))), nil
}

func (h *Host) endSession(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	ex := c.Exchange
	cur, err := ex.Current(ctx)
	if err != nil {
		return document.Value{}, err
	}
	if cur.Session != nil {
		if err := ex.Realm.Sessions.Delete(ctx, ex.Tx(), ex, cur.Session); err != nil {
			return document.Value{}, err
		}
	}
	ex.End(args.Get("reason").Str())
	return empty(), nil
}

// updateSession changes additional fields of the current session: set has
// those that the plugin's manifest adds to sessions, input is a client's.
func (h *Host) updateSession(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	ex := c.Exchange
	cur, err := ex.Current(ctx)
	if err != nil {
		return document.Value{}, err
	}
	if !cur.Valid() {
		return document.Value{}, store.ErrNotFound
	}
	change, own := document.NewObject(4), c.Entry.Plugin.Manifest.Fields[session.Model]
	for name, v := range args.Get("set").Object().All() {
		if _, ok := own[name]; !ok {
			return document.Value{}, refuse(pluginapi.StatusDenied, "the manifest does not add "+name+" to sessions")
		}
		change.Set(name, v)
	}
	if err := identity.TakeInput(h.SessionFields, change, args.Get("input").Object()); err != nil {
		return document.Value{}, err
	}
	if change.Len() == 0 {
		return document.Value{}, noFields(nil)
	}
	rec, err := ex.Realm.Sessions.Update(ctx, ex.Tx(), ex, cur.Session, change, ex.Now)
	if err != nil {
		return document.Value{}, err
	}
	ex.ReplaceCurrent(rec, nil)
	ex.SetPhase(pluginapi.PhaseRefreshed)
	return object(document.NewObject(1).Set("session", object(ex.Views().Session(rec)))), nil
}

// reissueSession sends the current session's cookie again, as Better Auth
// does after a change of the user.
func (h *Host) reissueSession(ctx context.Context, c *dispatch.Call, _ *document.Object) (document.Value, error) {
	ex := c.Exchange
	cur, err := ex.Current(ctx)
	if err != nil {
		return document.Value{}, err
	}
	if !cur.Valid() {
		return document.Value{}, store.ErrNotFound
	}
	if ex.ServerCall() {
		return empty(), nil // there is no client to send it to
	}
	ex.SendSession(cur)
	return empty(), nil
}

func (h *Host) useToken(_ context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	if c.Entry.Handler.Event != pluginapi.EventRequestBefore {
		return document.Value{}, refuse(pluginapi.StatusDenied, "session.use is for "+pluginapi.EventRequestBefore+" hooks")
	}
	if id := args.Get("id").Str(); id != "" {
		userID, err := text(args, "userId")
		if err != nil {
			return document.Value{}, err
		}
		c.Exchange.UseSession(id, userID)
		return empty(), nil
	}
	token, err := text(args, "token")
	if err != nil {
		return document.Value{}, err
	}
	if signed := args.Get("requireSignature").Bool(); c.Exchange.Realm.Sessions.Acceptable(token, signed) {
		c.Exchange.UseToken(token, signed)
		return empty(), nil
	}
	return document.Value{}, invalid("the token's signature is wrong or missing")
}
