package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
)

// PurposeEmailVerification is the purpose whose tokens are keyed with the
// bytes of the secret itself, because Better Auth's are.
const PurposeEmailVerification = "email-verification"

// PurposeSessionData is the purpose of tokens that a session is cached in.
// They are keyed with the secret's own bytes, too, as Better Auth's.
const PurposeSessionData = "session-data"

// PluginPurpose is the purpose under which the host signs and seals for a plugin
// that asks for one by name. Those that are standards of the protocol are
// shared; every other belongs to the plugin alone.
func PluginPurpose(plugin, name string) string {
	if name == PurposeEmailVerification {
		return name
	}
	return "plugin:" + plugin + ":" + name
}

// accountCookie is a cookie that Better Auth seals too, and its salt for that.
const (
	accountCookie = "account_data"
	accountSalt   = "better-auth-account"
)

// CookieSalt is the salt under which the host seals a cookie of a plugin. The
// cookie that Better Auth has too is sealed as there; every other has a salt
// that is the plugin's alone.
func CookieSalt(plugin, name string) string {
	if name == accountCookie {
		return accountSalt
	}
	return purposePrefix + "cookie/" + plugin + "/" + name
}

// Bounds on tokens that VerifyJWT reads, checked before anything is decoded.
const (
	MaxTokenBytes = 16 << 10
	maxTokenDepth = 16
)

// jwtHeader is base64url of {"alg":"HS256"}. It is the only header that is
// made or accepted, so there is no algorithm to confuse and no header
// parameter (RFC 7515 section 4) to obey.
const jwtHeader = "eyJhbGciOiJIUzI1NiJ9"

// Errors of VerifyJWT.
var (
	ErrTokenExpired = errors.New("secret: token expired")
	ErrTokenInvalid = errors.New("secret: token invalid")
)

// SignJWT returns a JWT (RFC 7519) signed with HS256 and a key derived from
// the current secret for the purpose. The claims are written as they are; the
// caller sets iat and exp.
func (s *Secrets) SignJWT(purpose string, claims *document.Object) (string, error) {
	signed := jwtHeader + "." + base64.RawURLEncoding.EncodeToString(document.Obj(claims).JSON())
	token := signed + "." + base64.RawURLEncoding.EncodeToString(mac(s.jwtKey(purpose), signed))
	if len(token) > MaxTokenBytes {
		return "", errors.New("secret: claims too large for a token")
	}
	return token, nil
}

// VerifyJWT returns the claims of a token that SignJWT made for the same
// purpose. A token must have exp, in seconds, and ends when now reaches it;
// nbf is obeyed if there. Only the current secret counts. The error is
// ErrTokenExpired for a genuine token after its time, else ErrTokenInvalid.
func (s *Secrets) VerifyJWT(purpose, token string, now time.Time) (*document.Object, error) {
	if len(token) > MaxTokenBytes {
		return nil, ErrTokenInvalid
	}
	end := strings.LastIndexByte(token, '.')
	payload, ok := strings.CutPrefix(token[:max(end, 0)], jwtHeader+".")
	if !ok || strings.IndexByte(payload, '.') >= 0 {
		return nil, ErrTokenInvalid
	}
	signature, err := decodeStrict(token[end+1:])
	if err != nil || !hmac.Equal(signature, mac(s.jwtKey(purpose), token[:end])) {
		return nil, ErrTokenInvalid
	}
	text, err := decodeStrict(payload)
	if err != nil {
		return nil, ErrTokenInvalid
	}
	return liveClaims(text, now)
}

// liveClaims reads the claims of a token that proved genuine, and refuses it
// outside its time.
func liveClaims(text []byte, now time.Time) (*document.Object, error) {
	v, err := document.Parse(text, maxTokenDepth)
	if err != nil || v.Kind() != document.ObjectKind {
		return nil, ErrTokenInvalid
	}
	if err := checkTimes(v.Object(), now); err != nil {
		return nil, err
	}
	return v.Object(), nil
}

func checkTimes(claims *document.Object, now time.Time) error {
	seconds := float64(now.Unix())
	exp, ok := claims.Get("exp").Float()
	if !ok {
		return ErrTokenInvalid
	}
	if claims.Has("nbf") {
		if nbf, ok := claims.Get("nbf").Float(); !ok || nbf > seconds {
			return ErrTokenInvalid
		}
	}
	if exp <= seconds {
		return ErrTokenExpired
	}
	return nil
}

func (s *Secrets) jwtKey(purpose string) []byte {
	if purpose == PurposeEmailVerification || purpose == PurposeSessionData {
		return s.current()
	}
	return s.Derive("jwt/"+purpose, sha256.Size)
}

// decodeStrict decodes base64url without padding, line breaks or stray
// trailing bits, so that one token has one spelling.
func decodeStrict(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, ErrTokenInvalid // encoding/base64 would skip them
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}
