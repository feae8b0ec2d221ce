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

func (h *Functions) sessionCreate(ctx context.Context, c *dispatch.Call, a sessionCreateArgs) (document.Value, error) {
	ex := c.Exchange
	if err := beginsSession(ex); err != nil {
		return document.Value{}, err
	}
	user, err := h.Identity.UserByID(ctx, ex.Tx(), a.UserID)
	if err != nil {
		return document.Value{}, err
	}
	p, err := newSession(ctx, c, a)
	if err != nil {
		return document.Value{}, err
	}
	rec, err := begin(ctx, ex, p, a.Reason)
	if errors.Is(err, dispatch.ErrPending) {
		ex.Hold(p.DontRemember)
		return object(document.NewObject(1).Set("pending", document.Boolean(true))), nil
	}
	if err != nil {
		return document.Value{}, err
	}
	if p.Replaces != nil && a.RememberMe.IsNullish() {
		cur, err := ex.Session.Current(ctx)
		if err != nil {
			return document.Value{}, err
		}
		p.DontRemember = cur.DontRemember()
	}
	ex.Session.Issue(rec, user, p.DontRemember, a.Reason)
	if p.Replaces != nil {
		ex.Session.Replaced(p.Replaces)
	}
	if p.Actor != "" {
		if own, err := ex.Session.Current(ctx); err == nil { // newSession has looked it up
			ex.Session.Keep(own)
		}
	}
	return sessionAndUser(ex, rec, user), nil
}

// newSession says what the arguments ask for.
func newSession(ctx context.Context, c *dispatch.Call, a sessionCreateArgs) (p session.CreateParams, err error) {
	ex := c.Exchange
	p = session.CreateParams{UserID: a.UserID, IPAddress: ex.Request.IP, UserAgent: ex.Request.UserAgent, Life: life(a.ExpiresIn)}
	if p.Fields, err = ownFields(c, a.Fields); err != nil {
		return p, err
	}
	if p.DontRemember, err = forgets(ctx, ex, a.RememberMe); err != nil {
		return p, err
	}
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return p, err
	}
	switch {
	case a.Actor != "":
		return p, impersonates(c, cur, &a, &p)
	case a.Replace:
		return p, replaces(ex, cur, &a, &p)
	case cur.Valid() && cur.User.ID == a.UserID && session.Impersonator(cur.Session) != "":
		p.Within = cur.Session // who acts as the user goes on doing so
	}
	return p, nil
}

// replaces says in p that the session takes the place of the request's.
func replaces(ex *dispatch.Exchange, cur session.Current, a *sessionCreateArgs, p *session.CreateParams) error {
	switch {
	case !cur.Valid():
		return store.ErrNotFound
	case cur.User.ID != a.UserID:
		return invalid("argument userId must be the user of the session that is replaced")
	}
	p.Replaces = cur.Session
	if a.RememberMe.IsNullish() {
		p.DontRemember = session.DontRemember(cur.Session)
	}
	return nil
}

// begin creates a session, in the place of another one if it replaces one.
func begin(ctx context.Context, ex *dispatch.Exchange, p session.CreateParams, reason string) (rec *store.Record, err error) {
	if p.Replaces != nil {
		if err := ex.Realm.Sessions.Delete(ctx, ex.Work(), p.Replaces); err != nil {
			return nil, err
		}
	}
	err = ex.WithReason(reason, p.DontRemember, func() (err error) {
		rec, err = ex.Realm.Sessions.Create(ctx, ex.Work(), p)
		return err
	})
	return rec, err
}

// forgets reports whether a session is to end with the browser: the argument
// says so, or leaves it to what the client carries of the session before.
func forgets(ctx context.Context, ex *dispatch.Exchange, remember document.Value) (bool, error) {
	if remember.Str() == "keep" {
		cur, err := ex.Session.Current(ctx)
		return cur.DontRememberCookie, err
	}
	return remember.Kind() == document.Bool && !remember.Bool(), nil
}

// beginsSession refuses to hand a session to who is no client of the user's.
func beginsSession(ex *dispatch.Exchange) error {
	if !ex.Session.ServerCall() {
		return nil
	}
	return apierror.New(http.StatusForbidden, pluginapi.ServerCallCode, "A server call cannot begin a session")
}

