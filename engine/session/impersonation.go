package session

import (
	"context"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// How long an impersonated session lives: by default, as in Better Auth, and at
// most. It is never extended.
const (
	DefaultImpersonation = time.Hour
	MaxImpersonation     = 24 * time.Hour
)

// CookieImpersonator is the cookie with which a client that acts as somebody
// else keeps the session of the user who acts. Better Auth's plugin admin has it
// under this name.
const CookieImpersonator = "admin_session"

// fieldImpersonatedBy has the id of the user who acts in a session, if that is
// not the session's own user. Better Auth's plugin admin has it under this name.
const fieldImpersonatedBy = "impersonatedBy"

// Impersonator returns the id of the user who acts in a session that is
// another's; "" if its own user does.
func Impersonator(rec *store.Record) string { return rec.Str(fieldImpersonatedBy) }

// actor returns the id of the user who acts in a new session, if that is not its
// own.
func (p *CreateParams) actor() string {
	if p.Actor == "" && p.within() != nil {
		return Impersonator(p.within())
	}
	return p.Actor
}

// impersonation is the lifetime of an impersonated session that asks for one, 0
// for the default.
func impersonation(life time.Duration) time.Duration {
	if life <= 0 {
		life = DefaultImpersonation
	}
	return min(life, MaxImpersonation)
}

// KeepLine returns the Set-Cookie value with which a client keeps the session of
// the user who acts, while it acts as another. dontRemember says that this user is not
// to be remembered.
func (m *Manager) KeepLine(own *store.Record, dontRemember bool) Cookie {
	value := own.Str("token") + ":"
	if dontRemember {
		value += "true"
	}
	return m.signed(CookieImpersonator, value, Attributes{Session: true})
}

// Kept returns the live session that a client keeps beside an impersonated one,
// if it is that of the user who acts in the latter. Without one the state is not
// Live.
func (m *Manager) Kept(ctx context.Context, from Reader, header string, rec *store.Record, now time.Time) (Current, error) {
	raw, ok := ReadCookie(header, m.cookies.Name(CookieImpersonator))
	if !ok {
		return Current{}, nil
	}
	value, ok := m.secrets.Verify(raw)
	token, dontRemember, cut := strings.Cut(value, ":")
	if !ok || !cut {
		return Current{}, nil
	}
	cur, err := m.Find(ctx, from, token, now)
	if err != nil || !cur.Valid() || cur.User.ID != Impersonator(rec) {
		return Current{}, err
	}
	cur.DontRememberCookie = dontRemember != ""
	return cur, nil
}

// ExpireKept returns the Set-Cookie values that take the session of the user who
// acts away from a client that has it according to its Cookie header.
func (m *Manager) ExpireKept(header string) []Cookie {
	if !m.has(header, CookieImpersonator) {
		return nil
	}
	return []Cookie{m.gone(CookieImpersonator, Attributes{})}
}

// impersonate writes who acts in a new session into its fields.
func impersonate(fields *document.Object, actor string) {
	if actor != "" {
		fields.Set(fieldImpersonatedBy, document.Text(actor))
	}
}
