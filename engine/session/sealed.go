package session

import (
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// SealedCookie is a cookie with data that only the server can read, and that counts
// only beside the session that it was given with: next to any other session,
// of the same user or another one, it is as if it were not there.
type SealedCookie struct {
	Name       string
	Salt       string     // keeps the key that it is encrypted with apart from others
	Attributes Attributes // MaxAge is how long it is good where sessions are not cached in cookies; where they are, it is good as long as their copies
}

// Claims of a bound cookie that are the engine's.
const (
	claimSession  = "sessionId"
	claimID       = "jti"
	claimIssuedAt = "iat"
	claimExpires  = "exp"
)

// SealLines returns the Set-Cookie values that give a client data beside its
// session, and take the parts of older data away that it has according to its
// Cookie header. ok is false when the data is too large: then the older goes.
func (m *Manager) SealLines(b SealedCookie, data *document.Object, sess *store.Record, dontRemember bool, header string, now time.Time) (set []Cookie, ok bool) {
	a := b.Attributes
	if m.Caches() {
		a.MaxAge = int(m.cache.MaxAge / time.Second)
	}
	claims := data.Clone()
	for _, name := range [...]string{claimSession, claimID, claimIssuedAt, claimExpires} {
		claims.Delete(name)
	}
	claims.Set(claimSession, document.Text(sess.ID)).
		Set(claimID, document.Text(secret.UUID())).
		Set(claimIssuedAt, document.Int(now.Unix())).
		Set(claimExpires, document.Int(now.Unix()+int64(a.MaxAge)))
	value, err := m.secrets.SealJWT(b.Salt, claims)
	if err != nil {
		return m.ExpireSealed(b, header), false
	}
	a.Session = dontRemember
	return m.splitLines(b.Name, value, a, header), true
}

// ReadSealed returns the data in a Cookie header if it is genuine, still good at
// that time and bound to the session.
func (m *Manager) ReadSealed(b SealedCookie, header string, sess *store.Record, now time.Time) (*document.Object, bool) {
	value, present := m.joined(b.Name, header)
	if !present {
		return nil, false
	}
	data, err := m.secrets.OpenJWT(b.Salt, value, now)
	if err != nil || sess.ID == "" || data.Get(claimSession).Str() != sess.ID {
		return nil, false
	}
	return data, true
}

// ExpireSealed returns the Set-Cookie values that take data away that a client
// has according to its Cookie header.
func (m *Manager) ExpireSealed(b SealedCookie, header string) []Cookie {
	out := m.expireParts(b.Name, b.Attributes, header, 0)
	if m.has(header, b.Name) {
		out = append(out, m.gone(b.Name, b.Attributes))
	}
	return out
}
