package capability

import (
	"context"
	"fmt"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// impersonates checks that the user of the request's session may act as another,
// and says so in p.
func impersonates(c *dispatch.Call, cur session.Current, a *sessionCreateArgs, p *session.CreateParams) error {
	switch {
	case c.Lacks(pluginapi.PermImpersonation, "session.create with actor"):
		return refuse(pluginapi.StatusDenied, "the argument actor takes the permission impersonation")
	case !cur.Valid() || cur.User.ID != a.Actor:
		return refuse(pluginapi.StatusDenied, "argument actor must be the user of the request's session")
	case session.Impersonator(cur.Session) != "":
		return refuse(pluginapi.StatusDenied, "the user of the request's session is impersonated")
	case a.Actor == a.UserID:
		return invalid("argument actor must be another user than argument userId")
	case a.Replace:
		return invalid("only one of the arguments actor, replace must be given")
	case a.ExpiresIn > pluginapi.MaxImpersonationSeconds:
		return invalid(fmt.Sprintf("argument expiresIn must be at most %d with the argument actor", pluginapi.MaxImpersonationSeconds))
	}
	p.Actor, p.DontRemember = a.Actor, true
	return nil
}

// sessionRestore ends an impersonated session, and hands the client the one that
// it has kept.
func (h *Functions) sessionRestore(ctx context.Context, c *dispatch.Call, a sessionRestoreArgs) (document.Value, error) {
	ex := c.Exchange
	if c.Lacks(pluginapi.PermImpersonation, "session.restore") {
		return document.Value{}, refuse(pluginapi.StatusDenied, "session.restore takes the permission impersonation")
	}
	if err := beginsSession(ex); err != nil {
		return document.Value{}, err
	}
	cur, err := ex.Session.Current(ctx)
	if err != nil {
		return document.Value{}, err
	}
	if !cur.Valid() || session.Impersonator(cur.Session) == "" {
		return document.Value{}, &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: pluginapi.NotImpersonatedCode, Message: "Nobody acts in the session for its user"}
	}
	own, err := ex.Session.Kept(ctx, ex.Tx(), cur)
	if err == nil && !own.Valid() {
		err = store.ErrNotFound
	}
	if err == nil {
		err = ex.Realm.Sessions.Delete(ctx, ex.Work(), cur.Session)
	}
	if err != nil {
		return document.Value{}, err
	}
	ex.Session.Return(own, a.Reason)
	return sessionAndUser(ex, own.Session, own.User), nil
}
