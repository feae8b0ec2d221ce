package session

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
)

// Encodings of the cookie cache.
const (
	EncodingCompact = "compact" // JSON with an HMAC
	EncodingJWT     = "jwt"     // signed, HS256
	EncodingJWE     = "jwe"     // encrypted, so that the browser cannot read it
)

// DefaultCacheVersion is the version of cached sessions that Better Auth
// writes if it is not told another.
const DefaultCacheVersion = "1"

// CacheConfig says whether and how clients carry a copy of their session in a
// cookie, so that get-session need not ask the store. A session that was
// revoked lives on in that copy until MaxAge is over: only reading it is
// served from the copy, nothing else.
type CacheConfig struct {
	MaxAge   time.Duration // how long a copy counts; 0 turns the cache off
	Encoding string        // default EncodingCompact
	Version  string        // copies of another version do not count; default DefaultCacheVersion
	// RenewAhead is how long before its end a copy is due to be replaced by a
	// new one; 0: only when it has ended.
	RenewAhead time.Duration
	// Signer signs copies of EncodingJWT in place of the tenant's secret, so that
	// others can check them with public keys; may be nil.
	Signer CopySigner
	Issuer string // whom copies of the Signer are from
}

// cacheSalt keeps the key of cached sessions apart from that of other JWEs.
const cacheSalt = "better-auth-session"

// forgottenCache is how long the compact copy of a session counts whose user
// is not to be remembered.
const forgottenCache = time.Minute

// Caches reports whether clients carry copies.
func (m *Manager) Caches() bool { return m.cache.MaxAge > 0 }

// Copy is a session and its user as a client sees them.
type Copy struct {
	Session, User *document.Object
	Ends          time.Time // of one that was read
}

// CacheLines returns the Set-Cookie values that give a client a copy of its
// session, and take older ones away that it has according to its Cookie
// header. What has more than MaxCopyBytes is not cached.
// The error is that of the Signer.
func (m *Manager) CacheLines(ctx context.Context, c Copy, dontRemember bool, header string, now time.Time) ([]Cookie, error) {
	life := m.cache.MaxAge
	if dontRemember && m.cache.Encoding == EncodingCompact {
		life = forgottenCache
	}
	value, ok, err := m.encodeCopy(ctx, c, life, now)
	if err != nil || !ok {
		return m.ExpireCache(header), err
	}
	return m.splitLines(CookieData, value, Attributes{MaxAge: int(m.cache.MaxAge / time.Second), Session: dontRemember}, header), nil
}

// ExpireCache returns the Set-Cookie values that take a copy away from a
// client.
func (m *Manager) ExpireCache(header string) []Cookie {
	return append([]Cookie{m.gone(CookieData, Attributes{})}, m.expireParts(CookieData, Attributes{}, header, 0)...)
}

// ReadCache returns the copy in a Cookie header if it is genuine, of the right
// version, still good at that time and of the session that the header proves.
// present tells that there was one beside such a proof, good or not.
func (m *Manager) ReadCache(ctx context.Context, header string, now time.Time) (c Copy, present, ok bool) {
	if !m.Caches() {
		return Copy{}, false, false
	}
	value, present := m.joined(CookieData, header)
	if !present {
		return Copy{}, false, false
	}
	tokens := m.tokens(Credential{Cookie: header})
	if len(tokens) == 0 {
		return Copy{}, false, false // a copy alone is worth nothing
	}
	data, ends, ok := m.decodeCopy(ctx, value, now)
	if !ok || textOr(data.Get("version"), DefaultCacheVersion) != m.cache.Version {
		return Copy{}, true, false
	}
	c = Copy{Session: data.Get("session").Object(), User: data.Get("user").Object(), Ends: ends}
	expires, timed := c.Session.Get("expiresAt").Time()
	if c.Session == nil || c.User == nil || !timed || !expires.After(now) ||
		!slices.Contains(tokens, c.Session.Get("token").Str()) {
		return Copy{}, true, false
	}
	return c, true, true
}

// CopyDue reports whether a copy that was read is to be replaced by a new one.
func (m *Manager) CopyDue(c Copy, now time.Time) bool { return c.Ends.Sub(now) < m.cache.RenewAhead }

// encodeCopy returns the text of a copy; ok is false when it is too large.
func (m *Manager) encodeCopy(ctx context.Context, c Copy, life time.Duration, now time.Time) (text string, ok bool, err error) {
	data := document.NewObject(7).
		Set("session", document.Obj(c.Session)).
		Set("user", document.Obj(c.User)).
		Set("updatedAt", document.Int(now.UnixMilli())).
		Set("version", document.Text(m.cache.Version))
	if m.cache.Encoding == EncodingCompact {
		expires := document.Int(now.Add(life).UnixMilli())
		signature := m.secrets.PlainMAC(string(document.Obj(data.Clone().Set("expiresAt", expires)).JSON()))
		text = base64.RawURLEncoding.EncodeToString(document.Obj(document.NewObject(3).
			Set("session", document.Obj(data)).Set("expiresAt", expires).Set("signature", document.Text(signature))).JSON())
		return text, len(text) <= MaxCopyBytes, nil
	}
	data.Set("iat", document.Int(now.Unix())).Set("exp", document.Int(now.Add(life).Unix()))
	switch {
	case m.cache.Encoding == EncodingJWE:
		data.Set("jti", document.Text(secret.UUID()))
		text, err = m.secrets.SealJWT(cacheSalt, data)
	case m.cache.Signer != nil:
		text, err = m.signCopy(ctx, c, data)
		return text, len(text) <= MaxCopyBytes, err
	default:
		text, err = m.secrets.SignJWT(secret.PurposeSessionData, data)
	}
	return text, err == nil, nil
}

// maxCopyDepth bounds the nesting of a copy: records hold JSON values.
const maxCopyDepth = 32

// decodeCopy returns what a copy says that has not ended, and when it ends.
func (m *Manager) decodeCopy(ctx context.Context, text string, now time.Time) (data *document.Object, ends time.Time, ok bool) {
	var claims *document.Object
	var err error
	switch {
	case m.cache.Encoding == EncodingJWE:
		claims, err = m.secrets.OpenJWT(cacheSalt, text, now)
	case m.cache.Encoding == EncodingJWT && m.cache.Signer != nil:
		return m.verifyCopy(ctx, text, now)
	case m.cache.Encoding == EncodingJWT:
		claims, err = m.secrets.VerifyJWT(secret.PurposeSessionData, text, now)
	default:
		return m.decodeCompact(text, now)
	}
	exp, _ := claims.Get("exp").Int()
	return claims, time.Unix(exp, 0), err == nil
}

func (m *Manager) decodeCompact(text string, now time.Time) (data *document.Object, ends time.Time, ok bool) {
	if len(text) > secret.MaxTokenBytes {
		return nil, ends, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, ends, false
	}
	v, err := document.Parse(raw, maxCopyDepth)
	data = v.Get("session").Object()
	if err != nil || data == nil {
		return nil, ends, false
	}
	signed := document.Obj(data.Clone().Set("expiresAt", v.Get("expiresAt"))).JSON()
	if subtle.ConstantTimeCompare([]byte(m.secrets.PlainMAC(string(signed))), []byte(v.Get("signature").Str())) != 1 {
		return nil, ends, false
	}
	expires, ok := v.Get("expiresAt").Int()
	return data, time.UnixMilli(expires), ok && expires >= now.UnixMilli()
}

func textOr(v document.Value, fallback string) string {
	if s := v.Str(); s != "" {
		return s
	}
	return fallback
}
