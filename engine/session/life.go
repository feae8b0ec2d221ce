package session

import (
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Fields of sessions with a lifetime of their own. Clients do not see them.
const (
	fieldNotAfter  = "notAfter"  // the time that expiresAt is never after
	fieldForgotten = "forgotten" // rememberMe was false
)

// fixedFields are set when a session begins, by the engine alone, and never
// change.
var fixedFields = [...]string{"id", "userId", "token", fieldNotAfter, fieldForgotten}

// Bounded reports whether a session has a lifetime of its own: it is never
// extended.
func Bounded(rec *store.Record) bool { return !rec.Fields.Get(fieldNotAfter).IsNullish() }

// life returns how long a new session is to live.
func (m *Manager) life(p CreateParams) time.Duration {
	switch {
	case p.Life > 0:
		return p.Life
	case p.Forget:
		return ForgottenLife
	}
	return m.policy.ExpiresIn
}

// bind writes what bounds a new session into its fields.
func (p *CreateParams) bind(fields *document.Object) {
	if p.Life <= 0 {
		return
	}
	fields.Set(fieldNotAfter, fields.Get("expiresAt"))
	if p.Forget {
		fields.Set(fieldForgotten, document.Boolean(true))
	}
}

// fixed are the values of fixedFields in a new session; absent for none.
type fixed [len(fixedFields)]document.Value

func fixedOf(fields *document.Object) (f fixed) {
	for i, name := range fixedFields {
		f[i] = fields.Get(name)
	}
	return f
}

// restore takes back what hooks have made of the values, and of an end after
// the latest.
func (f *fixed) restore(fields *document.Object) {
	for i, name := range fixedFields {
		if f[i].IsAbsent() {
			fields.Delete(name)
		} else {
			fields.Set(name, f[i])
		}
	}
	capEnd(fields, fields)
}

// capEnd moves an end in set that is after the latest of a session to that.
func capEnd(set, of *document.Object) {
	latest, bounded := of.Get(fieldNotAfter).Time()
	end, ok := set.Get("expiresAt").Time()
	if bounded && set.Has("expiresAt") && (!ok || end.After(latest)) {
		set.Set("expiresAt", document.Time(latest))
	}
}

// cookieLife returns the Max-Age of a session's cookie: the lifetime of
// sessions, or what is left of the session's own, in whole seconds.
func (m *Manager) cookieLife(rec *store.Record, now time.Time) int {
	life := m.policy.ExpiresIn
	if end, ok := rec.Time(fieldNotAfter); ok {
		life = max(end.Sub(now), time.Second) + time.Second - 1
	}
	return int(life / time.Second)
}
