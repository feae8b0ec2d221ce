package keyring

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// PublicKey is somebody else's key, for one algorithm.
type PublicKey struct {
	scheme scheme
	raw    any // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey or *secp256k1.PublicKey
}

// ParseJWK reads a public key from a JWK (RFC 7517), for an algorithm of RFC
// 7518, RFC 8037 or RFC 8812. A key with a "use" or "alg" of its own is good for
// that alone. The error says in words for the key's owner what is wrong with it,
// and quotes nothing of it.
func ParseJWK(alg string, text []byte) (*PublicKey, error) {
	var own struct{ Kty, Crv, Alg, Use, D, K string }
	if err := json.Unmarshal(text, &own); err != nil {
		return nil, errMalformedJWK
	}
	switch {
	case own.D != "" || own.K != "":
		return nil, errors.New("the key is private")
	case own.Use != "" && own.Use != "sig":
		return nil, errors.New("the key is not for signatures")
	case own.Alg != "" && own.Alg != alg:
		return nil, fmt.Errorf("the key is for %s alone", own.Alg)
	case own.Kty == "EC" && own.Crv == curveSecp256k1:
		raw, err := parseSecp256k1(text)
		return newPublicKey(alg, raw, err)
	}
	key, err := jwk.ParseKey(text)
	if err != nil {
		return nil, errMalformedJWK
	}
	var raw any
	if key.Raw(&raw) != nil {
		return nil, errMalformedJWK
	}
	return newPublicKey(alg, raw, nil)
}

var (
	errMalformedJWK  = errors.New("the key is not a JWK")
	errMalformedSPKI = errors.New("the key is not a SubjectPublicKeyInfo, as PEM or in base64url")
	errPoint         = errors.New("the key is not a point of its curve")
)

// curveSecp256k1 is the name of the curve in a JWK (RFC 8812 section 3.1).
const curveSecp256k1 = "secp256k1"

// parseSecp256k1 reads a key that the JOSE library does not know.
func parseSecp256k1(text []byte) (*secp256k1.PublicKey, error) {
	var point struct{ X, Y string }
	if err := json.Unmarshal(text, &point); err != nil {
		return nil, errMalformedJWK
	}
	sec1 := []byte{4} // a point without compression (SEC 1 section 2.3.3)
	for _, coordinate := range []string{point.X, point.Y} {
		b, err := base64.RawURLEncoding.DecodeString(coordinate)
		if err != nil || len(b) != 32 {
			return nil, errMalformedJWK
		}
		sec1 = append(sec1, b...)
	}
	key, err := secp256k1.ParsePubKey(sec1)
	if err != nil {
		return nil, errPoint
	}
	return key, nil
}

// ParseSPKI reads a public key from a SubjectPublicKeyInfo (RFC 5280 section
// 4.1.2.7), as PEM or in base64url. It is ParseJWK otherwise.
func ParseSPKI(alg, text string) (*PublicKey, error) {
	der, err := base64.RawURLEncoding.DecodeString(text)
	if strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN") {
		block, _ := pem.Decode([]byte(text))
		switch {
		case block == nil:
			return nil, errMalformedSPKI
		case strings.Contains(block.Type, "PRIVATE"):
			return nil, errors.New("the key is private")
		case block.Type != "PUBLIC KEY":
			return nil, fmt.Errorf("the PEM block is a %s, not a PUBLIC KEY", block.Type)
		}
		der, err = block.Bytes, nil
	}
	if err != nil {
		return nil, errMalformedSPKI
	}
	if raw, ok, err := secp256k1Info(der); ok {
		return newPublicKey(alg, raw, err)
	}
	raw, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errMalformedSPKI
	}
	return newPublicKey(alg, raw, nil)
}

var (
	oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1} // RFC 5480 section 2.1.1
	oidSecp256k1   = asn1.ObjectIdentifier{1, 3, 132, 0, 10}       // SEC 2 appendix A.2.1
)

// secp256k1Info reads a SubjectPublicKeyInfo of the curve that crypto/x509 does
// not know; ok is false for one of another.
func secp256k1Info(der []byte) (key *secp256k1.PublicKey, ok bool, err error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	var curve asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 || !info.Algorithm.Algorithm.Equal(oidECPublicKey) {
		return nil, false, nil
	}
	rest, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve)
	if err != nil || len(rest) > 0 || !curve.Equal(oidSecp256k1) {
		return nil, false, nil
	}
	if key, err = secp256k1.ParsePubKey(info.PublicKey.RightAlign()); err != nil {
		return nil, true, errPoint
	}
	return key, true, nil
}

// newPublicKey checks that a key is of an algorithm's kind and fit for it.
func newPublicKey(alg string, raw any, err error) (*PublicKey, error) {
	if err != nil {
		return nil, err
	}
	s, ok := schemes[alg]
	if !ok {
		return nil, ErrAlgorithm
	}
	if err := s.fits(raw); err != nil {
		return nil, err
	}
	return &PublicKey{s, raw}, nil
}

// fits reports what keeps a key from being one of the scheme.
func (s scheme) fits(raw any) error {
	fit := false
	switch k := raw.(type) {
	case *rsa.PublicKey:
		if s.kind == kindPKCS1 || s.kind == kindPSS {
			return checkRSA(k)
		}
	case *ecdsa.PublicKey:
		if fit = s.kind == kindECDSA && k.Curve == s.curve; fit {
			if _, err := k.ECDH(); err != nil {
				return errPoint
			}
		}
	case ed25519.PublicKey:
		fit = s.kind == kindEd25519 && len(k) == ed25519.PublicKeySize
	case *secp256k1.PublicKey:
		fit = s.kind == kindSecp256k1
	}
	if !fit {
		return errors.New("the key is not one for the algorithm")
	}
	return nil
}

// checkRSA reports what makes an RSA key unfit for any algorithm.
func checkRSA(k *rsa.PublicKey) error {
	switch bits := k.N.BitLen(); {
	case bits < rsaBits:
		return fmt.Errorf("the RSA key has %d bits; it must have %d or more", bits, rsaBits)
	case bits > maxRemoteRSABits:
		return fmt.Errorf("the RSA key has %d bits; it must not have more than %d", bits, maxRemoteRSABits)
	case k.E < 3 || k.E%2 == 0 || k.N.Bit(0) == 0:
		return errors.New("the RSA key is malformed")
	}
	return nil
}
