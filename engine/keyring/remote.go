package keyring

import (
	"errors"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// ErrRemoteKey is returned by VerifyWith for a token that names a key which
// is not in the set: the set may be out of date.
var ErrRemoteKey = errors.New("keyring: the token names a key that is not in the set")

// maxRemoteRSABits bounds the work that another's key can make.
const maxRemoteRSABits = 8192

// RemoteAlgorithms lists the algorithms with which others may sign: public
// keys only, so that no shared secret and no "none" can be talked into one.
func RemoteAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// VerifyWith returns the claims, as JSON text, of a token that a key of
// somebody else's key set (RFC 7517) signed. The algorithm is the token's, if
// it is one of RemoteAlgorithms and the key is of its kind; a key with a "use"
// or "alg" of its own is good for that alone. A token without kid is tried
// with the one key of its kind, if there is only one. Critical header
// parameters and keys within the token are refused. The caller checks the
// claims, their times included. Faults of the token give ErrInvalidToken or
// ErrRemoteKey.
func VerifyWith(jwks []byte, token string) (claims []byte, err error) {
	parts, ok := split(token)
	if !ok {
		return nil, ErrInvalidToken
	}
	header, err := document.Parse(parts[0], maxHeaderDepth+2)
	if err != nil || header.Kind() != document.ObjectKind {
		return nil, ErrInvalidToken
	}
	for _, refused := range []string{"crit", "b64", "jwk", "zip", "enc"} {
		if header.Object().Has(refused) {
			return nil, ErrInvalidToken
		}
	}
	alg := header.Get("alg").Str()
	if !slices.Contains(RemoteAlgorithms(), alg) {
		return nil, ErrInvalidToken
	}
	key, err := remoteKey(jwks, header.Get("kid").Str(), alg)
	if err != nil {
		return nil, err
	}
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(alg))
	if err != nil {
		return nil, ErrInvalidToken
	}
	signed := token[:strings.LastIndexByte(token, '.')]
	if err := verifier.Verify([]byte(signed), parts[2], key); err != nil {
		return nil, ErrInvalidToken
	}
	return parts[1], nil
}

// remoteKey finds the key that a token names.
func remoteKey(jwks []byte, kid, alg string) (any, error) {
	set, err := jwk.Parse(jwks, jwk.WithIgnoreParseError(true))
	if err != nil {
		return nil, ErrRemoteKey
	}
	var fitting []any
	for i := range set.Len() {
		key, ok := set.Key(i)
		if !ok || kid != "" && key.KeyID() != kid || key.KeyUsage() != "" && key.KeyUsage() != "sig" {
			continue
		}
		if own := key.Algorithm().String(); own != "" && own != alg {
			continue
		}
		if raw := publicKey(key, alg); raw != nil {
			fitting = append(fitting, raw)
		}
	}
	if len(fitting) != 1 {
		return nil, ErrRemoteKey
	}
	return fitting[0], nil
}

// publicKey returns the public key for an algorithm, nil if the key is not
// of its kind or of no fit strength.
func publicKey(key jwk.Key, alg string) any {
	var raw any
	if key.Raw(&raw) != nil || schemes[alg].fits(raw) != nil {
		return nil
	}
	return raw
}