func sessionAndUser(ex *dispatch.Exchange, rec, user *store.Record) document.Value {
	return object(document.NewObject(2).
		Set("session", ex.Views().Session(rec).Value()).
		Set("user", ex.Views().User(user).Value()))
}

// live returns the live session with a token.
func live(ctx context.Context, ex *dispatch.Exchange, token string) (session.Current, error) {
	cur, err := ex.Realm.Sessions.Find(ctx, ex.Tx(), token, ex.Now)
	if err == nil && !cur.Valid() {
		err = store.ErrNotFound
	}
	return cur, err
}

// sessionFind gives a session and its user by the session's token.
func (h *Functions) sessionFind(ctx context.Context, c *dispatch.Call, a sessionFindArgs) (document.Value, error) {
	cur, err := live(ctx, c.Exchange, a.Token)
	if err != nil {
		return document.Value{}, err
	}
	return sessionAndUser(c.Exchange, cur.Session, cur.User), nil
}

// sessionAdopt hands a session that exists to the client, which has proved
// to the plugin that it may have it.
func (h *Functions) sessionAdopt(ctx context.Context, c *dispatch.Call, a sessionAdoptArgs) (document.Value, error) {
	ex := c.Exchange
	cur, err := live(ctx, ex, a.Token)
	if err != nil {
		return document.Value{}, err
	}
	if err := beginsSession(ex); err != nil {
		return document.Value{}, err
	}
	ex.Session.Issue(cur.Session, cur.User, session.DontRemember(cur.Session), a.Reason)
	return sessionAndUser(ex, cur.Session, cur.User), nil
}

// sessionRevoke ends the session with a token, or with an id and its user. With
// userId, a session of another user is left alone and reported as not found.
func (h *Functions) sessionRevoke(ctx context.Context, c *dispatch.Call, a sessionRevokeArgs) (document.Value, error) {
	ex := c.Exchange
	rec, err := revoked(ctx, ex, a)
	if err == nil && a.UserID != "" && a.UserID != rec.Str("userId") {
		err = store.ErrNotFound
	}
	if err != nil {
		return document.Value{}, err
	}
	return empty(), ex.Realm.Sessions.Delete(ctx, ex.Work(), rec)
}

// revoked finds the session that is to end.
func revoked(ctx context.Context, ex *dispatch.Exchange, a sessionRevokeArgs) (*store.Record, error) {
	if a.ID == "" {
		return ex.Realm.Sessions.ByToken(ctx, ex.Tx(), a.Token)
	}
	if a.UserID == "" {
		return nil, withUser()
	}
	return ex.Realm.Sessions.ByID(ctx, ex.Tx(), a.ID, a.UserID)
}

// withUser refuses the id of a session without its user's.
func withUser() error { return invalid("the argument id needs the argument userId") }

func (h *Functions) sessionRevokeUser(ctx context.Context, c *dispatch.Call, a sessionRevokeUserArgs) (document.Value, error) {
	ex, except := c.Exchange, a.ExceptToken
	if a.ExceptCurrent {
		cur, err := ex.Session.Current(ctx)
		if err != nil {
			return document.Value{}, err
		}
		except = cur.Token
	}
	n, err := ex.Realm.Sessions.DeleteUser(ctx, ex.Work(), a.UserID, except)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("count", document.Int(int64(n)))), nil
}

func (h *Functions) sessionEnd(ctx context.Context, c *dispatch.Call, a sessionEndArgs) (document.Value, error) {
	ex := c.Exchange
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return document.Value{}, err
	}
	if cur.Session != nil {
		if err := ex.Realm.Sessions.Delete(ctx, ex.Work(), cur.Session); err != nil {
			return document.Value{}, err
		}
	}
	ex.Session.End(a.Reason)
	return empty(), nil
}

// ownFields returns values for fields of sessions that the plugin's manifest
// adds, and refuses any other.
func ownFields(c *dispatch.Call, values *document.Object) (*document.Object, error) {
	fields, own := document.NewObject(values.Len()), c.Entry.Plugin.Manifest.Fields[session.Model]
	for name, v := range values.All() {
		if _, ok := own[name]; !ok || !c.Entry.Plugin.Fields.Sets(session.Model, name) {
			return nil, refuse(pluginapi.StatusDenied, "the manifest does not add "+name+" to sessions")
		}
		fields.Set(name, v)
	}
	return fields, nil
}

