package dispatch

import (
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// readBound gives the data of the plugin's own sealed cookie, if it is bound to
// the session that the request proves. The parts of a split one are nobody's.
func (c *Call) readBound(b session.Bound, name string) document.Value {
	if _, own := c.Entry.Plugin.Cookie(name); !own {
		return document.Value{}
	}
	ex := c.Exchange
	cur, err := ex.Current(c.ctx)
	if err != nil {
		c.refusal = err
		return document.Value{}
	}
	if !cur.Valid() || session.Virtual(cur.Session) {
		return document.Value{}
	}
	data, ok := ex.Realm.Sessions.ReadBound(b, ex.credential.Cookie, cur.Session, ex.Now)
	if !ok {
		return document.Value{}
	}
	return document.Obj(data)
}

// writeBound gives the client data that is bound to the session which it has
// when it gets the answer, or takes such data away.
func (c *Call) writeBound(b session.Bound, v document.Value) pluginapi.Status {
	ex := c.Exchange
	if ex.ServerCall() {
		return pluginapi.StatusOK // there is no client to send it to
	}
	if v.IsNullish() {
		ex.takeBound(b)
		return pluginapi.StatusOK
	}
	if v.Kind() != document.ObjectKind {
		return pluginapi.StatusInvalid
	}
	sess, forget, err := c.answered()
	if err != nil {
		c.refusal = err
		return pluginapi.StatusInternal
	}
	if sess == nil {
		return pluginapi.StatusDenied
	}
	ex.unsetBound(b)
	lines, fits := ex.Realm.Sessions.BindLines(b, v.Object(), sess, forget, ex.credential.Cookie, ex.Now)
	ex.setCookies(lines)
	if !fits {
		return pluginapi.StatusLimit
	}
	return pluginapi.StatusOK
}

// answered returns the session that the client has when it gets the answer, nil
// for none, and whether its user is not to be remembered.
func (c *Call) answered() (sess *store.Record, forget bool, err error) {
	ex := c.Exchange
	switch {
	case ex.outcome.issued != nil:
		return ex.outcome.issued.session, ex.outcome.issued.forget, nil
	case ex.outcome.ended:
		return nil, false, nil
	}
	cur, err := ex.Current(c.ctx)
	if err != nil || !cur.Valid() {
		return nil, false, err
	}
	return cur.Session, cur.EndsWithBrowser(), nil
}

// renewBound lets the data that is bound to a session live as long as the new
// copy of the session. Data of the session that it replaces becomes its own; that
// of any other goes.
func (ex *Exchange) renewBound(sess *store.Record, forget bool) {
	m := ex.Realm.Sessions
	for _, b := range ex.set.bound {
		if ex.answersBound(b) {
			continue
		}
		data, ok := m.ReadBound(b, ex.credential.Cookie, sess, ex.Now)
		moved := false
		if !ok {
			data, moved = ex.boundBefore(b)
		}
		switch {
		case !ok && !moved:
			ex.setCookies(m.ExpireBound(b, ex.credential.Cookie))
		case m.Caches() || moved:
			lines, _ := m.BindLines(b, data, sess, forget, ex.credential.Cookie, ex.Now)
			ex.setCookies(lines)
		}
	}
}

// boundBefore gives the data that is bound to the session which the issued one
// took the place of.
func (ex *Exchange) boundBefore(b session.Bound) (*document.Object, bool) {
	i := ex.outcome.issued
	if i == nil || i.replaces == nil {
		return nil, false
	}
	return ex.Realm.Sessions.ReadBound(b, ex.credential.Cookie, i.replaces, ex.Now)
}

// dropBound takes everything away that is bound to the client's session.
func (ex *Exchange) dropBound() {
	for _, b := range ex.set.bound {
		ex.takeBound(b)
	}
}

func (ex *Exchange) takeBound(b session.Bound) {
	ex.unsetBound(b)
	ex.setCookies(ex.Realm.Sessions.ExpireBound(b, ex.credential.Cookie))
}

// unsetBound drops what the answer has of a sealed cookie so far.
func (ex *Exchange) unsetBound(b session.Bound) {
	ex.Response.DropCookies(func(name string) bool { return session.BaseName(name) == b.Name })
}

// answersBound reports whether the answer has a sealed cookie already.
func (ex *Exchange) answersBound(b session.Bound) bool {
	for _, c := range ex.Response.Cookies {
		if session.BaseName(c.Name) == b.Name {
			return true
		}
	}
	return false
}
