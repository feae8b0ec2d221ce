package session

import (
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Fields that clients do not see.
const (
	fieldNotAfter     = "notAfter"  // the time that expiresAt is never after, of a session with a lifetime of its own
	fieldDontRemember = "forgotten" // rememberMe was false
)

// fixedFields are set when a session begins, by the engine alone, and never
// change.
var fixedFields = [...]string{"id", "userId", "token", fieldNotAfter, fieldDontRemember, fieldImpersonatedBy, fieldVirtual}

// Bounded reports whether a session has a lifetime of its own, as every
// impersonated one does: it is never extended.
func Bounded(rec *store.Record) bool {
	return !rec.Fields.Get(fieldNotAfter).IsNullish() || Impersonator(rec) != ""
}

// end returns when a new session is to end, and whether that is an end of its
// own, which never moves.
func (m *Manager) end(p CreateParams, now time.Time) (end time.Time, own bool) {
	switch {
	case p.Actor != "":
		end, own = now.Add(impersonation(p.Life)), true
	case p.Life > 0:
		end, own = now.Add(p.Life), true
	case p.DontRemember:
		end = now.Add(DontRememberLife)
	default:
		end = now.Add(m.policy.ExpiresIn)
	}
	if p.within() == nil {
		return end, own
	}
	if latest, bounded := latest(p.within()); bounded && (!own || latest.Before(end)) {
		return latest, true
	}
	return end, own
}

// within returns the session whose bounds are those of the new one, too; nil for
// none.
func (p *CreateParams) within() *store.Record {
	if p.Replaces != nil {
		return p.Replaces
	}
	return p.Within
}

// latest returns the end of a session that never moves, if it has one.
func latest(rec *store.Record) (end time.Time, ok bool) {
	if !Bounded(rec) {
		return time.Time{}, false
	}
	if end, ok = rec.Time(fieldNotAfter); !ok { // it was imported
		end, ok = rec.Time("expiresAt")
	}
	return end, ok
}

// bind writes into the fields of a new session that its end is its own, and that
// rememberMe was false.
func bind(fields *document.Object, own, dontRemember bool) {
	if own {
		fields.Set(fieldNotAfter, fields.Get("expiresAt"))
	}
	if dontRemember {
		fields.Set(fieldDontRemember, document.Boolean(true))
	}
}

// carried returns the additional fields of the session that is replaced.
func (p *CreateParams) carried() *document.Object {
	if p.Replaces == nil {
		return nil
	}
	fields := p.Replaces.Fields.Clone()
	for _, names := range [...][]string{fixedFields[:], {"expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent"}} {
		for _, name := range names {
			fields.Delete(name)
		}
	}
	return fields
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