// sessionUpdate changes additional fields of the current session: set has
// those that the plugin's manifest adds to sessions, input is a client's.
func (h *Functions) sessionUpdate(ctx context.Context, c *dispatch.Call, a sessionUpdateArgs) (document.Value, error) {
	ex := c.Exchange
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return document.Value{}, err
	}
	if !cur.Valid() {
		return document.Value{}, store.ErrNotFound
	}
	change, err := ownFields(c, a.Set)
	if err != nil {
		return document.Value{}, err
	}
	if err := identity.TakeInput(h.SessionFields, change, a.Input); err != nil {
		return document.Value{}, err
	}
	if change.Len() == 0 {
		return document.Value{}, noFields(nil)
	}
	rec, err := ex.Realm.Sessions.Update(ctx, ex.Work(), cur.Session, change)
	if err != nil {
		return document.Value{}, err
	}
	ex.Session.ReplaceCurrent(rec, nil)
	ex.Session.SetPhase(pluginapi.PhaseRefreshed)
	return object(document.NewObject(1).Set("session", ex.Views().Session(rec).Value())), nil
}

// sessionReissue sends the current session's cookie again, as Better Auth
// does after a change of the user.
func (h *Functions) sessionReissue(ctx context.Context, c *dispatch.Call, _ sessionReissueArgs) (document.Value, error) {
	ex := c.Exchange
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return document.Value{}, err
	}
	if !cur.Valid() {
		return document.Value{}, store.ErrNotFound
	}
	if ex.Session.ServerCall() {
		return empty(), nil // there is no client to send it to
	}
	ex.Session.Send(cur)
	return empty(), nil
}

// sessionAssume makes a session that is not stored the request's.
func (h *Functions) sessionAssume(ctx context.Context, c *dispatch.Call, a sessionAssumeArgs) (document.Value, error) {
	ex := c.Exchange
	switch {
	case c.Lacks(pluginapi.PermAuthentication, "session.assume"):
		return document.Value{}, refuse(pluginapi.StatusDenied, "session.assume takes the permission authentication")
	case c.Entry.Handler.Event != pluginapi.EventRequestBefore:
		return document.Value{}, refuse(pluginapi.StatusDenied, "session.assume is for "+pluginapi.EventRequestBefore+" hooks")
	}
	user, err := h.Identity.UserByID(ctx, ex.Tx(), a.UserID)
	if err != nil {
		return document.Value{}, err
	}
	p := session.CreateParams{UserID: a.UserID, IPAddress: ex.Request.IP, UserAgent: ex.Request.UserAgent, Life: life(a.ExpiresIn)}
	if p.Fields, err = ownFields(c, a.Fields); err != nil {
		return document.Value{}, err
	}
	if err := ex.Realm.Store.Catalog().CheckOp(store.Op{Kind: store.Update, Model: session.Model, ID: "new", Fields: p.Fields}); err != nil {
		return document.Value{}, err
	}
	rec := ex.Realm.Sessions.NewVirtual(a.ID, p, ex.Now)
	if !ex.Session.Assume(rec, c.Entry.Plugin.ID) {
		return document.Value{}, refuse(pluginapi.StatusDenied, "the request has a service key, or a virtual session already")
	}
	return sessionAndUser(ex, rec, user), nil
}

func (h *Functions) sessionUse(_ context.Context, c *dispatch.Call, a sessionUseArgs) (document.Value, error) {
	ex := c.Exchange
	switch {
	case c.Entry.Handler.Event != pluginapi.EventRequestBefore:
		return document.Value{}, refuse(pluginapi.StatusDenied, "session.use is for "+pluginapi.EventRequestBefore+" hooks")
	case a.ID != "" && a.UserID == "":
		return document.Value{}, withUser()
	case a.ID != "":
		ex.Session.UseSession(a.ID, a.UserID)
	case ex.Realm.Sessions.Acceptable(a.Token, a.RequireSignature):
		ex.Session.UseToken(a.Token, a.RequireSignature)
	default:
		return document.Value{}, invalid("the token's signature is wrong or missing")
	}
	return empty(), nil
}
