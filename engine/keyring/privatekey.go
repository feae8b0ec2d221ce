package keyring

import (
	"crypto"
	"errors"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// PrivateKey is a key that an operator has configured, for one algorithm. It is
// none of a Ring's.
type PrivateKey struct {
	alg string
	raw crypto.Signer
}

// ParsePrivateKey reads a private key from a PEM block: PKCS #8 (RFC 5958), PKCS
// #1 (RFC 8017) or SEC 1 (RFC 5915), not encrypted. The algorithm is one of
// pluginapi.SigningAlgorithms. The error says in words for the key's owner what is
// wrong with it, and quotes nothing of it.
func ParsePrivateKey(alg, text string) (*PrivateKey, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN") {
		return nil, errors.New("the private key is not in PEM")
	}
	key, err := jwk.ParseKey([]byte(text), jwk.WithPEM(true))
	if err != nil {
		return nil, errors.New("the PEM block is no private key, or an encrypted or malformed one")
	}
	var raw any
	if err := key.Raw(&raw); err != nil {
		return nil, errors.New("the private key is malformed")
	}
	private, ok := raw.(crypto.Signer)
	if !ok {
		return nil, errors.New("the PEM block is no private key")
	}
	if _, err := newPublicKey(alg, private.Public(), nil); err != nil {
		return nil, err
	}
	return &PrivateKey{alg, private}, nil
}

// Sign signs a message as a JWS does (RFC 7515): a signature of ECDSA is r and s
// one after the other (RFC 7518 section 3.4).
func (k *PrivateKey) Sign(message []byte) ([]byte, error) {
	signer, err := jws.NewSigner(jwa.SignatureAlgorithm(k.alg))
	if err != nil {
		return nil, err
	}
	return signer.Sign(message, k.raw)
}
