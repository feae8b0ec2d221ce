package session

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/document"
)

// CopySigner signs copies of sessions with keys whose public halves others have.
// It must make and take tokens of CopyType alone.
type CopySigner interface {
	// Sign returns claims, JSON text, as a compact JWS (RFC 7515).
	Sign(ctx context.Context, claims []byte) (string, error)
	// Verify returns the claims of such a token that a key which is still
	// published signed. The caller checks what they say.
	Verify(ctx context.Context, token string) ([]byte, error)
}

// What marks a copy that a CopySigner signs, as Better Auth writes it.
const (
	CopyType     = "better-auth.session-cache+jwt" // the header "typ"
	copyAudience = "better-auth:session-cache"
)

// signCopy signs what a copy says, with the claims by which others know whose it
// is and that it is a copy.
func (m *Manager) signCopy(ctx context.Context, c Copy, data *document.Object) (string, error) {
	data.Set("sid", c.Session.Get("token")).Set("iss", document.Text(m.cache.Issuer)).
		Set("aud", document.Text(copyAudience)).Set("sub", c.User.Get("id"))
	return m.cache.Signer.Sign(ctx, document.Obj(data).JSON())
}

// verifyCopy reads such a copy.
func (m *Manager) verifyCopy(ctx context.Context, text string, now time.Time) (data *document.Object, ends time.Time, ok bool) {
	claims, err := m.cache.Signer.Verify(ctx, text)
	if err != nil {
		return nil, ends, false
	}
	v, err := document.Parse(claims, maxCopyDepth)
	data = v.Object()
	if err != nil || data == nil {
		return nil, ends, false
	}
	exp, ok := data.Get("exp").Int()
	ok = ok && exp > now.Unix() && data.Get("iss").Str() == m.cache.Issuer && data.Get("aud").Str() == copyAudience &&
		data.Get("sub").Str() == data.Get("user").Get("id").Str() && data.Get("sid").Str() == data.Get("session").Get("token").Str()
	return data, time.Unix(exp, 0), ok
}
