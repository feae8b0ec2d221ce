package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // of schemes
	_ "crypto/sha512"
	"errors"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secpECDSA "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// ErrSignature is returned for a signature that is not one of the key over the
// message.
var ErrSignature = errors.New("keyring: the signature is not valid")

// kind is how a signature is made.
type kind uint8

const (
	kindPKCS1 kind = iota + 1 // RSASSA-PKCS1-v1_5
	kindPSS                   // RSASSA-PSS, the salt as long as the hash
	kindECDSA
	kindEd25519
	kindSecp256k1 // ECDSA over secp256k1
)

// scheme is a signature algorithm.
type scheme struct {
	kind  kind
	hash  crypto.Hash    // of the message; none for Ed25519, which hashes by itself
	curve elliptic.Curve // of kindECDSA
}

// schemes are the algorithms of RFC 7518 section 3.1, RFC 8037 section 3.1 and
// RFC 8812 section 3.2, by name.
var schemes = map[string]scheme{
	"RS256": {kind: kindPKCS1, hash: crypto.SHA256}, "RS384": {kind: kindPKCS1, hash: crypto.SHA384}, "RS512": {kind: kindPKCS1, hash: crypto.SHA512},
	"PS256": {kind: kindPSS, hash: crypto.SHA256}, "PS384": {kind: kindPSS, hash: crypto.SHA384}, "PS512": {kind: kindPSS, hash: crypto.SHA512},
	"ES256":  {kindECDSA, crypto.SHA256, elliptic.P256()},
	"ES384":  {kindECDSA, crypto.SHA384, elliptic.P384()},
	"ES512":  {kindECDSA, crypto.SHA512, elliptic.P521()},
	"EdDSA":  {kind: kindEd25519},
	"ES256K": {kind: kindSecp256k1, hash: crypto.SHA256},
}

// Verify checks a signature over a message. One of ECDSA is r and s one after
// the other (RFC 7518 section 3.4) or, with der, an ASN.1 structure (RFC 3279
// section 2.2.3). A signature that is not good gives ErrSignature.
func (k *PublicKey) Verify(message, signature []byte, der bool) error {
	digest := message
	if k.scheme.hash != 0 {
		h := k.scheme.hash.New()
		h.Write(message)
		digest = h.Sum(nil)
	}
	if !k.verify(digest, signature, der) {
		return ErrSignature
	}
	return nil
}

func (k *PublicKey) verify(digest, signature []byte, der bool) bool {
	switch key := k.raw.(type) {
	case *rsa.PublicKey:
		if k.scheme.kind == kindPSS {
			return rsa.VerifyPSS(key, k.scheme.hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(key, k.scheme.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		if der {
			return ecdsa.VerifyASN1(key, digest, signature)
		}
		r, s, ok := halves(signature, (key.Curve.Params().BitSize+7)/8)
		return ok && ecdsa.Verify(key, digest, new(big.Int).SetBytes(r), new(big.Int).SetBytes(s))
	case ed25519.PublicKey:
		return ed25519.Verify(key, digest, signature)
	case *secp256k1.PublicKey:
		parsed, ok := secp256k1Signature(signature, der)
		return ok && parsed.Verify(digest, key)
	}
	return false
}

// halves divides a signature into r and s of a size in bytes.
func halves(signature []byte, size int) (r, s []byte, ok bool) {
	if len(signature) != 2*size {
		return nil, nil, false
	}
	return signature[:size], signature[size:], true
}

func secp256k1Signature(signature []byte, der bool) (*secpECDSA.Signature, bool) {
	if der {
		parsed, err := secpECDSA.ParseDERSignature(signature)
		return parsed, err == nil
	}
	first, second, ok := halves(signature, secp256k1.PrivKeyBytesLen)
	if !ok {
		return nil, false
	}
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(first) || s.SetByteSlice(second) { // not below the order of the group
		return nil, false
	}
	return secpECDSA.NewSignature(&r, &s), true
}

// Sizes of what RecoverKey takes, in bytes.
const (
	recoverDigest    = 32
	recoverSignature = 65
)

// RecoverKey returns the secp256k1 key whose signature over a digest of 32 bytes
// this is (SEC 1 section 4.1.6), as a point without compression (SEC 1 section
// 2.3.3). The signature is r, s and which of the two possible keys it is, as
// Ethereum writes it: 0 or 1, or 27 or 28. If there is none, the error is
// ErrSignature.
func RecoverKey(digest, signature []byte) ([]byte, error) {
	if len(digest) != recoverDigest || len(signature) != recoverSignature {
		return nil, ErrSignature
	}
	const last, offset = recoverSignature - 1, 27
	which := signature[last]
	if which >= offset {
		which -= offset
	}
	if which > 1 {
		return nil, ErrSignature
	}
	compact := append([]byte{offset + which}, signature[:last]...) // as the library has it
	key, _, err := secpECDSA.RecoverCompact(compact, digest)
	if err != nil {
		return nil, ErrSignature
	}
	return key.SerializeUncompressed(), nil
}
